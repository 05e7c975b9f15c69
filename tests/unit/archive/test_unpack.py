"""Hostile archives: each is refused by name, and nothing appears outside the folder."""

import os
import stat
from pathlib import Path

import pytest

from imagetools.archive.stream import ByteStream
from imagetools.archive.tarball import read_tar
from imagetools.archive.unpack import UnpackPolicy, UnsafeMemberError, unpack
from tests.unit.archive.tapes import file, folder, hardlink, header, symlink, tape


def into(place: Path, *parts: bytes, policy: UnpackPolicy | None = None) -> int:
    root = place / "root"
    root.mkdir()
    return unpack(read_tar(ByteStream.of_chunks([tape(*parts)])), str(root), policy)


def tree(place: Path) -> dict[str, str]:
    found = {}
    for folder_, folders, files in os.walk(place / "root"):
        for name in folders + files:
            path = Path(folder_, name)
            status = path.lstat()
            text = "dir" if path.is_dir() else oct(stat.S_IMODE(status.st_mode))[2:] + " " + path.read_text()
            found[str(path.relative_to(place / "root"))] = f"-> {path.readlink()}" if path.is_symlink() else text
    return found


def test_a_tree(tmp_path: Path) -> None:
    size = into(
        tmp_path,
        folder(b"./"),
        file(b"./a/b/c", b"text"),
        file(b"x", b"run", 0o4711),
        symlink(b"a/l", b"../x"),
        symlink(b"a/m", b"b/../../x"),
        hardlink(b"h", b"./a/b/c"),
        folder(b"a/b"),
        folder(b"e"),
    )
    assert tree(tmp_path) == {
        "a": "dir",
        "a/b": "dir",
        "a/b/c": "644 text",
        "x": "755 run",
        "a/l": "-> ../x",
        "a/m": "-> b/../../x",
        "h": "644 text",
        "e": "dir",
    }
    assert size == 7


def test_the_later_one_wins(tmp_path: Path) -> None:
    into(tmp_path, file(b"a", b"1"), hardlink(b"b", b"a"), file(b"a", b"2"), symlink(b"c", b"a"), file(b"c", b"3"))
    assert tree(tmp_path) == {"a": "644 2", "b": "644 1", "c": "644 3"}


def test_absolute_links_by_leave_only(tmp_path: Path) -> None:
    into(tmp_path, symlink(b"etc/x", b"/etc/y"), policy=UnpackPolicy(absolute_links=True))
    assert os.readlink(tmp_path / "root/etc/x") == "/etc/y"


HOSTILE = {
    "dots": ([file(b"../x")], "its name has '..'"),
    "dots inside": ([file(b"a/../../x")], "its name has '..'"),
    "absolute": ([file(b"/etc/x")], "its name is absolute"),
    "absolute folder": ([folder(b"/")], "its name is absolute"),
    "long": ([header(b"a", prefix=b"") and file(b"a" * 100), file(b"b/" + b"c" * 98)], None),
    "through a link": ([symlink(b"l", b"."), file(b"l/x")], "no directory|symbolic link"),
    "through a link out": ([symlink(b"d/l", b".."), file(b"d/l/x")], "no directory|symbolic link"),
    "folder over a link": ([symlink(b"l", b"."), folder(b"l")], "no directory|symbolic link"),
    "through a file": ([file(b"f"), file(b"f/x")], "no directory"),
    "link out": ([symlink(b"l", b"../outside")], "links out of the archive, to '../outside'"),
    "link out, deep": ([symlink(b"a/b/l", b"../../../x")], "links out of the archive"),
    "link out, by steps": ([symlink(b"a/l", b"x/../../../y")], "links out of the archive"),
    "link out, by another link": ([symlink(b"a/b/s", b"../.."), symlink(b"a/b/l", b"s/../../z")], "by way of another link"),
    "link out, order turned": ([symlink(b"a/b/l", b"s/../../z"), symlink(b"a/b/s", b"../..")], "by way of another link"),
    "absolute link": ([symlink(b"l", b"/etc/passwd")], "links to the absolute path '/etc/passwd'"),
    "no target": ([symlink(b"l", b"")], "without a target"),
    "hard link out": ([hardlink(b"l", b"../x")], "its name has '..'"),
    "hard link absolute": ([hardlink(b"l", b"/etc/passwd")], "its name is absolute"),
    "hard link to nothing": ([hardlink(b"l", b"gone")], "not in the archive"),
    "hard link to nothing below": ([hardlink(b"l", b"gone/x")], "not in the archive"),
    "hard link to a link": ([symlink(b"a/b/s", b"../../x"), hardlink(b"l", b"a/b/s")], "links out of the archive, to '../../x'"),
    "hard link to a folder": ([folder(b"d"), hardlink(b"l", b"d")], "no regular file"),
    "hard link through a link": (
        [folder(b"d"), file(b"d/x"), symlink(b"s", b"d"), hardlink(b"l", b"s/x")],
        "no directory|symbolic link",
    ),
    "character device": ([header(b"n", flag=b"3")], "it is a character device"),
    "block device": ([header(b"n", flag=b"4")], "it is a block device"),
    "pipe": ([header(b"n", flag=b"6")], "it is a named pipe"),
    "file as root": ([file(b".")], "the root of the archive is a file"),
    "link as root": ([symlink(b"./", b"x")], "the root of the archive is a symbolic link"),
    "file over a folder": ([folder(b"d"), file(b"d")], "a directory is there already"),
    "link over a folder": ([folder(b"d"), symlink(b"d", b"x")], "a directory is there already"),
}


@pytest.mark.parametrize("case", [case for case, (_, reason) in HOSTILE.items() if reason])
def test_must_reject(tmp_path: Path, case: str) -> None:
    parts, reason = HOSTILE[case]
    with pytest.raises(UnsafeMemberError, match=reason):
        into(tmp_path, *parts)
    assert os.listdir(tmp_path) == ["root"]


def test_bounds(tmp_path: Path) -> None:
    with pytest.raises(UnsafeMemberError, match="more than 10 bytes"):
        into(tmp_path, file(b"a", b"123456"), file(b"b", b"123456"), policy=UnpackPolicy(max_bytes=10))
    (tmp_path / "two").mkdir()
    with pytest.raises(UnsafeMemberError, match="more than 1 members"):
        into(tmp_path / "two", file(b"a"), file(b"b"), policy=UnpackPolicy(max_members=1))


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    from tests.unit.archive.tapes import pax

    with pytest.raises(UnsafeMemberError, match="longer than 255 bytes"):
        into(tmp_path, pax(path=b"n" * 256), file(b"a"))
    for number, parts in enumerate(
        [
            [pax(path=b"n/" * 2048 + b"x"), file(b"a")],
            [pax(linkpath=b"n/" * 2048), symlink(b"a", b"x")],
        ]
    ):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(UnsafeMemberError, match="longer than 4095 bytes"):
            into(tmp_path / str(number), *parts)


def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    into(tmp_path, file(b"\xff\xfe/\x01"))
    assert os.listdir(os.fsencode(tmp_path / "root")) == [b"\xff\xfe"]


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    into(tmp_path, *[file(b"a/%d/b/%d" % (n % 3, n)) for n in range(30)], symlink(b"a/1/l", b"b"), hardlink(b"q/h", b"a/0/b/0"))
    with pytest.raises(UnsafeMemberError):
        unpack(read_tar(ByteStream.of_chunks([tape(file(b"a/1/l/x"))])), str(tmp_path / "root"))
    assert len(os.listdir("/proc/self/fd")) == before


def test_links_of_every_kind_by_leave_only(tmp_path: Path) -> None:
    links = [symlink(b"a", b"/etc/passwd"), symlink(b"b", b"../../x"), symlink(b"c", b"."), symlink(b"d", b"c/../../x")]
    into(tmp_path, *links, policy=UnpackPolicy(any_links=True))
    assert {path.name: str(path.readlink()) for path in (tmp_path / "root").iterdir()} == {
        "a": "/etc/passwd",
        "b": "../../x",
        "c": ".",
        "d": "c/../../x",
    }
    (tmp_path / "again").mkdir()
    with pytest.raises(UnsafeMemberError, match="its name goes through"):
        into(tmp_path / "again", symlink(b"a", b"/tmp"), file(b"a/x", b""), policy=UnpackPolicy(any_links=True))
