"""An image in a registry is looked at without its layers, or with them; what cannot be had is told with all else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.app.ui.image_view import medium
from imagetools.image.facts import ArchiveFacts
from imagetools.image.inspected_index import indexes_of
from imagetools.image.inspection import inspect
from imagetools.image.tags import BrokenImageError
from imagetools.image.validate import validate
from imagetools.image.why import ROOT, why
from imagetools.image_io.archive_reader import read_facts
from imagetools.image_io.copying import Surroundings, Wishes, copy_image
from imagetools.image_io.layer_references import layer_references
from imagetools.image_io.looking import look_at
from imagetools.image_io.places import Place
from imagetools.kernel.errors import ImagetoolsError
from tests.servers.registry import Registry, running
from tests.servers.registry_client import registries
from tests.unit.builders.build import build, stream
from tests.unit.builders.fakes import FakeStore

from .layouts import INDEX, REF, TAR, Layout, layer_tar, sha256
from .test_copying import HERE

HELLO = "0" * 32 + "-hello"


@pytest.fixture
def server() -> Iterator[Registry]:
    with running() as server:
        yield server


@pytest.fixture
def surroundings() -> Surroundings:
    return Surroundings({}, registries(lambda seconds: None))


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Two machines with a layer in common."""
    made = Layout()
    images = [
        made.image(
            [TAR, layer_tar(name)],
            tag=None,
            config={"architecture": name},
            platform={"os": "linux", "architecture": name},
        )
        for name in ("amd64", "arm64")
    ]
    made.index(made.add_json(INDEX, {"schemaVersion": 2, "manifests": images}, annotations={REF: "1"}))
    return Path(made.write(tmp_path / "layout"))


@pytest.fixture
def place(server: Registry, layout: Path, surroundings: Surroundings) -> Place:
    place = Place.parse(f"docker://{server.host}/a/b:1")
    copy_image(Place.parse(str(layout)), place, Wishes(HERE, whole=True), surroundings)
    server.seen.clear()
    return place


def looked(place: Place, surroundings: Surroundings, *, layers: bool) -> ArchiveFacts:
    with look_at(place, surroundings, layers=layers) as seen:
        return seen.facts


def test_without_its_layers(server: Registry, layout: Path, place: Place, surroundings: Surroundings) -> None:
    facts = looked(place, surroundings, layers=False)
    here, there = inspect(read_facts(str(layout))), inspect(facts)
    assert [item.digest for item in there] == [item.digest for item in here]
    assert [item.names for item in there] == [(f"{server.host}/a/b:1",)] * 2
    for ours, theirs in zip(here, there, strict=True):
        assert [(layer.digest, layer.diff_id, layer.blob_size) for layer in theirs.layers] == [
            (layer.digest, layer.diff_id, layer.blob_size) for layer in ours.layers
        ]
        assert theirs.size is None and theirs.document()["uncompressedSize"] is None
    (index,) = indexes_of(there)
    assert (len(index.shared), index.digest) == (1, indexes_of(here)[0].digest)
    asked = [seen.path for seen in server.seen if "/blobs/" in seen.path]
    assert sorted(path.rpartition("/")[2] for path in asked) == sorted(item.id for item in here)


def test_with_its_layers(layout: Path, place: Place, surroundings: Surroundings) -> None:
    facts = looked(place, surroundings, layers=True)
    assert validate(facts) == ()
    assert [item.layers for item in inspect(facts)] == [item.layers for item in inspect(read_facts(str(layout)))]


def test_what_the_registry_has_lost(server: Registry, layout: Path, place: Place, surroundings: Surroundings) -> None:
    """Two blobs gone: both are told, and what there is is checked."""
    gone = [inspect(read_facts(str(layout)))[number].layers[1].digest for number in (0, 1)]
    for digest in gone:
        del server.blobs["a/b"][digest]
    failures = validate(looked(place, surroundings, layers=True))
    assert [failure.where.rpartition("/")[2] for failure in failures] == [digest[7:] for digest in gone]
    with pytest.raises(BrokenImageError):
        inspect(looked(place, surroundings, layers=True))
    server.manifests["a/b"].clear()
    with pytest.raises(ImagetoolsError):
        looked(place, surroundings, layers=False)


def test_why_a_path_is_in_an_image_of_a_registry(place: Place, surroundings: Surroundings) -> None:
    with look_at(place, surroundings) as seen, seen.members() as members:
        first = inspect(seen.facts)[0]
        found = layer_references(members, [layer.member for layer in first.layers], {HELLO[:32]: HELLO})
    assert why(HELLO, found).way == () and ROOT not in found


def test_a_local_archive(layout: Path, surroundings: Surroundings) -> None:
    with look_at(Place.parse(str(layout)), surroundings) as seen, seen.members() as members:
        (blob,) = {layer.member for item in inspect(seen.facts) for layer in item.layers if layer.diff_id == sha256(TAR)}
        assert members.size(blob) == seen.facts.members[blob].size


def test_a_script_is_looked_at_without_running_it(tmp_path: Path, surroundings: Surroundings) -> None:
    store = FakeStore(tmp_path / "store")
    libc = store.add("libc", {"lib": {"libc.so": b"code" * 1000}})
    hello = store.add("hello", {"bin": {"hello": b"#!" + libc.encode()}}, [libc])
    script = stream(store, tmp_path / "scratch", contents=[hello], config={"Cmd": [hello + "/bin/hello"]})
    archive = build(store, tmp_path / "out", "layered", contents=[hello], config={"Cmd": [hello + "/bin/hello"]})
    with look_at(Place.parse(str(script)), surroundings) as seen, seen.members() as members:
        assert validate(seen.facts) == () and medium(seen.facts) == "script"
        (image,) = inspect(seen.facts)
        assert [f"sha256:{layer.diff_id[7:]}" for layer in image.layers] == archive.config["rootfs"]["diff_ids"]
        names = {str(store.path_of(name))[:32]: str(store.path_of(name)) for name in ("hello", "libc")}
        found = layer_references(members, [layer.member for layer in image.layers], names)
    assert found[str(store.path_of("hello"))] == {str(store.path_of("libc")): "bin/hello"}
    copied = copy_image(Place.parse(str(script)), Place.parse(f"oci:{tmp_path}/copied:1"), Wishes(HERE), surroundings)
    assert validate(read_facts(f"{tmp_path}/copied")) == () and copied.digest.startswith("sha256:")


def test_a_script_whose_file_is_another_one(tmp_path: Path, surroundings: Surroundings) -> None:
    store = FakeStore(tmp_path / "store")
    libc = store.add("libc", {"lib": {"libc.so": b"code" * 1000}})
    script = stream(store, tmp_path / "scratch", contents=[libc])
    place = store.root / str(store.path_of("libc")) / "lib/libc.so"
    place.chmod(0o644)
    place.write_bytes(b"CODE" * 1000)
    (failure,) = validate(looked(Place.parse(str(script)), surroundings, layers=True))
    assert "its diff ID is" in failure.what
