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
