import os
from pathlib import Path

import pytest

from imagetools.archive.stream import ArchiveError
from imagetools.archive.unpack import UnsafeMemberError
from imagetools.builtin.api import MissingAttributeError
from imagetools.bundled.fetchers.fetchdeb.unpack_deb import UnpackDeb
from tests.unit.archive.tapes import deb, file, folder, symlink, tape
from tests.unit.fetchers.context import SmallContext


def build(place: Path, data: bytes) -> Path:
    (place / "x.deb").write_bytes(data)
    UnpackDeb().build(SmallContext.below(place, "unpackdeb", {"src": str(place / "x.deb")}))
    return place / "out"


def test_the_files_of_a_package(tmp_path: Path) -> None:
    out = build(tmp_path, deb(tape(folder(b"./"), file(b"./bin/x", b"run", 0o4755), symlink(b"./bin/y", b"/etc/alternatives/y"))))
    assert (out / "bin/x").read_bytes() == b"run"
    assert (out / "bin/x").stat().st_mode & 0o7777 == 0o755
    assert os.readlink(out / "bin/y") == "/etc/alternatives/y"
    assert os.listdir(out) == ["bin"]


def test_hostile_and_broken_packages(tmp_path: Path) -> None:
    with pytest.raises(UnsafeMemberError):
        build(tmp_path, deb(tape(file(b"../x"))))
    for number, data in enumerate((b"", b"<html>", deb(tape(file(b"a")))[:-20])):
        place = tmp_path / str(number)
        place.mkdir()
        with pytest.raises(ArchiveError):
            build(place, data)


def test_needs_a_source(tmp_path: Path) -> None:
    with pytest.raises(MissingAttributeError):
        UnpackDeb().build(SmallContext.below(tmp_path, "unpackdeb", {}))
