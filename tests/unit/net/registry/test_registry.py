"""Reading from a registry that is sound, and from one that is not."""

import pytest

from imagetools.image.json_text import LARGEST
from imagetools.image.remote_reference import RemoteReference
from imagetools.net.registry.access import RegistryLogin
from imagetools.net.registry.failures import BadContentError, RegistryError, TransientRegistryError
from imagetools.net.registry.registry import Registry as Client
from tests.servers.fault_proxy import FaultProxy, cut, flipped, reset_after, slam, status, without_range
from tests.servers.images import DOCKER, add_image, add_manifest, digest_of, layer_tar, make_image
from tests.servers.registry import Registry
from tests.unit.net.registry.reaching import Patience, message, registry_at

IMAGE = make_image([layer_tar({"a": b"1"})])
BLOB = bytes(range(256)) * 4096
BLOB_DIGEST = digest_of(BLOB)
PATH = "/blobs/"


def reference(address: str, rest: str = "team/app:latest") -> RemoteReference:
    return RemoteReference.parse(f"{address}/{rest}")


def fetched(registry: Client, digest: str = BLOB_DIGEST, size: int = len(BLOB)) -> bytes:
    pieces: list[bytes] = []
    registry.blob("team/app", digest, pieces.append, size=size)
    return b"".join(pieces)


@pytest.fixture
def filled(small: Registry) -> Registry:
    add_image(small, "team/app", IMAGE)
    small.blobs["team/app"][BLOB_DIGEST] = BLOB
    return small


@pytest.mark.parametrize("rest", ["team/app", f"team/app@{IMAGE.digest}", f"team/app:other@{IMAGE.digest}"])
def test_a_manifest(filled: Registry, rest: str) -> None:
    registry = registry_at(filled.host)
    found = registry.manifest(reference(filled.host, rest))
    assert (found.data, found.media_type, found.digest) == (IMAGE.manifest, DOCKER[0], IMAGE.digest)
    assert registry.has_manifest(reference(filled.host, rest)) == IMAGE.digest


def test_blobs(filled: Registry) -> None:
    registry = registry_at(filled.host)
    pieces: list[bytes] = []
    assert registry.blob("team/app", BLOB_DIGEST, pieces.append) == len(BLOB)
    assert b"".join(pieces) == BLOB
    assert fetched(registry) == BLOB
    assert registry.has_blob("team/app", BLOB_DIGEST) == len(BLOB)


def test_an_empty_blob(filled: Registry) -> None:
    filled.blobs["team/app"][digest_of(b"")] = b""
    assert fetched(registry_at(filled.host), digest_of(b""), 0) == b""


def test_what_is_not_there(filled: Registry) -> None:
    registry = registry_at(filled.host)
    assert registry.has_manifest(reference(filled.host, "team/app:2")) is None
    assert registry.has_blob("team/app", digest_of(b"?")) is None
    assert message(lambda: registry.manifest(reference(filled.host, "team/app:2")), RegistryError, filled.host) == (
        "cannot fetch the manifest of 'HOST/team/app:2': HTTP 404 Not Found (manifest unknown)\n"
        "hint: look at the name, the tag and the digest"
    )


def test_a_part_of_a_blob_that_came_before_does_not_come_again(filled: Registry, proxy: FaultProxy) -> None:
    pieces: list[bytes] = []
    registry_at(proxy.address).blob("team/app", BLOB_DIGEST, pieces.append, size=len(BLOB), have=[BLOB[:1000], BLOB[1000:5000]])
    assert b"".join(pieces) == BLOB[5000:]
    assert proxy.requests(path=PATH)[0].headers["range"] == "bytes=5000-"
    registry_at(proxy.address).blob("team/app", BLOB_DIGEST, pieces.append, size=len(BLOB), have=[BLOB])
    assert len(proxy.requests(path=PATH)) == 1


@pytest.mark.parametrize("fault", [cut(300_000), reset_after(300_000), cut(0), slam])
def test_a_blob_goes_on_where_it_broke(filled: Registry, proxy: FaultProxy, fault: object) -> None:
    proxy.add(fault, path=PATH, times=2)  # type: ignore[arg-type]
    patience = Patience()
    assert fetched(registry_at(proxy.address, patience)) == BLOB
    assert len(proxy.requests(path=PATH)) == 3
    assert len(patience.waits) == 2


def test_a_registry_that_begins_anew_is_followed(filled: Registry, proxy: FaultProxy) -> None:
    proxy.add(cut(300_000), path=PATH)
    proxy.add(without_range, path=PATH)
    assert fetched(registry_at(proxy.address)) == BLOB


def test_progress_counts_as_hope(filled: Registry, proxy: FaultProxy) -> None:
    proxy.add(cut(100_000), path=PATH, times=8)
    assert fetched(registry_at(proxy.address)) == BLOB


def test_a_blob_that_never_comes(filled: Registry, proxy: FaultProxy) -> None:
    proxy.add(cut(0), path=PATH, times=-1)
    told = message(lambda: fetched(registry_at(proxy.address)), TransientRegistryError, proxy.address)
    assert told.startswith(f"cannot fetch the blob {BLOB_DIGEST} of 'HOST/team/app': ")
    assert told.endswith("\nhint: gave up after 3 attempts without progress; try again: what is whole is not sent twice")


def test_other_bytes_are_refused(filled: Registry, proxy: FaultProxy) -> None:
    proxy.add(flipped(70_000), path=PATH)
    with pytest.raises(BadContentError, match=rf"cannot fetch the blob {BLOB_DIGEST} of .*: what came has the digest sha256:"):
        fetched(registry_at(proxy.address))
    proxy.add(flipped(3), path="/manifests/")
    with pytest.raises(BadContentError, match=r"cannot fetch the manifest of .*: what came has the digest sha256:"):
        registry_at(proxy.address).manifest(reference(proxy.address, f"team/app@{IMAGE.digest}"))


def test_sizes_that_lie(filled: Registry) -> None:
    registry = registry_at(filled.host)
    for size, reason in (
        (len(BLOB) - 1, "more than the 1048575 bytes came that it should have"),
        (len(BLOB) + 1, "1048576 bytes came instead of 1048577"),
    ):
        with pytest.raises(RegistryError, match=reason):
            fetched(registry, size=size)


def test_what_does_not_fit_into_memory(filled: Registry) -> None:
    big = bytes(LARGEST + 1)
    add_manifest(filled, "team/app", big, DOCKER[0], "big")
    registry = registry_at(filled.host)
    with pytest.raises(RegistryError, match="more than 8 MiB"):
        registry.manifest(reference(filled.host, "team/app:big"))


TOO_MANY = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit \\u001b[31m reached"}]}'


@pytest.mark.parametrize("path", ["/v2/$", "/manifests/"])
def test_a_busy_registry_is_waited_for(filled: Registry, proxy: FaultProxy, path: str) -> None:
    proxy.add(status(429, TOO_MANY, Retry_After="7"), path=path)
    proxy.add(status(503), path=path)
    patience = Patience()
    assert registry_at(proxy.address, patience).manifest(reference(proxy.address)).digest == IMAGE.digest
    assert patience.waits == [7.0, 0.5]
    assert patience.lines[0].replace(proxy.address, "HOST") == (
        "warning: cannot fetch the manifest of 'HOST/team/app:latest': "
        "HTTP 429 Too Many Requests (pull rate limit \N{REPLACEMENT CHARACTER}[31m reached); trying again in 7 s"
    )


GIVEN_UP = "gave up after 3 attempts without progress; "
LOGIN = "`docker login HOST` keeps a name and a password for it; ~/.docker/config.json and netrc files are read"
BUSY = "the registry is busy or broken: try again later"
ANSWERS = [
    (
        status(429, TOO_MANY),
        "HTTP 429 Too Many Requests (pull rate limit \N{REPLACEMENT CHARACTER}[31m reached)",
        GIVEN_UP + "it is asked too often: try again later, or log in, which may allow more",
    ),
    (status(500, b"<html>oops</html>"), "HTTP 500 Internal Server Error", GIVEN_UP + BUSY),
    (status(400, b'{"errors":[{"code":"X"},7,{"message":"y"}]}'), "HTTP 400 Bad Request (X; y)", "None"),
    (status(403, b'{"errors":"?"}'), "HTTP 403 Forbidden", LOGIN),
    (status(401, b"[" * 100_000), "HTTP 401 Unauthorized", LOGIN),
    (status(404, b'{"details":"it is gone"}'), "HTTP 404 Not Found (it is gone)", "look at the name, the tag and the digest"),
    (status(302, Location="ftp://example.org/x"), "the registry redirects to a 'ftp:' URL, which is refused", BUSY),
    (status(302, Location="/v2/team/app/manifests/latest"), "more than 20 redirects", BUSY),
    (slam, "Connection reset by peer", GIVEN_UP + "try again: what is whole is not sent twice"),
]


@pytest.mark.parametrize(("answer", "said", "hint"), ANSWERS)
def test_what_a_registry_may_say_instead(filled: Registry, proxy: FaultProxy, answer: object, said: str, hint: str) -> None:
    proxy.add(answer, path="/manifests/", times=-1)  # type: ignore[arg-type]
    told = message(lambda: registry_at(proxy.address).manifest(reference(proxy.address)), RegistryError, proxy.address)
    assert told == f"cannot fetch the manifest of 'HOST/team/app:latest': {said}\nhint: {hint}"


def test_what_is_no_registry(filled: Registry, proxy: FaultProxy) -> None:
    proxy.add(status(404, b"<html>"), path="/v2/$")
    told = message(lambda: registry_at(proxy.address).manifest(reference(proxy.address)), RegistryError, proxy.address)
    assert told == (
        "cannot fetch the manifest of 'HOST/team/app:latest': HTTP 404 Not Found\n"
        "hint: there is no registry (its /v2/ does not exist): look at the host and its port"
    )


def test_blobs_elsewhere_never_see_the_login(filled: Registry, proxy: FaultProxy) -> None:
    """Registries send to storage of others, which gets no Authorization."""

    proxy.add(status(401, WWW_Authenticate='Basic realm="x"'), path="/v2/$")
    proxy.add(
        status(307, Location=f"http://{proxy.address.replace('127.0.0.1', 'localhost')}/v2/team/app/blobs/{BLOB_DIGEST}"),
        path=PATH,
    )
    registry = registry_at(proxy.address, find_login=lambda *place: RegistryLogin("ann", "pass-word"))
    assert fetched(registry) == BLOB
    first, second = proxy.requests(path=PATH)
    assert "authorization" in first.headers
    assert "authorization" not in second.headers
