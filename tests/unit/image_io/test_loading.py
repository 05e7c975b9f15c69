"""Loading: what an engine has is not sent, whatever the image lies in; where that is refused, all of it is."""

import gzip
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
import pyzstd

from imagetools.image.descriptor import Platform
from imagetools.image.manifest import ArchivedImage, write
from imagetools.image.tags import BrokenImageError
from imagetools.image_io.daemon import EngineRefusedError
from imagetools.image_io.image_source import WhichImageError
from imagetools.image_io.loading import Loaded, LoadEvent, load_image
from imagetools.image_io.local_copy import OtherKindError
from imagetools.image_io.members import Members, open_members
from imagetools.image_io.outgoing import NamelessError, Sending
from imagetools.image_io.places import Place
from imagetools.image_io.podman import NoPodmanError
from imagetools.image_io.stream_plan import GoneFromStoreError
from tests.unit.builders.build import stream
from tests.unit.builders.fakes import FakeStore

from .engine_server import Engine, running
from .layouts import LAYER, PLAIN, Layout, layer_tar, sha256

MACHINE = Platform("linux", "amd64")
FULL = "io.containerd.image.name"
ONE, TWO, THREE, FOUR = (layer_tar(letter * 32 + "-x") for letter in "abcd")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with running() as server:
        yield server


def load(engine: Engine, path: str | Path, events: list[LoadEvent] | None = None) -> Loaded:
    show = (lambda event: None) if events is None else events.append
    return load_image(Place.parse(str(path)), MACHINE, engine.environment, "/tmp", show)


def archive(path: Path, *images: tuple[str, Sequence[bytes]], leave_out: bytes = b"") -> Path:
    """A docker archive; images are names and the tars of their layers."""
    files: dict[str, bytes] = {}
    entries: list[ArchivedImage] = []
    for name, tars in images:
        layers = tuple(f"{sha256(tar)[7:]}/layer.tar" for tar in tars)
        files |= {layer: tar for layer, tar in zip(layers, tars, strict=True) if tar != leave_out}
        diff_ids = ",".join(f'"{sha256(tar)}"' for tar in tars)
        config = f'{{"os":"linux","architecture":"amd64","name":"{name}","rootfs":{{"diff_ids":[{diff_ids}]}}}}'.encode()
        files[f"{sha256(config)[7:]}.json"] = config
        entries.append(ArchivedImage(f"{sha256(config)[7:]}.json", (name,), layers))
    files["manifest.json"] = write(entries)
    with tarfile.open(path, "w") as tar:
        for member, data in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, BytesIO(data))
    return path


def sent(engine: Engine) -> list[int]:
    """How many layers each archive had."""
    return [sum(name.endswith("layer.tar") for name in names) for names in engine.received]


def test_from_the_first_layer_that_differs(engine: Engine, tmp_path: Path) -> None:
    first = load(engine, archive(tmp_path / "a", ("x:1", [ONE, TWO, THREE])))
    assert (first.names, first.sent, first.layers) == (("x:1",), 3, 3)
    again = load(engine, tmp_path / "a")
    assert (again.names, again.sent, again.layers) == (("x:1",), 0, 3)
    assert again.size < first.size
    assert load(engine, archive(tmp_path / "b", ("x:2", [ONE, TWO, FOUR]))).sent == 1
    assert load(engine, archive(tmp_path / "c", ("y:1", [FOUR, TWO, THREE]))).sent == 3, "the same layers on another one"
    assert sent(engine) == [3, 0, 1, 3]


def test_a_shorter_image_and_a_longer_one(engine: Engine, tmp_path: Path) -> None:
    load(engine, archive(tmp_path / "a", ("x:1", [ONE, TWO])))
    assert load(engine, archive(tmp_path / "b", ("x:2", [ONE]))).sent == 0
    assert load(engine, archive(tmp_path / "c", ("x:3", [ONE, TWO, THREE, ONE]))).sent == 2
    assert len(engine.images) == 3


def test_an_image_of_that_name_is_asked_first(engine: Engine, tmp_path: Path) -> None:
    for number in range(5):
        load(engine, archive(tmp_path / "a", (f"other:{number}", [layer_tar(f"{number}" * 32 + "-y")])))
    load(engine, archive(tmp_path / "b", ("x:1", [ONE, TWO])))
    engine.questions = 0
    assert load(engine, tmp_path / "b").sent == 0
    assert engine.questions == 1


def test_several_images_share_layers(engine: Engine, tmp_path: Path) -> None:
    path = archive(tmp_path / "a", ("x:1", [ONE, TWO]), ("y:1", [ONE, THREE]))
    assert load(engine, path).names == ("x:1", "y:1")
    assert sent(engine) == [3]
    assert load(engine, path).names == ("x:1", "y:1")
    assert sent(engine) == [3, 0]


def test_what_lacks_layers_that_are_there_is_fine(engine: Engine, tmp_path: Path) -> None:
    load(engine, archive(tmp_path / "a", ("x:1", [ONE, TWO])))
    path = archive(tmp_path / "b", ("x:2", [ONE, TWO, THREE]), leave_out=ONE)
    assert load(engine, path).sent == 1
    engine.images.clear()
    with pytest.raises(BrokenImageError, match="it is missing"):
        load(engine, path)


@pytest.mark.parametrize("way", ["whole", "forgets"])
def test_all_of_it_where_that_is_refused(engine: Engine, tmp_path: Path, way: str) -> None:
    load(engine, archive(tmp_path / "a", ("x:1", [ONE, TWO])))
    setattr(engine, way, True)
    loaded = load(engine, archive(tmp_path / "b", ("x:2", [ONE, TWO, THREE])))
    assert (loaded.names, loaded.sent) == (("x:2",), 3)
    assert sent(engine) == [2, 1, 3]


def test_podmans_service_gets_all(engine: Engine, tmp_path: Path) -> None:
    engine.name = "Podman Engine"
    for _ in range(2):
        assert load(engine, archive(tmp_path / "a", ("x:1", [ONE, TWO]))).sent == 2
    assert engine.questions == 0


def test_a_compressed_archive(engine: Engine, tmp_path: Path) -> None:
    path = archive(tmp_path / "a", ("x:1", [ONE, TWO]))
    for name, packed in (("gz", gzip.compress(path.read_bytes())), ("zst", pyzstd.compress(path.read_bytes()))):
        (tmp_path / name).write_bytes(packed)
        assert load(engine, tmp_path / name).names == ("x:1",)
    assert sent(engine) == [2, 0]


class Watched:
    """Members that tell what was read of them."""

    def __init__(self, members: Members, read: list[str]) -> None:
        self._members = members
        self._read = read

    def __contains__(self, name: object, /) -> bool:
        return name in self._members

    def size(self, name: str) -> int:
        return self._members.size(name)

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        self._read.append(name)
        return self._members.pieces(name, start)


def test_what_is_there_is_not_even_read(engine: Engine, tmp_path: Path) -> None:
    read: list[str] = []

    @contextmanager
    def opened(path: str, scratch: str) -> Iterator[Members]:
        with open_members(path, scratch) as members:
            yield Watched(members, read)

    for tars, layers in (([ONE, TWO], [ONE, TWO]), ([ONE, TWO], []), ([ONE, TWO, THREE], [THREE])):
        place = Place.parse(str(archive(tmp_path / "a", ("x:1", tars))))
        read.clear()
        load_image(place, MACHINE, engine.environment, "/tmp", opened=opened)
        assert [name for name in read if name.endswith("layer.tar")] == [f"{sha256(tar)[7:]}/layer.tar" for tar in layers]


@pytest.mark.parametrize("kind", ["gzip", "none", "zstd"])
def test_a_layout(engine: Engine, tmp_path: Path, kind: str) -> None:
    layout = Layout()
    tars = [ONE, TWO]
    config = {"rootfs": {"type": "layers", "diff_ids": [sha256(tar) for tar in tars]}}
    types: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
        "gzip": (LAYER, gzip.compress),
        "none": (PLAIN, bytes),
        "zstd": (LAYER.replace("gzip", "zstd"), pyzstd.compress),
    }
    media_type, pack = types[kind]
    layers = [layout.add(media_type, pack(tar)) for tar in tars]
    described = layout.image(tars, config=config, manifest={"layers": layers}, tag="1")
    described["annotations"][FULL] = "docker.io/library/x:1"
    path = layout.index(described).write(tmp_path / "layout")
    assert load(engine, path).names == ("x:1",)
    assert load(engine, f"oci:{path}:1").sent == 0
    assert sent(engine) == [2, 0]


def test_layouts_that_do_not_say_which(engine: Engine, tmp_path: Path) -> None:
    layout = Layout()
    path = layout.index(layout.image(), layout.image([ONE], tag="other")).write(tmp_path / "two")
    with pytest.raises(WhichImageError, match="there is more than one image"):
        load(engine, path)
    with pytest.raises(NamelessError) as caught:
        load(engine, f"oci:{path}:other")
    assert str(caught.value) == f"the image '{path}' has no name"
    with pytest.raises(OtherKindError, match="is an OCI layout, so 'docker-archive:' does not fit"):
        load(engine, f"docker-archive:{path}")
    assert engine.received == []


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    made = FakeStore(tmp_path / "store")
    made.add("libc", {"lib": {"libc.so": bytes(range(256)) * 9000}})
    made.add("hello", {"bin": {"hello": b"#!elf"}}, [made.logical("libc")])
    made.add("page", {"index.html": b"<html>"})
    return made


def test_a_script_without_running_it(engine: Engine, store: FakeStore, tmp_path: Path) -> None:
    script = stream(store, tmp_path, contents=[store.logical("hello")])
    os.chmod(script, 0o444)
    events: list[LoadEvent] = []
    loaded = load(engine, script, events)
    assert (loaded.names, loaded.sent, loaded.layers) == (("test:1",), 3, 3)
    sending = [event for event in events if isinstance(event, Sending)]
    assert [event.layer for event in sending if event.done == event.total] == [1, 2, 3]
    script.unlink()
    script = stream(store, tmp_path, contents=[store.logical("hello"), store.logical("page")])
    assert load(engine, script).sent < 4
    assert len(engine.images) == 2


def test_a_script_whose_store_lost_something(engine: Engine, store: FakeStore, tmp_path: Path) -> None:
    script = stream(store, tmp_path, contents=[store.logical("hello")])
    (store.root / store.path_of("libc").base_name / "lib/libc.so").unlink()
    with pytest.raises(GoneFromStoreError, match=r"libc\.so' cannot be opened"):
        load(engine, script)
    assert engine.images == {}


def test_an_engine_that_dies(engine: Engine, tmp_path: Path) -> None:
    path = archive(tmp_path / "a", ("x:1", [ONE, os.urandom(3_000_000)]))
    engine.breaks = 100_000
    with pytest.raises(EngineRefusedError, match="the connection broke"):
        load(engine, path)


PODMAN = """#!/bin/sh
cat > "$0.got"
test -s "$0.got" || { echo "Error: nothing to load" >&2; exit 125; }
echo "Loaded image: localhost/x:1"
"""


def test_podman(engine: Engine, tmp_path: Path) -> None:
    podman = tmp_path / "podman"
    podman.write_text(PODMAN)
    podman.chmod(0o755)
    path = archive(tmp_path / "a", ("x:1", [ONE, TWO]))
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    loaded = load_image(Place.parse(str(path)), MACHINE, environment, "/tmp", into_podman=True)
    assert (loaded.names, loaded.sent) == (("localhost/x:1",), 2)
    with tarfile.open(tmp_path / "podman.got") as tar:
        assert "manifest.json" in tar.getnames()
    assert os.path.getsize(tmp_path / "podman.got") == loaded.size
    podman.write_text("#!/bin/sh\nhead -c 10 > /dev/null; echo 'Error: no space left' >&2; exit 125\n")
    with pytest.raises(EngineRefusedError) as caught:
        load_image(Place.parse(str(path)), MACHINE, environment, "/tmp", into_podman=True)
    assert str(caught.value) == f"podman did not load '{path}': no space left"
    with pytest.raises(NoPodmanError, match="podman is not installed"):
        load_image(Place.parse(str(path)), MACHINE, {"PATH": "/nowhere"}, "/tmp", into_podman=True)
    assert engine.received == []


def test_a_layer_that_lies(engine: Engine, tmp_path: Path) -> None:
    path = archive(tmp_path / "a", ("x:1", [ONE]))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"a" * 32 + b"-x", b"z" * 32 + b"-x"))
    with pytest.raises(EngineRefusedError, match="invalid diffID"):
        load(engine, path)
