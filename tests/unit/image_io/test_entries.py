"""Walking a folder: order, kinds, modes, and what is refused."""

import os
from pathlib import Path

import pytest

from imagetools.image_io.entries import DIRECTORY, REGULAR, SYMLINK, Entry, StrangeFileError, walk


def test_order_is_by_component_and_bytes(tmp_path: Path) -> None:
    for name in ["b", "a", "a.x", "a-", "Z"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").touch()
    names = [entry.name.decode() for entry in walk(os.fsencode(tmp_path), b"r")]
    assert names == ["r", *(f"r/{name}{rest}" for name in ["Z", "a", "a-", "a.x", "b"] for rest in ["", "/f"])]


def test_kinds_and_modes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "file").chmod(0o4640)
    (tmp_path / "program").touch()
    (tmp_path / "program").chmod(0o710)
    (tmp_path / "link").symlink_to("nowhere")
    root, file, link, program = walk(os.fsencode(tmp_path), b"")
    assert (root.name, root.kind, root.mode) == (b"", DIRECTORY, 0o555)
    assert file == Entry(b"file", REGULAR, 0o444, 5, os.fsencode(tmp_path / "file"))
    assert link == Entry(b"link", SYMLINK, 0o777, target=b"nowhere")
    assert program.mode == 0o555


def test_a_single_file_or_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    assert [entry.kind for entry in walk(os.fsencode(tmp_path / "file"), b"f")] == [REGULAR]
    assert [entry.kind for entry in walk(os.fsencode(tmp_path / "link"), b"l")] == [SYMLINK]


def test_hard_links_are_files(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x")
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    assert [entry.size for entry in walk(os.fsencode(tmp_path), b"")] == [0, 1, 1]


@pytest.mark.parametrize("deep", [False, True])
def test_a_pipe_is_refused(tmp_path: Path, deep: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StrangeFileError) as caught:
        list(walk(os.fsencode(tmp_path if deep else tmp_path / "pipe"), b""))
    assert (
        str(caught.value) == f"'{tmp_path}/pipe' is neither a file, a folder nor a symbolic link, so it cannot go into an image"
    )
