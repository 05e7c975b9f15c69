"""Canonical metadata of what builders leave behind."""

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from imagetools.store.canonical import WrongOwnerError
from imagetools.store.fs_nar import UnsupportedFileError, canonicalise
from tests.unit.store.test_fs_restore import check_canonical
from tests.unit.store.trees import SAMPLE, make, read


def test_modes_and_times(tmp_path: Path) -> None:
    make(tmp_path / "t", SAMPLE)
    canonicalise(str(tmp_path / "t"))
    check_canonical(tmp_path / "t")
    assert read(tmp_path / "t") == SAMPLE
    canonicalise(os.fsencode(tmp_path / "t"))
    check_canonical(tmp_path / "t")


@pytest.mark.parametrize(
    "mode, wanted", [(0o6755, 0o555), (0o2644, 0o444), (0o1777, 0o555), (0o655, 0o444), (0o700, 0o555), (0, 0o444)]
)
def test_special_bits_go(tmp_path: Path, mode: int, wanted: int) -> None:
    make(tmp_path / "f", b"x")
    (tmp_path / "f").chmod(mode)
    canonicalise(str(tmp_path / "f"))
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == wanted


def test_a_folder_without_permissions(tmp_path: Path) -> None:
    make(tmp_path / "t", {b"closed": {b"f": b"x"}})
    (tmp_path / "t/closed").chmod(0)
    canonicalise(str(tmp_path / "t"))
    check_canonical(tmp_path / "t")


def test_a_symlink_is_touched_itself(tmp_path: Path) -> None:
    make(tmp_path / "outside", b"x")
    before = (tmp_path / "outside").stat()
    make(tmp_path / "t", {b"link": str(tmp_path / "outside"), b"gone": "nowhere"})
    canonicalise(str(tmp_path / "t"))
    check_canonical(tmp_path / "t")
    after = (tmp_path / "outside").stat()
    assert (before.st_mode, before.st_mtime_ns) == (after.st_mode, after.st_mtime_ns)


def test_hard_links_stay(tmp_path: Path) -> None:
    make(tmp_path / "t", {b"a": b"x"})
    os.link(tmp_path / "t/a", tmp_path / "t/b")
    canonicalise(str(tmp_path / "t"), build_uids=range(os.getuid(), os.getuid() + 1))
    check_canonical(tmp_path / "t")
    assert (tmp_path / "t/a").samefile(tmp_path / "t/b")


def test_extended_attributes_go(tmp_path: Path) -> None:
    make(tmp_path / "f", b"x")
    try:
        os.setxattr(tmp_path / "f", "user.note", b"hi")
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            pytest.skip("no extended attributes on this file system")
        raise
    canonicalise(str(tmp_path / "f"))
    assert os.listxattr(tmp_path / "f") == []


@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_other_kinds_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    (tmp_path / "t").mkdir()
    with socket.socket(socket.AF_UNIX) as peer:
        if kind == "fifo":
            os.mkfifo(tmp_path / "t/it")
        else:
            peer.bind(str(tmp_path / "t/it"))
        with pytest.raises(UnsupportedFileError, match=f"^file '{tmp_path}/t/it' is a {kind}; a store object holds only"):
            canonicalise(str(tmp_path / "t"))


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "f", b"x")
    mine = os.getuid()
    with pytest.raises(WrongOwnerError) as caught:
        canonicalise(str(tmp_path / "f"), build_uids=range(mine + 1, mine + 2))
    assert caught.value.message == f"invalid ownership on file '{tmp_path}/f': it belongs to user {mine}, not to the build"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_the_build_become_ours_through_all_their_hard_links(tmp_path: Path) -> None:
    make(tmp_path / "t", {b"a": (b"x", True), b"l": "a"})
    os.link(tmp_path / "t/a", tmp_path / "t/b")
    for name in ("t", "t/a", "t/l"):
        os.chown(tmp_path / name, 30001, 30001, follow_symlinks=False)
    canonicalise(str(tmp_path / "t"), build_uids=range(30001, 30002))
    check_canonical(tmp_path / "t")
    for name in ("t", "t/a", "t/b", "t/l"):
        assert (tmp_path / name).lstat().st_uid == 0
