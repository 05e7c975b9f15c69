"""What the store asks of a disk."""

import errno
import os
from pathlib import Path

import pytest

from imagetools.store.disk import DiskFullError, StoreAccessError, StoreWriteError, delete_tree, explain, sync_objects, writing
from tests.unit.store.trees import SAMPLE, make


def test_read_only_trees_are_deleted_and_links_not_followed(tmp_path: Path) -> None:
    make(tmp_path / "precious", {b"keep": b"x"})
    make(tmp_path / "t", {b"a": {b"b": {b"c": b"x"}}, b"out": str(tmp_path / "precious")})
    (tmp_path / "t/a/b").chmod(0o555)
    (tmp_path / "t/a").chmod(0)
    delete_tree(str(tmp_path / "t"))
    assert os.listdir(tmp_path) == ["precious"]
    assert (tmp_path / "precious/keep").exists()


def test_deleting_files_links_and_nothing(tmp_path: Path) -> None:
    make(tmp_path / "f", b"x")
    make(tmp_path / "l", "f")
    delete_tree(str(tmp_path / "l"))
    assert os.listdir(tmp_path) == ["f"]
    delete_tree(os.fsencode(tmp_path / "f"))
    delete_tree(str(tmp_path / "f"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["d" * 200, ".deep-0"])
def test_deleting_what_is_too_deep_for_a_path(tmp_path: Path, name: str) -> None:
    make_deep(tmp_path / "t", name, 4500)
    (tmp_path / "t/.deep-0/x").mkdir(parents=True, exist_ok=True)
    (tmp_path / "t/.deep-1").write_text("a file")
    delete_tree(str(tmp_path / "t"))
    assert os.listdir(tmp_path) == []


def make_deep(top: Path, name: str, length: int) -> None:
    """Folders in folders until their path is ``length`` characters longer, and a file in the last."""
    top.mkdir()
    fd = os.open(top, os.O_RDONLY)
    for _ in range(length // (len(name) + 1)):
        os.mkdir(name, 0o500, dir_fd=fd)
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.fchmod(below, 0o700)
        os.close(fd)
        fd = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=fd))
    os.close(fd)


@pytest.mark.parametrize("tree", [b"x", SAMPLE])
@pytest.mark.parametrize("count", [1, 8])
def test_syncing_files_and_trees(tmp_path: Path, tree: bytes, count: int) -> None:
    paths = [tmp_path / str(number) for number in range(count)]
    for path in paths:
        make(path, tree)
    sync_objects(str(tmp_path), [str(path) for path in paths])


@pytest.mark.parametrize(
    "number, kind, hint",
    [
        (errno.ENOSPC, DiskFullError, "free some space there, then run the command again; nothing was lost"),
        (errno.EDQUOT, DiskFullError, "free some space there, then run the command again; nothing was lost"),
        (errno.EACCES, StoreAccessError, "choose a store that you own with --store, or run as its owner"),
        (errno.EROFS, StoreAccessError, "choose a store that you own with --store, or run as its owner"),
        (errno.EIO, StoreWriteError, None),
    ],
)
def test_failed_writes_have_names(number: int, kind: type[Exception], hint: str | None) -> None:
    error = explain(OSError(number, os.strerror(number)), b"/s/\xff")
    assert type(error) is kind
    assert error.message == f"cannot write '/s/\ufffd': {os.strerror(number)}"
    assert error.hint == hint


def test_the_file_that_the_error_names_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreWriteError) as caught, writing("/elsewhere"):
        os.mkdir(tmp_path / "a" / "b")
    assert caught.value.path == str(tmp_path / "a" / "b")
