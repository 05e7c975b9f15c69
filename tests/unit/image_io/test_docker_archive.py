"""The archive that comes out: its members, equal layers, and that nothing around it shows in its bytes."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from imagetools.image.container_config import ContainerConfig
from imagetools.image.image import Image
from imagetools.image.reference import Reference
from imagetools.image_io import tar_layer
from imagetools.image_io.archive_reader import validate_archive
from imagetools.image_io.block_stream import BlockStream
from imagetools.image_io.compressors import PlainSink
from imagetools.image_io.docker_archive import DockerArchiveWriter
from imagetools.image_io.entries import walk
from imagetools.image_io.stamp import Stamp
from imagetools.image_io.tar_layer import LayerPart, LayerSource, MeasuredTar


def source(folder: Path, stamp: Stamp | None = None) -> LayerSource:
    return LayerSource(folder.name, (LayerPart(lambda: walk(os.fsencode(folder), b"data"), stamp or Stamp()),), "a comment")


def write(*sources: LayerSource) -> tuple[bytes, Image]:
    out = io.BytesIO()
    with BlockStream(PlainSink(out)) as stream:
        archive = DockerArchiveWriter(stream)
        for item in sources:
            archive.add_layer(item)
        image = archive.finish(
            Image("amd64", "1970-01-01T00:00:01Z", ContainerConfig({})), [Reference("a", "1"), Reference("b", "2")]
        )
    return out.getvalue(), image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    (made / "file").write_bytes(b"x" * 1000)
    (made / ("long" * 60)).symlink_to("y" * 200)
    return made


def test_members(folder: Path) -> None:
    data, image = write(source(folder))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        layer, config, manifest = tar.getmembers()
        bodies = [file.read() for member in (layer, config, manifest) if (file := tar.extractfile(member))]
    assert layer.size == MeasuredTar(source(folder)).size == image.layers[0].size
    assert image.layers[0].diff_id.digest == hashlib.sha256(bodies[0]).digest()
    assert config.name == f"{image.id.base16()}.json" and bodies[1] == image.config_json()
    assert json.loads(bodies[2]) == [{"Config": config.name, "RepoTags": ["a:1", "b:2"], "Layers": [layer.name]}]
    assert {(m.mode, m.mtime, m.uid, m.gid) for m in (layer, config, manifest)} == {(0o444, 1, 0, 0)}


def test_equal_layers_are_written_once_and_named_twice(folder: Path, tmp_path: Path) -> None:
    data, image = write(source(folder), source(folder), source(folder, Stamp(uid=5)))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert len(tar.getmembers()) == 4
    assert image.diff_ids[0] == image.diff_ids[1] != image.diff_ids[2]
    (tmp_path / "image.tar").write_bytes(data)
    assert validate_archive(str(tmp_path / "image.tar")) == ()


def test_more_members_than_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(source(folder))[0]
    monkeypatch.setattr(tar_layer, "_MOST_KEPT", 1)
    assert write(source(folder))[0] == first


def test_no_layers_at_all(tmp_path: Path) -> None:
    data, image = write()
    assert image.layers == ()
    (tmp_path / "image.tar").write_bytes(data)
    assert validate_archive(str(tmp_path / "image.tar")) == ()


BUILD = """
import os, sys
os.umask(int(sys.argv[1], 8))
from pathlib import Path
from tests.unit.builders.fakes import FakeStore
from tests.unit.builders.build import build
place = Path(sys.argv[2])
store = FakeStore(place / "store")
libc = store.add("libc", {"lib": {"libc.so": b"code" * 400000}, "caf\\xe9": b""})
store.add("hello", {"bin": {"hello": b"#!elf"}, "z": {"a": "../bin/hello"}}, [libc])
for layout in ("single", "layered"):
    build(store, place / layout, layout, contents=[store.logical("hello")], config={"Labels": {"b": "1", "a": "ü"}})
"""


def test_nothing_around_the_build_shows_in_its_bytes(tmp_path: Path) -> None:
    """Folder, umask, time zone, hash seed, locale, number of processors: two builds are equal (row 2.021)."""
    root = str(Path(__file__).parents[3])
    seen = []
    cases = (("0022", "UTC", "0", "C"), ("0077", "Asia/Tokyo", "4711", "C.UTF-8"))
    for number, (umask, zone, seed, locale) in enumerate(cases):
        place = tmp_path / ("x" * 30 * number + str(number))
        place.mkdir()
        env = {"TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONPATH": root, "PATH": os.environ["PATH"]}
        one_processor = ["taskset", "-c", "0"] if number else []
        subprocess.run([*one_processor, sys.executable, "-c", BUILD, umask, str(place)], env=env, check=True)
        seen.append([(place / name).read_bytes() for name in ("single", "layered")])
    assert seen[0] == seen[1]
