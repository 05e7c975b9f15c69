"""Pulling from a registry in memory: what it may hold that is no image, and what breaks on the way."""

import gzip
import json
from pathlib import Path

import pytest

from imagetools.image import media_types
from imagetools.image.document_type import OLD, document_type
from imagetools.image.platform_choice import go_platform
from imagetools.image.remote_reference import RemoteReference
from imagetools.image_io.pulling import KeptBlobs, find_image, write_pulled
from imagetools.kernel.errors import ImagetoolsError
from imagetools.net.registry.registry import Registry as Client
from imagetools.net.registry.repository import RemoteRepository
from tests.servers.images import DOCKER, OCI, MadeImage, add_image, add_manifest, digest_of, layer_tar, make_image, make_index
from tests.servers.registry import Registry, status
from tests.unit.net.registry.reaching import registry_at

TARS = [layer_tar({"a": b"1" * 5000}), layer_tar({"b": bytes(range(256)) * 1000})]
IMAGE = make_image(TARS, codecs=["gzip", "none"])
NAME = RemoteReference.parse("app:1")


class Pulling:
    """Into ``folder``, from a server."""

    def __init__(self, server: Registry, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.lines: list[str] = []
        self.client: Client = registry_at(server.host)

    def pull(self, selector: str = "latest", arch: str = "amd64") -> bytes:
        sign = "@" if ":" in selector else ":"
        repository = RemoteRepository(self.client, RemoteReference.parse(f"{self.server.host}/team/app{sign}{selector}"))
        image = find_image(repository, go_platform("linux", arch))
        with KeptBlobs(repository, str(self.folder), self.lines.append) as blobs, open(self.folder / "out", "w+b") as file:
            write_pulled(image, blobs, NAME, file)
        return (self.folder / "out").read_bytes()

    def failure(self, selector: str = "latest", arch: str = "amd64") -> str:
        with pytest.raises(ImagetoolsError) as caught:
            self.pull(selector, arch)
        hint = f"\nhint: {caught.value.hint}" if caught.value.hint else ""
        return (caught.value.message + hint).replace(self.server.host, "HOST")


@pytest.fixture
def pulling(server: Registry, tmp_path: Path) -> Pulling:
    return Pulling(server, tmp_path)


def changed(image: MadeImage, **members: object) -> bytes:
    return json.dumps({**json.loads(image.manifest), **members}).encode()


def with_config(config: object) -> MadeImage:
    return make_image(TARS[:1], raw_config=json.dumps(config).encode())


DAMAGED = gzip.compress(TARS[0])[:-20]
CHART = "application/vnd.cncf.helm.config.v1+json"
NO = "'HOST/team/app:latest' is no image that can be pulled: "
TELLS = "\nhint: `imagetools image validate` tells everything that is wrong"
NOT_IMAGES: dict[str, tuple[MadeImage | bytes, str, str]] = {
    "schema 1": (
        json.dumps({"schemaVersion": 1, "fsLayers": []}).encode(),
        OLD + "+prettyjws",
        NO + "its manifest has schema 1\nhint: push it anew with today's tools",
    ),
    "html": (b"<html>", "text/html", NO + "its manifest cannot be understood"),
    "both an index and a manifest": (
        changed(IMAGE, manifests=[]),
        DOCKER[0],
        NO + "its manifest cannot be understood",
    ),
    "a chart": (
        changed(IMAGE, config={"mediaType": CHART, "size": 2, "digest": digest_of(b"{}")}),
        OCI[0],
        NO + f"its config is of the type '{CHART}'",
    ),
    "an unknown type": (
        changed(IMAGE, mediaType="a/b"),
        "a/b",
        NO + "its media type is 'a/b'",
    ),
    "an endless config": (
        changed(IMAGE, config={"mediaType": DOCKER[1], "size": 1 << 40, "digest": digest_of(b"{}")}),
        DOCKER[0],
        NO + "its config has 1099511627776 bytes, more than 8 MiB",
    ),
    "a digest that is a path": (
        changed(IMAGE, layers=[{"mediaType": "x", "size": 1, "digest": "sha256:../../x"}]),
        DOCKER[0],
        "bad image layout: HOST/team/app:latest: layer 1 has a digest that is none, 'sha256:../../x'",
    ),
    "no layers": (changed(IMAGE, layers=None), DOCKER[0], "bad image layout: HOST/team/app:latest: it has no list of layers"),
    "a config that is a list": (
        with_config([]),
        "",
        f"bad image: the config {digest_of(b'[]')}: it is no object" + TELLS,
    ),
    "a config without diff IDs": (
        with_config({}),
        "",
        "bad image: the config: it has no rootfs.diff_ids" + TELLS,
    ),
    "too many diff IDs": (
        with_config({"rootfs": {"diff_ids": ["a", "b"]}}),
        "",
        "bad image: the config: it has 2 diff_ids, the manifest has 1 layers" + TELLS,
    ),
    "another diff ID": (
        with_config({"rootfs": {"diff_ids": ["sha256:0"]}}),
        "",
        f"bad image: the layer {IMAGE.layers[0]['digest']}: its diff ID is {digest_of(TARS[0])} instead of sha256:0{TELLS}",
    ),
}


@pytest.mark.parametrize("case", NOT_IMAGES)
def test_what_is_no_image(pulling: Pulling, case: str) -> None:
    content, media_type, said = NOT_IMAGES[case]
    if isinstance(content, MadeImage):
        add_image(pulling.server, "team/app", content)
    else:
        add_image(pulling.server, "team/app", IMAGE, "whole")
        add_manifest(pulling.server, "team/app", content, media_type)
    assert pulling.failure() == said


def test_a_damaged_layer(pulling: Pulling) -> None:
    manifest = json.loads(IMAGE.manifest)
    manifest["layers"][0].update(digest=digest_of(DAMAGED), size=len(DAMAGED))
    image = MadeImage(json.dumps(manifest).encode(), DOCKER[0], {**IMAGE.blobs, digest_of(DAMAGED): DAMAGED})
    add_image(pulling.server, "team/app", image)
    assert pulling.failure().startswith(
        f"bad image: the layer {digest_of(DAMAGED)}: bad gzip data at byte {len(DAMAGED)}: it ends early"
    )


def test_an_index(pulling: Pulling) -> None:
    arm = make_image(TARS[1:], config={"architecture": "arm64"})
    for image in (arm, IMAGE):
        add_image(pulling.server, "team/app", image, "x")
    items = [arm.descriptor(os="linux", architecture="arm64"), IMAGE.descriptor(os="linux", architecture="amd64")]
    inner = make_index([*items, IMAGE.descriptor(os="unknown", architecture="unknown")])
    digest = add_manifest(pulling.server, "team/app", inner, media_types.OCI_INDEX, "inner")
    outer = make_index([{"mediaType": media_types.OCI_INDEX, "size": len(inner), "digest": digest}])
    add_manifest(pulling.server, "team/app", outer, media_types.OCI_INDEX)
    whole = pulling.pull()
    add_image(pulling.server, "team/app", IMAGE, "whole")
    assert whole == pulling.pull("whole") != pulling.pull(arch="aarch64")
    assert pulling.failure(arch="s390x") == (
        "'HOST/team/app:latest' is not there for linux/s390x\n"
        "hint: it is there for linux/arm64, linux/amd64: choose by os and arch"
    )
    add_manifest(pulling.server, "team/app", make_index([]), media_types.OCI_INDEX, "empty")
    assert pulling.failure("empty") == (
        "'HOST/team/app:empty' is not there for linux/amd64\nhint: its index is empty: choose by os and arch"
    )


def test_an_index_that_never_ends(pulling: Pulling) -> None:
    data, kind = make_index([]), media_types.OCI_INDEX
    for _ in range(6):
        digest = add_manifest(pulling.server, "team/app", data, kind)
        data = make_index([{"mediaType": kind, "size": len(data), "digest": digest}])
    add_manifest(pulling.server, "team/app", data, kind)
    assert pulling.failure() == NO + "its indexes are nested deeper than 4"


def blobs(pulling: Pulling) -> list[str]:
    return [seen.headers.get("range", "all") for seen in pulling.server.requests("GET", "/blobs/") if seen.path.endswith(LAST)]


LAST = str(IMAGE.layers[1]["digest"])


def test_what_came_is_not_fetched_again(pulling: Pulling) -> None:
    add_image(pulling.server, "team/app", IMAGE)
    expected = pulling.pull()
    place = pulling.folder / LAST.replace(":", "-")
    blob = place.read_bytes()
    assert pulling.pull() == expected
    assert blobs(pulling) == ["all"]
    assert f"fetching {LAST} ({len(blob) / 1024:.1f} KiB), which has come already" in pulling.lines
    place.write_bytes(blob[:1000])
    assert pulling.pull() == expected
    assert blobs(pulling) == ["all", "bytes=1000-"]
    assert f"fetching {LAST} ({len(blob) / 1024:.1f} KiB) from byte 1000 on" in pulling.lines


@pytest.mark.parametrize("wrong", [b"x" * 1000, b"x" * len(TARS[1]), b"x" * (len(TARS[1]) + 1)])
def test_what_lies_there_is_not_believed(pulling: Pulling, wrong: bytes) -> None:
    add_image(pulling.server, "team/app", IMAGE)
    expected = pulling.pull()
    (pulling.folder / LAST.replace(":", "-")).write_bytes(wrong)
    assert pulling.pull() == expected
    assert any(line.endswith("; it is fetched anew") for line in pulling.lines)


def test_a_link_that_lies_there_is_not_followed(pulling: Pulling, tmp_path: Path) -> None:
    add_image(pulling.server, "team/app", IMAGE)
    (tmp_path / LAST.replace(":", "-")).symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        pulling.pull()
    assert not (tmp_path / "victim").exists()


def test_the_first_failure_ends_everything(pulling: Pulling) -> None:
    many = make_image([layer_tar({"x": bytes([number]) * 3000}) for number in range(12)])
    add_image(pulling.server, "team/app", many)
    pulling.server.fault("GET", "/blobs/" + str(many.layers[0]["digest"]), status(404), times=-1)
    assert "HTTP 404 Not Found" in pulling.failure()
    assert len(pulling.server.requests("GET", "/blobs/")) < 14


@pytest.mark.parametrize(
    ("data", "said", "expected"),
    [
        (b'{"schemaVersion":2,"mediaType":"a"}', "b", "a"),
        (b'{"schemaVersion":2}', "b", "b"),
        (b'{"schemaVersion":1,"mediaType":"a"}', "b", OLD),
        (b"[]", "b", ""),
        (b"", "b", ""),
        (b'{"manifests":[]}', media_types.OCI_MANIFEST, ""),
        (b'{"layers":[]}', media_types.OCI_INDEX, ""),
        (b'{"manifests":[]}', "application/json", media_types.OCI_INDEX),
        (b'{"layers":[],"config":{}}', "text/plain", media_types.OCI_MANIFEST),
        (
            b'{"layers":[],"config":{"mediaType":"application/vnd.docker.container.image.v1+json"}}',
            "",
            media_types.DOCKER_MANIFEST,
        ),
    ],
)
def test_what_a_document_is(data: bytes, said: str, expected: str) -> None:
    assert document_type(data, said) == expected
