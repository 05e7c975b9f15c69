"""Writing trees: what a NAR says, canonical, and never outside of the target."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from imagetools.formats.nar import wire
from imagetools.formats.nar.reader import NarError
from imagetools.store.disk import StoreWriteError, delete_tree
from imagetools.store.fs_restore import restore, restoring
from tests.unit.store.test_fs_dump import TREES, dumped
from tests.unit.store.trees import SAMPLE, Tree, nar_of, read


def all_members(root: Path) -> list[Path]:
    return [root, *root.rglob("*")]


def check_canonical(root: Path) -> None:
    for path in all_members(root):
        state = path.lstat()
        assert state.st_mtime_ns == 1_000_000_000, path
        if stat.S_ISDIR(state.st_mode):
            assert stat.S_IMODE(state.st_mode) == 0o555, path
        elif stat.S_ISREG(state.st_mode):
            assert stat.S_IMODE(state.st_mode) in (0o444, 0o555), path


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_tree_is_restored_canonically_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        restore((nar_of(SAMPLE),), tmp_path / "t")
    finally:
        os.umask(before)
    assert read(tmp_path / "t") == SAMPLE
    check_canonical(tmp_path / "t")
    delete_tree(str(tmp_path / "t"))


@settings(max_examples=50, deadline=None)
@given(TREES)
def test_dump_undoes_restore(tmp_path_factory: pytest.TempPathFactory, tree: Tree) -> None:
    root = tmp_path_factory.mktemp("any") / "t"
    restore((nar_of(tree),), root)
    assert dumped(root) == nar_of(tree)
    delete_tree(str(root))


def test_any_chunking(tmp_path: Path) -> None:
    nar = nar_of(SAMPLE)
    restore((nar[start : start + 7] for start in range(0, len(nar), 7)), tmp_path / "t")
    assert dumped(tmp_path / "t") == nar


def test_a_root_directory_stays_writable_until_it_is_finished(tmp_path: Path) -> None:
    with restoring(tmp_path / "t") as feed:
        feed(nar_of(SAMPLE))
    assert stat.S_IMODE((tmp_path / "t").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "t/bin").stat().st_mode) == 0o555


def test_a_large_file_over_several_chunks(tmp_path: Path) -> None:
    data = os.urandom(5 << 20)
    nar = nar_of(data)
    restore((nar[start : start + 100_000] for start in range(0, len(nar), 100_000)), tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == data


def test_what_exists_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "t").symlink_to("victim")
    trees: list[Tree] = [b"evil", {b"x": b"evil"}, "evil"]
    for tree in trees:
        with pytest.raises(StoreWriteError, match="File exists"):
            restore((nar_of(tree),), tmp_path / "t")
    assert (tmp_path / "victim").read_bytes() == b"precious"


def entry(name: bytes, node: bytes) -> bytes:
    return wire.ENTRY + wire.string(name) + wire.NODE + node + wire.CLOSE


FILE = wire.REGULAR + wire.string(b"evil") + wire.CLOSE
LINK = wire.SYMLINK + wire.string(b"..") + wire.CLOSE


@pytest.mark.parametrize(
    "members",
    [
        entry(b"..", FILE),
        entry(b".", FILE),
        entry(b"../evil", FILE),
        entry(b"/tmp/evil", FILE),
        entry(b"", FILE),
        entry(b"a\0b", FILE),
        entry(b"a", LINK) + entry(b"a", wire.DIRECTORY + entry(b"evil", FILE) + wire.CLOSE),
        entry(b"b", FILE) + entry(b"a", FILE),
        entry(b"a", LINK) + entry(b"a/evil", FILE),
    ],
)
def test_a_nar_cannot_leave_its_target(tmp_path: Path, members: bytes) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(NarError):
        restore((wire.MAGIC + wire.DIRECTORY + members + wire.CLOSE,), tmp_path / "in" / "t")
    assert not list(tmp_path.rglob("evil"))
    assert os.listdir(tmp_path) == ["in"]


@pytest.mark.parametrize("cut", [lambda nar: nar[:-1], lambda nar: nar + b"x", lambda nar: nar[:60]])
def test_a_damaged_nar_is_refused(tmp_path: Path, cut: Callable[[bytes], bytes]) -> None:
    with pytest.raises(NarError):
        restore((cut(nar_of(SAMPLE)),), tmp_path / "t")


def test_a_tree_deeper_than_a_path_may_be_gives_a_clear_error(tmp_path: Path) -> None:
    depth = 3000
    head = wire.MAGIC + wire.DIRECTORY + (wire.ENTRY + wire.string(b"d") + wire.NODE + wire.DIRECTORY) * depth
    with pytest.raises(StoreWriteError, match="File name too long"):
        restore((head,), tmp_path / "t")
    delete_tree(str(tmp_path / "t"))
