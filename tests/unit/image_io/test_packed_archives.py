"""A compressed archive is unpacked for its layers, not for its documents, and an older answer never counts for a newer file."""

import gzip
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imagetools.image.descriptor import Platform
from imagetools.image_io import packed_archives
from imagetools.image_io.image_source import find_image
from imagetools.image_io.members import Members, open_members
from imagetools.image_io.packed_archives import PackedArchives

from .layouts import TAR, layer_tar
from .test_archive_reader import archive

HERE = Platform("linux", "amd64")


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive that is not new any more."""
    monkeypatch.setattr(packed_archives, "_JUST_NOW", 0)
    path = tmp_path / "image.tar.gz"
    path.write_bytes(gzip.compress(archive([TAR, layer_tar("x")], RepoTags=["hello:1"])))
    return path


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were unpacked."""
    found: list[str] = []

    @contextmanager
    def counted(path: str, scratch: str) -> Iterator[Members]:
        found.append(path)
        with open_members(path, scratch) as members:
            yield members

    monkeypatch.setattr(packed_archives, "open_members", counted)
    return found


def look(memory: PackedArchives, path: Path, *, layers: bool = False) -> tuple[object, list[bytes]]:
    with memory.opened(str(path), str(path.parent)) as members:
        image = find_image(members, None, HERE)
        sizes = [members.size(layer.member) for layer in image.layers]
        assert "index.json" not in members
        return (image, sizes), [b"".join(members.pieces(layer.member)) for layer in image.layers] if layers else []


def test_it_is_unpacked_once(image: Path, tmp_path: Path, unpacked: list[str]) -> None:
    memory = PackedArchives(str(tmp_path / "memory"))
    first = look(memory, image)
    assert look(memory, image) == first and len(unpacked) == 1
    assert look(memory, image, layers=True)[1] == [TAR, layer_tar("x")] and len(unpacked) == 2


def test_another_file_is_another_archive(image: Path, tmp_path: Path, unpacked: list[str]) -> None:
    memory = PackedArchives(str(tmp_path / "memory"))
    look(memory, image)
    times = image.stat()
    data = gzip.compress(archive([TAR], RepoTags=["hello:2"]))
    image.write_bytes(data)
    os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))
    look(memory, image)
    assert len(unpacked) == 2
    assert look(memory, image, layers=True)[1] == [TAR]


def test_what_has_just_been_written_is_not_remembered(tmp_path: Path, unpacked: list[str]) -> None:
    path = tmp_path / "image.tar.gz"
    path.write_bytes(gzip.compress(archive([TAR], RepoTags=["hello:1"])))
    memory = PackedArchives(str(tmp_path / "memory"))
    for _ in range(2):
        look(memory, path)
    assert time.time_ns() - path.stat().st_ctime_ns > 2_000_000_000 or not (tmp_path / "memory").exists()
    assert unpacked


@pytest.mark.parametrize("damage", [lambda data: data[:50], lambda data: data.replace(b"sizes", b"sizez"), lambda data: b""])
def test_damaged_entries_are_none(image: Path, tmp_path: Path, unpacked: list[str], damage: object) -> None:
    memory = PackedArchives(str(tmp_path / "memory"))
    first = look(memory, image)
    (entry,) = (tmp_path / "memory").iterdir()
    entry.write_bytes(damage(entry.read_bytes()))  # type: ignore[operator]
    assert look(memory, image) == first and len(unpacked) == 2
    assert look(memory, image) == first and len(unpacked) == 2


def test_what_is_not_compressed_needs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(archive([TAR], RepoTags=["hello:1"]))
    memory = PackedArchives(str(tmp_path / "memory"))
    look(memory, path)
    assert not (tmp_path / "memory").exists()


def test_a_folder_that_cannot_be_written(image: Path) -> None:
    memory = PackedArchives("/proc/nothing")
    assert look(memory, image) == look(memory, image)


def test_old_entries_go(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_archives, "_MOST", 2)
    memory = PackedArchives(str(tmp_path / "memory"))
    for number in range(4):
        image.write_bytes(gzip.compress(archive([TAR], RepoTags=[f"hello:{number}"])))
        look(memory, image)
    assert len(list((tmp_path / "memory").iterdir())) == 2
