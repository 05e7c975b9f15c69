"""Blobs on their way into a registry: what is sent, what is not, and what happens when it breaks."""

import hashlib
from collections.abc import Callable, Iterator

import httpx
import pytest

from imagetools.image.descriptor import Descriptor
from imagetools.image.remote_reference import RemoteReference
from imagetools.image_io.ports import Repository
from imagetools.net.registry.access import RegistryLogin
from imagetools.net.registry.exchange import Ask
from imagetools.net.registry.failures import RegistryError
from imagetools.net.registry.repository import RemoteRepository
from imagetools.net.registry.upload import BlobUpload
from tests.servers.registry import Handler, Registry, Session, breaks_after, running, silent, slam, status
from tests.servers.registry_client import registries

DATA = bytes(range(256)) * 4096
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()
BLOB = Descriptor("application/octet-stream", DIGEST, len(DATA))
UPLOADS = r"/uploads/"


@pytest.fixture
def server() -> Iterator[Registry]:
    with running() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def repository(server: Registry, waits: list[float]) -> Repository:
    return opened(server, waits)


def opened(server: Registry, waits: list[float], login: RegistryLogin | None = None, name: str = "a/b") -> Repository:
    return registries(waits.append, login)(RemoteReference(server.host, name, "latest"))


def pieces(start: int) -> Iterator[bytes]:
    for at in range(start, len(DATA), 100_000):
        yield DATA[at : at + 100_000]


def push(repository: Repository, sent: Callable[[int], object] = lambda count: None) -> None:
    repository.upload(BLOB, pieces, sent)


def has_it(server: Registry, repository: str = "a/b") -> bool:
    return server.blobs.get(repository, {}) == {DIGEST: DATA} and not server.sessions


@pytest.mark.parametrize("absolute", [False, True])
def test_in_one_piece(server: Registry, repository: Repository, absolute: bool) -> None:
    server.absolute = absolute
    sent: list[int] = []
    push(repository, sent.append)
    assert has_it(server)
    (patch,) = server.requests("PATCH")
    assert patch.headers["content-length"] == str(len(DATA)) and "content-range" not in patch.headers
    assert sent[0] == 0 and sent[-1] == len(DATA)
    assert repository.has_blob(DIGEST)


def test_an_empty_blob(server: Registry, repository: Repository) -> None:
    digest = "sha256:" + hashlib.sha256(b"").hexdigest()
    repository.upload(Descriptor("x", digest, 0), lambda start: iter(()), lambda count: None)
    assert server.blobs["a/b"] == {digest: b""}


def test_what_broke_goes_on_where_it_broke(server: Registry, repository: Repository, waits: list[float]) -> None:
    server.fault("PATCH", UPLOADS, breaks_after(300_000))
    server.fault("PATCH", UPLOADS, breaks_after(200_000))
    sent: list[int] = []
    push(repository, sent.append)
    assert has_it(server)
    patches = server.requests("PATCH")
    assert [patch.headers.get("content-range") for patch in patches] == [
        None,
        f"300000-{len(DATA) - 1}",
        f"500000-{len(DATA) - 1}",
    ]
    assert sum(patch.size for patch in patches) == len(DATA)
    assert sent[-1] == len(DATA) and 300_000 in sent and 500_000 in sent
    assert len(waits) == 2


def test_progress_pays_the_account_back(server: Registry, repository: Repository) -> None:
    server.fault("PATCH", UPLOADS, breaks_after(100_000), times=8)
    push(repository)
    assert has_it(server)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", UPLOADS), ("PATCH", UPLOADS), ("PUT", UPLOADS), ("HEAD", "/blobs/"), ("GET", "/v2/$")]
)
@pytest.mark.parametrize("act", [slam, status(500), status(503), status(429, Retry_After="1")], ids=["slam", "500", "503", "429"])
def test_what_may_pass_is_tried_again(
    server: Registry, repository: Repository, waits: list[float], method: str, path: str, act: Callable[[Handler], bool]
) -> None:
    server.fault(method, path, act, times=2)
    assert not repository.has_blob(DIGEST)
    push(repository)
    assert has_it(server)
    assert len(waits) == 2
    assert all(0.01 <= wait <= 1 for wait in waits)


def test_retry_after_is_obeyed(server: Registry, repository: Repository, waits: list[float]) -> None:
    server.fault("POST", UPLOADS, status(429, Retry_After="7"))
    push(repository)
    assert waits == [7.0]


def test_an_end_of_which_nothing_was_heard(server: Registry, repository: Repository) -> None:
    server.fault("PUT", UPLOADS, silent)
    push(repository)
    assert has_it(server)
    assert len(server.requests("PATCH")) == 1


def test_a_session_that_is_forgotten_is_begun_anew(server: Registry, repository: Repository) -> None:
    def forget(handler: Handler) -> bool:
        handler.server.sessions.clear()
        return False

    server.fault("PATCH", UPLOADS, forget)
    push(repository)
    assert has_it(server)
    assert len(server.requests("POST")) == 2


def test_a_session_that_is_lost_after_a_break(server: Registry, repository: Repository) -> None:
    def forget(handler: Handler) -> bool:
        handler.server.sessions.clear()
        return slam(handler)

    server.fault("PATCH", UPLOADS, forget)
    push(repository)
    assert has_it(server)


def test_a_registry_that_loses_its_thread(server: Registry, repository: Repository) -> None:
    def garble(handler: Handler) -> bool:
        for session in handler.server.sessions.values():
            session.data[0] ^= 1
        return False

    server.fault("PATCH", UPLOADS, breaks_after(100_000))
    server.fault("PUT", UPLOADS, garble)
    push(repository)
    assert has_it(server)


def test_a_registry_that_takes_small_pieces_only(
    server: Registry, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagetools.net.registry.upload._CHUNKS", (600_000, 250_000))

    def small(handler: Handler) -> bool:
        return handler.unread > 300_000 and handler.refuse(413, "SIZE_INVALID")

    server.fault("PATCH", UPLOADS, small, times=100)
    push(repository)
    assert has_it(server)
    sizes = [int(patch.headers["content-length"]) for patch in server.requests("PATCH")]
    assert sizes == [len(DATA), 600_000, 250_000, 250_000, 250_000, 250_000, len(DATA) - 1_000_000]


def test_a_token_that_ends_on_the_way(server: Registry, waits: list[float]) -> None:
    server.auth = "token"
    repository = opened(server, waits, RegistryLogin("me", "s3cret"))

    def expire(handler: Handler) -> bool:
        handler.server.tokens.clear()
        return False

    server.fault("PATCH", UPLOADS, expire)
    push(repository)
    assert has_it(server)
    assert server.scopes == [["repository:a/b:pull,push"]] * 2


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_logins(server: Registry, waits: list[float], auth: str) -> None:
    server.auth = auth
    push(opened(server, waits, RegistryLogin("me", "s3cret")))
    assert has_it(server)
    with pytest.raises(RegistryError) as caught:
        push(opened(server, waits, RegistryLogin("me", "wr0ng")))
    assert "401" in caught.value.message and "wr0ng" not in f"{caught.value.message}{caught.value.hint}"
    assert not waits


def test_mounting(server: Registry, waits: list[float]) -> None:
    server.auth = "token"
    login = RegistryLogin("me", "s3cret")
    push(opened(server, waits, login, name="other/one"))
    repository = opened(server, waits, login)
    assert repository.mount(DIGEST, "other/one")
    assert has_it(server)
    assert server.scopes[-1] == ["repository:a/b:pull,push", "repository:other/one:pull"]


def test_what_cannot_be_mounted_leaves_no_session(server: Registry, repository: Repository) -> None:
    assert not repository.mount(DIGEST, "other/one")
    assert not server.sessions and len(server.requests("DELETE")) == 1
    server.fault("POST", UPLOADS, status(405))
    assert not repository.mount(DIGEST, "other/one")


def test_a_registry_that_stays_broken(server: Registry, repository: Repository, waits: list[float]) -> None:
    server.fault("PATCH", UPLOADS, breaks_after(0), times=100)
    with pytest.raises(RegistryError) as caught:
        push(repository)
    assert caught.value.message == f"cannot upload the blob {DIGEST} to '{server.host}/a/b': {caught.value.reason}"
    assert "gave up after 3 attempts without progress" in str(caught.value.hint)
    assert len(waits) == 2
    assert not server.blobs


def test_a_source_that_fails_is_taken_back(server: Registry, repository: Repository) -> None:
    def bad(start: int) -> Iterator[bytes]:
        yield DATA[:5000]
        raise ValueError("bad source")

    with pytest.raises(ValueError, match="bad source"):
        repository.upload(BLOB, bad, lambda count: None)
    assert not server.sessions and not server.blobs


def test_no_right_to_write(server: Registry, repository: Repository) -> None:
    server.fault("POST", UPLOADS, lambda handler: handler.refuse(403, "DENIED", "requested access to the resource is denied"))
    with pytest.raises(RegistryError) as caught:
        push(repository)
    assert "HTTP 403 Forbidden (requested access to the resource is denied)" in caught.value.message
    assert "docker login" in str(caught.value.hint)


def test_a_registry_that_claims_too_much(server: Registry, repository: Repository) -> None:
    def boast(handler: Handler) -> bool:
        next(iter(handler.server.sessions.values())).data += bytes(len(DATA))
        return False

    server.fault("PATCH", UPLOADS, breaks_after(9000))
    server.fault("GET", UPLOADS, boast)
    with pytest.raises(RegistryError, match="the registry says that it has"):
        push(repository)


def test_a_registry_that_calls_it_otherwise(server: Registry, repository: Repository) -> None:
    server.fault("PUT", UPLOADS, lambda handler: handler.answer(201, Docker_Content_Digest="sha256:" + "0" * 64))
    with pytest.raises(RegistryError, match="the registry calls what it got sha256:0000"):
        push(repository)


def test_another_server_gets_the_bytes_and_no_login(server: Registry, waits: list[float]) -> None:
    server.auth = "basic"
    with running() as other:
        other.sessions["7"] = Session("a/b")

        def elsewhere(handler: Handler) -> bool:
            return handler.answer(202, Location=f"http://{other.host}/v2/a/b/blobs/uploads/7")

        server.fault("POST", UPLOADS, elsewhere)
        push(opened(server, waits, RegistryLogin("me", "s3cret")))
        assert has_it(other)
        assert other.seen and not any("authorization" in seen.headers for seen in other.seen)


def test_redirected_uploads(server: Registry, repository: Repository) -> None:
    server.fault("PATCH", UPLOADS, lambda handler: handler.answer(307, Location=f"http://{server.host}{handler.path}&again"))
    push(repository)
    assert has_it(server)


def test_tls_before_a_registry_that_does_not_know_of_it(repository: Repository) -> None:
    assert isinstance(repository, RemoteRepository)
    for said, meant in (
        ("http://r.example/v2/a/1?x=y", "https://r.example/v2/a/1?x=y"),
        ("/v2/a/2", "https://r.example/v2/a/2"),
        ("http://elsewhere.example/3", "http://elsewhere.example/3"),
    ):
        upload = BlobUpload(repository._registry, "a/b", DIGEST, 1, pieces)
        request = httpx.Request("POST", "https://r.example/v2/a/b/blobs/uploads/")
        upload._moved(Ask("x", "POST", ""), httpx.Response(202, headers={"Location": said}, request=request))
        assert upload._session == meant


def test_no_place_to_send_it_to(server: Registry, repository: Repository) -> None:
    server.fault("POST", UPLOADS, lambda handler: handler.answer(202))
    with pytest.raises(RegistryError, match="does not say where to send it"):
        push(repository)


def test_manifests(server: Registry, repository: Repository) -> None:
    push(repository)
    data = b'{"schemaVersion":2,"config":{"digest":"%s","size":1,"mediaType":"x"},"layers":[]}' % DIGEST.encode()
    assert repository.manifest_digest("latest") is None
    repository.put_manifest("latest", "application/vnd.oci.image.manifest.v1+json", data)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    assert repository.manifest_digest("latest") == digest
    assert repository.manifest(digest).data == data
    assert repository.manifest("latest").media_type == "application/vnd.oci.image.manifest.v1+json"
    server.fault("PUT", "/manifests/", lambda handler: handler.answer(201, Docker_Content_Digest="sha256:" + "0" * 64))
    with pytest.raises(RegistryError, match="the registry calls what it got"):
        repository.put_manifest("latest", "x", data)
    with pytest.raises(RegistryError, match="blob unknown to registry"):
        repository.put_manifest("latest", "x", data.replace(DIGEST.encode(), b"sha256:" + b"1" * 64))
