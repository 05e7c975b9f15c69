"""Copies to, from and between registries: nothing is sent twice, nothing is there half, and the image stays the same one."""

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from imagetools.image import media_types
from imagetools.image.descriptor import Platform
from imagetools.image.tags import BrokenImageError
from imagetools.image_io.archive_reader import validate_archive
from imagetools.image_io.blob_places import BlobPlaces
from imagetools.image_io.carrying import Copied, NoSuchFormError
from imagetools.image_io.copying import Surroundings, Wishes, copy_image
from imagetools.image_io.image_source import WhichPlatformError
from imagetools.image_io.ledger import LayerLedger
from imagetools.image_io.places import Place, PlaceError
from imagetools.image_io.registry_members import OldManifestError, RegistryMembers
from imagetools.image_io.to_registry import OtherDigestError
from imagetools.image_io.watching import MOUNTED, RECEIVING, SENDING, SENT, THERE, BlobStep
from imagetools.kernel.errors import ImagetoolsError
from imagetools.net.registry.failures import RegistryError
from tests.servers.registry import Handler, Registry, breaks_after, running, slam, status
from tests.servers.registry_client import registries

from .layouts import INDEX, REF, TAR, Layout, blob, layer_tar, sha256
from .test_archive_reader import archive

HERE = Platform("linux", "amd64")
BIG = layer_tar(*(f"{number:032}-file" for number in range(500)))


class Copier:
    """Copies with one client, one ledger, one memory of places."""

    def __init__(self, server: Registry, cache: Path) -> None:
        self.server = server
        self.waits: list[float] = []
        self.steps: list[BlobStep] = []
        self.read: list[int] = []
        self.surroundings = Surroundings(
            {}, registries(self.waits.append), LayerLedger(str(cache / "layers")), BlobPlaces(str(cache / "registries"))
        )

    def at(self, name: str) -> str:
        return f"docker://{self.server.host}/{name}"

    def __call__(self, source: object, target: object, **wishes: object) -> Copied:
        self.steps.clear()
        self.server.seen.clear()
        places = Place.parse(str(source)), Place.parse(str(target))
        wanted = Wishes(**{"platform": HERE, **wishes})  # type: ignore[arg-type]
        self.read.clear()
        return copy_image(*places, wanted, self.surroundings, lambda done, total: self.read.append(done), self.steps.append)

    def results(self, copied: Copied) -> Counter[str]:
        return Counter(item.what for item in copied.blobs)

    def written(self) -> list[str]:
        """The methods of all requests that change something."""
        return [seen.method for seen in self.server.seen if seen.method not in {"GET", "HEAD"}]


@pytest.fixture
def copier(server: Registry, tmp_path: Path) -> Copier:
    return Copier(server, tmp_path / "cache")


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    path = tmp_path / "docker.tar"
    path.write_bytes(archive([TAR, BIG], RepoTags=["docker.io/library/hello:1"]))
    return path


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """An index of two machines, and what BuildKit puts beside images."""
    made = Layout()
    statement = made.add("application/vnd.in-toto+json", b'{"_type":"https://in-toto.io/Statement/v0.1"}')
    amd = made.image([TAR], tag=None, platform={"os": "linux", "architecture": "amd64"})
    arm = made.image(
        [layer_tar("arm"), TAR],
        tag=None,
        config={"architecture": "arm64"},
        platform={"os": "linux", "architecture": "arm64", "variant": "v8"},
    )
    beside = made.image(
        [],
        tag=None,
        config={"architecture": "unknown", "os": "unknown"},
        manifest={"layers": [statement]},
        platform={"os": "unknown", "architecture": "unknown"},
        annotations={"vnd.docker.reference.type": "attestation-manifest"},
    )
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [amd, arm, beside]}
    made.index(made.add_json(INDEX, index, annotations={REF: "1"}))
    return Path(made.write(tmp_path / "several"))


def blobs(layout: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (layout / "blobs/sha256").iterdir()}


def test_a_layout_goes_there_and_comes_back(copier: Copier, layout: Path, tmp_path: Path) -> None:
    copied = copier(layout, copier.at("a/b:1"))
    assert copied.names == (f"{copier.server.host}/a/b:1",)
    assert copier.results(copied) == {SENT: 3}
    assert copier.written()[-1] == "PUT" and copier.server.seen[-1].path == "/v2/a/b/manifests/1"
    assert {step.what for step in copier.steps} == {SENDING, SENT}
    back = copier(copier.at("a/b:1"), f"oci:{tmp_path}/back")
    assert back.digest == copied.digest
    assert blobs(tmp_path / "back") == blobs(layout)
    assert validate_archive(str(tmp_path / "back")) == ()
    (entry,) = json.loads((tmp_path / "back/index.json").read_bytes())["manifests"]
    assert entry["annotations"] == {REF: "1", "io.containerd.image.name": f"{copier.server.host}/a/b:1"}
    assert {step.what for step in copier.steps} == {RECEIVING}


def test_what_is_there_is_not_sent(copier: Copier, layout: Path) -> None:
    first = copier(layout, copier.at("a/b:1"))
    again = copier(layout, copier.at("a/b:1"))
    assert again.digest == first.digest and copier.results(again) == {THERE: 3}
    assert copier.written() == []
    copier(layout, copier.at("a/b:2"))
    assert copier.written() == ["PUT"]


def test_a_docker_archive_is_packed_once(copier: Copier, docker: Path, tmp_path: Path) -> None:
    first = copier(docker, copier.at("a/b"))
    assert copier.results(first) == {SENT: 3}
    manifest = json.loads(copier.server.manifests["a/b"]["latest"][1])
    assert [gzip.decompress(copier.server.blobs["a/b"][item["digest"]]) for item in manifest["layers"]] == [TAR, BIG]
    read: list[int] = []
    target = Place.parse(copier.at("a/b"))
    copier.server.seen.clear()
    again = copy_image(Place.parse(str(docker)), target, Wishes(HERE), copier.surroundings, lambda done, total: read.append(done))
    assert again.digest == first.digest and not read and copier.written() == []
    copier(docker, f"oci:{tmp_path}/layout")
    assert copier(f"oci:{tmp_path}/layout", copier.at("a/b")).digest == first.digest


def test_a_ledger_that_lies_or_a_registry_that_forgot(copier: Copier, docker: Path) -> None:
    first = copier(docker, copier.at("a/b"))
    del copier.server.blobs["a/b"][first.blobs[0].described.digest]
    again = copier(docker, copier.at("a/b"))
    assert again.digest == first.digest
    assert copier.results(again) == {SENT: 1, THERE: 2}


@pytest.mark.parametrize("compressor", ["none", "gz", "zstd"])
def test_another_compression(copier: Copier, layout: Path, tmp_path: Path, compressor: str) -> None:
    copier(layout, copier.at("a/b"), compressor=compressor)
    manifest = json.loads(copier.server.manifests["a/b"]["latest"][1])
    suffix = {"none": "tar", "gz": "tar+gzip", "zstd": "tar+zstd"}[compressor]
    assert {item["mediaType"].rpartition(".")[2] for item in manifest["layers"]} == {suffix}
    copier(copier.at("a/b"), f"oci:{tmp_path}/back")
    assert validate_archive(str(tmp_path / "back")) == ()
    assert copier(layout, copier.at("a/b"), compressor=compressor).blobs and copier.written() == []


def test_blobs_are_mounted_where_another_repository_has_them(copier: Copier, layout: Path, tmp_path: Path) -> None:
    copier(layout, copier.at("a/b"))
    copied = copier(layout, copier.at("c/d"))
    assert copier.results(copied) == {MOUNTED: 3}
    assert copier.server.requests("PATCH") == []
    fresh = Copier(copier.server, tmp_path / "fresh")
    between = fresh(copier.at("c/d"), copier.at("e/f:1"))
    assert fresh.results(between) == {MOUNTED: 3} and between.digest == copied.digest
    copier.server.mounting = False
    assert copier.results(copier(layout, copier.at("g/h"))) == {SENT: 3}
    assert not copier.server.sessions


def test_what_a_layout_has_is_not_fetched(copier: Copier, layout: Path, tmp_path: Path) -> None:
    copier(layout, copier.at("a/b"))
    copier(copier.at("a/b"), f"oci:{tmp_path}/back:1")
    copier(copier.at("a/b"), f"oci:{tmp_path}/back:2")
    assert len(copier.server.requests("GET", "/blobs/")) == 1  # the config
    for place in (tmp_path / "back/blobs/sha256").iterdir():
        data = place.read_bytes()
        place.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))
    copier(copier.at("a/b"), f"oci:{tmp_path}/back:3")
    assert blobs(tmp_path / "back") == blobs(layout)
    assert validate_archive(str(tmp_path / "back")) == ()


def test_a_layer_is_packed_once_for_all_media(copier: Copier, docker: Path, tmp_path: Path) -> None:
    copier(docker, f"oci:{tmp_path}/layout:1")
    for target, read in ((f"oci:{tmp_path}/layout:2", False), (copier.at("a/b"), True), (copier.at("a/c"), False)):
        copier(docker, target)
        assert bool(copier.read) is read
    assert len(blobs(tmp_path / "layout")) == 4


def test_between_registries(copier: Copier, layout: Path, tmp_path: Path) -> None:
    with running() as other:
        copied = copier(layout, copier.at("a/b"))
        between = copier(copier.at("a/b"), f"docker://{other.host}/x/y:2")
        assert between.digest == copied.digest and copier.results(between) == {SENT: 3}
        assert other.blobs["x/y"] == copier.server.blobs["a/b"]
        again = copier(copier.at("a/b"), f"docker://{other.host}/x/y:2")
        assert copier.results(again) == {THERE: 3}
        assert [seen.path for seen in copier.server.requests("GET", "/blobs/")] == [  # the config alone
            f"/v2/a/b/blobs/{json.loads(copier.server.manifests['a/b']['latest'][1])['config']['digest']}"
        ]


@pytest.mark.parametrize("target", ["oci:{}/x:1", "oci-archive:{}/x.tar", "docker-archive:{}/y.tar", "docker"])
def test_what_was_fetched_goes_as_soon_as_it_was_used(
    copier: Copier, layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    copier(layout, copier.at("a/b"))
    forgotten: list[str] = []
    forget = RegistryMembers.forget

    def listed(members: RegistryMembers, name: str) -> None:
        forget(members, name)
        forgotten.append(name)
        fetched = "sha256-" + name.rpartition("/")[2]
        assert not any(path.name == fetched for path in Path(members._folder.name).iterdir())

    monkeypatch.setattr(RegistryMembers, "forget", listed)
    with running() as other:
        copier(copier.at("a/b"), target.format(tmp_path) if target != "docker" else f"docker://{other.host}/x")
    manifest = json.loads(copier.server.manifests["a/b"]["latest"][1])
    assert set(forgotten) == {blob(layer["digest"]) for layer in manifest["layers"]}


def test_to_a_docker_archive(copier: Copier, layout: Path, tmp_path: Path) -> None:
    copier(layout, copier.at("a/b:1"))
    copier(copier.at("a/b:1"), f"docker-archive:{tmp_path}/out.tar")
    assert validate_archive(f"{tmp_path}/out.tar") == ()
    copier(f"docker-archive:{tmp_path}/out.tar", copier.at("a/c"), compressor="none")
    assert TAR in copier.server.blobs["a/c"].values()


def test_by_digest(copier: Copier, layout: Path, tmp_path: Path) -> None:
    digest = copier(layout, copier.at("a/b")).digest
    copier(copier.at(f"a/b@{digest}"), f"oci:{tmp_path}/back:x")
    assert blobs(tmp_path / "back") == blobs(layout)
    assert copier(layout, copier.at(f"c@{digest}")).digest == digest
    assert list(copier.server.manifests["c"]) == [digest]
    wrong = "sha256:" + "0" * 64
    with pytest.raises(OtherDigestError, match=f"its digest is {digest}"):
        copier(layout, copier.at(f"c@{wrong}"))


def test_all_that_an_index_has(copier: Copier, several: Path, tmp_path: Path) -> None:
    copied = copier(several, copier.at("a/b"), whole=True)
    assert copier.results(copied) == {SENT: 6}
    assert copier.server.seen[-1].path == "/v2/a/b/manifests/latest"
    copier(copier.at("a/b"), f"oci:{tmp_path}/back:1", whole=True)
    assert blobs(tmp_path / "back") == blobs(several)
    copier(several, f"oci-archive:{tmp_path}/back.tar:1", whole=True)
    between = copier(f"oci-archive:{tmp_path}/back.tar", copier.at("c/d"), whole=True)
    assert between.digest == copied.digest and copier.results(between) == {MOUNTED: 6}
    with pytest.raises(PlaceError, match="room for one image only"):
        copier(several, f"docker-archive:{tmp_path}/x.tar", whole=True)


def test_all_packed_otherwise(copier: Copier, several: Path, tmp_path: Path) -> None:
    copier(several, f"oci:{tmp_path}/zstd:1", whole=True, compressor="zstd")
    (entry,) = json.loads((tmp_path / "zstd/index.json").read_bytes())["manifests"]
    index = json.loads((tmp_path / "zstd" / blob(entry["digest"])).read_bytes())
    assert [item["platform"]["architecture"] for item in index["manifests"]] == ["amd64", "arm64", "unknown"]
    assert index["manifests"][1]["platform"]["variant"] == "v8"
    kinds = [
        [
            layer["mediaType"].rpartition(".")[2]
            for layer in json.loads((tmp_path / "zstd" / blob(item["digest"])).read_bytes())["layers"]
        ]
        for item in index["manifests"]
    ]
    assert kinds == [["tar+zstd"], ["tar+zstd", "tar+zstd"], ["in-toto+json"]]
    assert index["manifests"][2]["annotations"] == {"vnd.docker.reference.type": "attestation-manifest"}


def test_one_of_several(copier: Copier, several: Path, tmp_path: Path) -> None:
    copier(several, copier.at("a/b"), whole=True)
    copier(copier.at("a/b"), f"oci:{tmp_path}/arm", platform=Platform("linux", "arm64"))
    assert validate_archive(str(tmp_path / "arm")) == ()
    assert len(blobs(tmp_path / "arm")) == 4
    with pytest.raises(WhichPlatformError, match="linux/s390x"):
        copier(copier.at("a/b"), f"oci:{tmp_path}/x", platform=Platform("linux", "s390x"))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Platform("linux", "arm", "v7"), "v7"),
        (Platform("linux", "arm", "v6"), "v5"),
        (Platform("linux", "arm64"), "v8"),
        (Platform("linux", "s390x"), "only"),
        (Platform("linux", "arm"), None),
    ],
)
def test_variants(copier: Copier, tmp_path: Path, wanted: Platform, found: str | None) -> None:
    made = Layout()
    items = [
        made.image([layer_tar(variant)], tag=None, platform={"os": "linux", "architecture": machine, "variant": variant})
        for machine, variant in (("arm", "v5"), ("arm", "v7"), ("arm64", "v8"), ("s390x", "only"))
    ]
    made.index(made.add_json(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": items}, annotations={REF: "1"}))
    source = made.write(tmp_path / "layout")
    if found is None:
        with pytest.raises(WhichPlatformError, match="the image is not there for linux/arm"):
            copier(source, copier.at("a/b"), platform=wanted)
        return
    copier(source, copier.at("a/b"), platform=wanted)
    layer = json.loads(copier.server.manifests["a/b"]["latest"][1])["layers"][0]["digest"]
    assert gzip.decompress(copier.server.blobs["a/b"][layer]) == layer_tar(found)


def test_manifests_in_dockers_form_and_back(copier: Copier, several: Path, layout: Path, tmp_path: Path) -> None:
    def types(name: str) -> set[str]:
        return {media_type.rpartition("application/vnd.")[2] for media_type, _ in copier.server.manifests[name].values()}

    first = copier(layout, copier.at("a/b"), form="docker")
    manifest = json.loads(copier.server.manifests["a/b"]["latest"][1])
    assert types("a/b") == {"docker.distribution.manifest.v2+json"} and manifest["mediaType"] == media_types.DOCKER_MANIFEST
    assert manifest["config"]["mediaType"] == media_types.DOCKER_CONFIG
    assert {layer["mediaType"] for layer in manifest["layers"]} == {media_types.DOCKER_LAYER_GZIP}
    assert copier(layout, copier.at("a/b"), form="docker").digest == first.digest and copier.written() == []
    assert copier(copier.at("a/b"), copier.at("a/c")).digest == first.digest
    copier(copier.at("a/b"), copier.at("a/d"), form="oci")
    assert types("a/d") == {"oci.image.manifest.v1+json"}
    copier(copier.at("a/b"), f"oci:{tmp_path}/back:1")
    assert validate_archive(f"{tmp_path}/back") == ()

    copier(several, copier.at("s/a"), whole=True, form="docker")
    assert copier.server.manifests["s/a"]["latest"][0] == media_types.DOCKER_INDEX
    entries = json.loads(copier.server.manifests["s/a"]["latest"][1])["manifests"]
    assert [entry["mediaType"] for entry in entries] == [media_types.DOCKER_MANIFEST] * 2 + [media_types.OCI_MANIFEST]
    assert entries[1]["platform"]["variant"] == "v8"

    with pytest.raises(NoSuchFormError, match="know no zstd"):
        copier(layout, copier.at("a/e"), form="docker", compressor="zstd")
    assert "a/e" not in copier.server.manifests or not copier.server.manifests["a/e"]
    with pytest.raises(PlaceError, match="only a registry"):
        copier(layout, f"oci:{tmp_path}/x", form="docker")


def test_layers_that_must_not_be_given_away(copier: Copier, tmp_path: Path) -> None:
    made = Layout()
    foreign = {
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "digest": sha256(b"elsewhere"),
        "size": 9,
        "urls": ["https://example.org/layer"],
    }
    own = made.add("application/vnd.oci.image.layer.v1.tar", TAR)
    config = {"rootfs": {"type": "layers", "diff_ids": [sha256(b"x"), sha256(TAR)]}}
    made.index(made.image([], config=config, manifest={"layers": [foreign, own]}))
    source = made.write(tmp_path / "layout")
    copied = copier(source, copier.at("a/b"))
    assert copier.results(copied) == {SENT: 2}
    copier(copier.at("a/b"), f"oci:{tmp_path}/back")
    assert blobs(tmp_path / "back") == blobs(Path(source))


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_broken_layer_never_becomes_an_image(copier: Copier, layout: Path) -> None:
    for place in (layout / "blobs/sha256").iterdir():
        data = place.read_bytes()
        if data[:2] == b"\x1f\x8b":
            place.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))
    with pytest.raises(BrokenImageError, match="its bytes have the digest"):
        copier(layout, copier.at("a/b"))
    assert not copier.server.manifests.get("a/b") and not copier.server.blobs and not copier.server.sessions


def test_a_docker_archive_whose_layer_lies(copier: Copier, tmp_path: Path) -> None:
    data = archive([TAR, BIG], RepoTags=["x:1"]).replace(b"0" * 29 + b"499-file", b"0" * 29 + b"498-file")
    (tmp_path / "bad.tar").write_bytes(data)
    with pytest.raises(BrokenImageError, match="its diff ID is"):
        copier(tmp_path / "bad.tar", copier.at("a/b"))
    assert not copier.server.manifests.get("a/b") and not copier.server.sessions


def test_a_connection_that_breaks_in_every_layer(copier: Copier, docker: Path) -> None:
    copier.server.fault("PATCH", "/uploads/", breaks_after(50), times=6)
    copied = copier(docker, copier.at("a/b"))
    assert copier.results(copied) == {SENT: 3}
    assert not copier.server.sessions


@pytest.mark.parametrize("act", [slam, status(500), status(429, Retry_After="1")], ids=["slam", "500", "429"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "HEAD"])
def test_a_registry_that_dies(copier: Copier, layout: Path, method: str, act: object) -> None:
    copier.server.fault(method, "/v2/a/b/", act, times=1000)  # type: ignore[arg-type]
    with pytest.raises(RegistryError) as caught:
        copier(layout, copier.at("a/b"))
    assert "gave up after 3 attempts" in str(caught.value.hint)
    assert not copier.server.manifests.get("a/b")


@pytest.mark.parametrize("act", [slam, status(500), status(404)], ids=["slam", "500", "404"])
def test_a_source_that_dies_leaves_nothing(copier: Copier, layout: Path, tmp_path: Path, act: object) -> None:
    copier(layout, copier.at("a/b"))
    copier.server.fault("GET", "/blobs/", lambda handler: False, times=1)  # the config
    copier.server.fault("GET", "/blobs/", act, times=1000)  # type: ignore[arg-type]
    (tmp_path / "out").mkdir()
    for target in ("oci:{}/layout", "oci-archive:{}/a.tar", "docker-archive:{}/b.tar"):
        with pytest.raises(RegistryError):
            copier(copier.at("a/b"), target.format(tmp_path / "out"))
        assert list((tmp_path / "out").iterdir()) == []


def test_a_registry_that_sends_other_bytes(copier: Copier, layout: Path, tmp_path: Path) -> None:
    copier(layout, copier.at("a/b"))
    for name, data in copier.server.blobs["a/b"].items():
        copier.server.blobs["a/b"][name] = data[:-1] + bytes((data[-1] ^ 1,))
    with pytest.raises(RegistryError, match="what came has the digest"):
        copier(copier.at("a/b"), f"oci:{tmp_path}/x")
    assert not (tmp_path / "x").exists()


def test_a_manifest_that_is_refused(copier: Copier, layout: Path) -> None:
    def refuse(handler: Handler) -> bool:
        return handler.refuse(400, "MANIFEST_INVALID", "manifest invalid")

    copier.server.fault("PUT", "/manifests/", refuse)
    with pytest.raises(RegistryError, match=re.escape("HTTP 400 Bad Request (manifest invalid)")):
        copier(layout, copier.at("a/b"))


def test_a_manifest_of_schema_1(copier: Copier, tmp_path: Path) -> None:
    old = json.dumps({"schemaVersion": 1, "name": "a/b", "fsLayers": []}).encode()
    copier.server.manifests["a/b"] = {"latest": ("application/vnd.docker.distribution.manifest.v1+prettyjws", old)}
    with pytest.raises(OldManifestError, match="schema 1"):
        copier(copier.at("a/b"), f"oci:{tmp_path}/x")


def test_an_index_that_points_to_itself(copier: Copier, tmp_path: Path) -> None:
    item = {"mediaType": INDEX, "digest": "", "size": 0}
    data = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [item]}).encode()
    item |= {"digest": sha256(data), "size": len(data)}
    made = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [item]}).encode()
    copier.server.manifests["a/b"] = {"latest": (INDEX, made), sha256(data): (INDEX, made)}
    for whole in (False, True):
        with pytest.raises(ImagetoolsError, match="digest"):
            copier(copier.at("a/b"), f"oci:{tmp_path}/x", whole=whole)


def test_nothing_there(copier: Copier, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="manifest unknown") as caught:
        copier(copier.at("a/b:9"), f"oci:{tmp_path}/x")
    assert caught.value.status == 404


def test_without_registries(layout: Path) -> None:
    with pytest.raises(PlaceError, match="no registry can be reached"):
        copy_image(Place.parse(str(layout)), Place.parse("docker://x"), Wishes(HERE), Surroundings({}))


def test_several_push_the_same(copier: Copier, docker: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda number: copier(docker, copier.at(f"a/b:{number}")), range(8)))
    assert len({copied.digest for copied in done}) == 1
    assert {str(number) for number in range(8)} <= set(copier.server.manifests["a/b"])
    assert not copier.server.sessions
