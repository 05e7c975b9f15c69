"""Archives of every kind by their first bytes; what is none is called by its name."""

import bz2
import gzip
import lzma
import os
import tracemalloc
from pathlib import Path

import pytest
import pyzstd

from imagetools.archive.stream import ArchiveError
from imagetools.archive.unpack import UnpackPolicy, UnsafeMemberError
from imagetools.bundled.fetchers.archives import NoArchiveError, TooLargeError, unpack_into
from tests.unit.archive.packers import compress, lzip
from tests.unit.archive.tapes import file, folder, hardlink, symlink, tape
from tests.unit.archive.zips import Item, archive, link

TAPE = tape(folder(b"p/"), file(b"p/x", b"text", 0o755), symlink(b"p/l", b"x"))
KINDS = {
    "tar": TAPE,
    "gzip": gzip.compress(TAPE),
    "bzip2": bz2.compress(TAPE),
    "xz": lzma.compress(TAPE),
    "zstd": pyzstd.compress(TAPE),
    "lzma": lzma.compress(TAPE, format=lzma.FORMAT_ALONE),
    "lzip": lzip(TAPE),
    "compress": compress(TAPE),
    "zip": archive(Item(b"p/x", b"text", mode=0o100755), link(b"p/l", b"x")),
    "a program that unpacks itself": archive(Item(b"p/x", b"text", mode=0o100755), link(b"p/l", b"x"), before=b"MZ" + bytes(600)),
}


def unpacked(place: Path, data: bytes, name: str = "download", policy: UnpackPolicy | None = None) -> dict[str, str]:
    (place / "archive").write_bytes(data)
    (place / "to").mkdir()
    unpack_into(str(place / "archive"), str(place / "to"), name, policy)
    found = {}
    for path in sorted((place / "to").rglob("*")):
        kind = f"-> {path.readlink()}" if path.is_symlink() else "" if path.is_dir() else oct(path.stat().st_mode)[-3:]
        found[str(path.relative_to(place / "to"))] = kind
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(tmp_path: Path, kind: str) -> None:
    assert unpacked(tmp_path, KINDS[kind]) == {"p": "", "p/l": "-> x", "p/x": "755"}


def test_names_do_not_count(tmp_path: Path) -> None:
    assert unpacked(tmp_path, KINDS["zip"], "x.tar.gz") == {"p": "", "p/l": "-> x", "p/x": "755"}


def test_lzma_that_only_its_name_betrays(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 0, "lp": 2, "pb": 0}]
    data = lzma.compress(TAPE, format=lzma.FORMAT_ALONE, filters=filters)
    assert unpacked(tmp_path, data, "x.tar.lzma")["p/x"] == "755"
    (tmp_path / "two").mkdir()
    with pytest.raises(NoArchiveError):
        unpacked(tmp_path / "two", b"text that has nothing to do with it", "x.tar.lzma")


def test_final_modes(tmp_path: Path) -> None:
    assert unpacked(tmp_path, KINDS["gzip"], policy=UnpackPolicy(final=True))["p/x"] == "555"
    (tmp_path / "two").mkdir()
    again = tape(file(b"a", b"1"), file(b"a", b"2"))
    assert unpacked(tmp_path / "two", again, policy=UnpackPolicy(final=True)) == {"a": "444"}
    assert (tmp_path / "two/to/a").read_bytes() == b"2"


NONE = {
    "empty": (b"", "an empty file"),
    "text": (b"just a text\n", "a text"),
    "page": (b"\n<!DOCTYPE html><html>", "an HTML page"),
    "json": (b'{"message": "Not Found"}', "what looks like JSON"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(600), "a 7z archive"),
    "rar": (b"Rar!\x1a\x07\x01\0" + bytes(600), "a RAR archive"),
    "lzop": (b"\x89LZO\0\r\n\x1a\n" + bytes(600), "lzop data"),
    "deb": (b"!<arch>\ndebian-binary" + bytes(600), "a Debian package"),
    "nar": (b"\r\0\0\0\0\0\0\0nix-archive-1", "a Nix archive"),
    "noise": (bytes(range(1, 256)) * 4, "data of an unknown kind"),
    "text in gzip": (gzip.compress(b"no tape at all"), "gzip data with a text in it"),
    "a tarball in itself": (gzip.compress(gzip.compress(TAPE)), "gzip data with data of an unknown kind in it"),
    "cpio in xz": (lzma.compress(b"070701" + b"0" * 600), "xz data with a cpio archive in it"),
}


@pytest.mark.parametrize("case", NONE)
def test_no_archive(tmp_path: Path, case: str) -> None:
    data, what = NONE[case]
    with pytest.raises(NoArchiveError) as caught:
        unpacked(tmp_path, data, "thing.tar.gz")
    assert caught.value.message == f"'thing.tar.gz' is no archive that can be unpacked: it is {what}"
    assert caught.value.hint is not None
    assert list((tmp_path / "to").iterdir()) == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"tar", "compress", "a program that unpacks itself"}])
def test_every_cut_is_seen(tmp_path: Path, kind: str) -> None:
    data = KINDS[kind]
    for number, size in enumerate(range(1, len(data), max(1, len(data) // 12))):
        (tmp_path / str(number)).mkdir()
        with pytest.raises((ArchiveError, NoArchiveError)):
            unpacked(tmp_path / str(number), data[:size])


@pytest.mark.parametrize("kind", ["gzip", "xz", "lzip"])
def test_a_checksum_at_the_very_end(tmp_path: Path, kind: str) -> None:
    data = bytearray(KINDS[kind])
    data[-5 if kind == "gzip" else -9 if kind == "xz" else -18] ^= 1
    with pytest.raises(ArchiveError):
        unpacked(tmp_path, bytes(data))


def test_more_than_the_disk_has(tmp_path: Path) -> None:
    data = archive(Item(b"a", b"x", packed=b"x" * 9, method=8, size=(1 << 31)), Item(b"b", b"x", method=8, size=(1 << 31)))
    with pytest.raises(TooLargeError, match=r"'bomb\.zip' unpacks to 4294967296 bytes, and the disk has room for 1000000000"):
        unpacked(tmp_path, data, "bomb.zip", UnpackPolicy(max_bytes=10**9))
    assert os.listdir(tmp_path / "to") == []


def test_memory_is_constant(tmp_path: Path) -> None:
    data = gzip.compress(tape(file(b"zeros", bytes(24 << 20))))
    tracemalloc.start()
    try:
        unpacked(tmp_path, data)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_bomb_on_a_tape(tmp_path: Path) -> None:
    with pytest.raises(UnsafeMemberError, match="unpacks to more than 1000000 bytes"):
        unpacked(tmp_path, lzma.compress(tape(file(b"zeros", bytes(2_000_000)))), policy=UnpackPolicy(max_bytes=1_000_000))
    assert os.listdir(tmp_path / "to") == []


HOSTILE = {
    "dots": (archive(Item(b"../x")), "'../x': its name has '..'"),
    "dots and backslashes": (archive(Item(b"..\\x", host=0)), "'../x': its name has '..'"),
    "absolute": (archive(Item(b"/x")), "'/x': its name is absolute"),
    "link out": (archive(link(b"l", b"../x")), "'l': it links out of the archive, to '../x'"),
    "absolute link": (archive(link(b"l", b"/etc/passwd")), "'l': it links to the absolute path '/etc/passwd'"),
    "through a link": (archive(link(b"l", b"d"), Item(b"l/x")), "'l/x': its name goes through"),
    "twice": (archive(Item(b"a", b"1"), Item(b"a", b"2")), "'a': the archive has it more than once"),
    "twice after all": (archive(Item(b"a\1", b"1"), Item(b"a", b"2")), "'a': the archive has it more than once"),
    "file and folder": (archive(Item(b"a/b"), Item(b"a")), "'a': the archive has it more than once"),
    "newline in a message": (tape(file(b"../a\nb\x1b[2J")), r"'../a\\nb\\x1b\[2J': its name has '..'"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile(tmp_path: Path, case: str) -> None:
    data, what = HOSTILE[case]
    with pytest.raises(UnsafeMemberError, match=f"bad archive: member {what}"):
        unpacked(tmp_path, data)
    assert sorted(os.listdir(tmp_path)) == ["archive", "to"]


def test_links_are_measured_from_where_the_root_will_be(tmp_path: Path) -> None:
    data = tape(symlink(b"p/a", b"../q"))
    assert unpacked(tmp_path, data) == {"p": "", "p/a": "-> ../q"}
    (tmp_path / "two").mkdir()
    with pytest.raises(UnsafeMemberError, match=r"'p/a': it links out of the archive, to '\.\./q'"):
        unpacked(tmp_path / "two", data, policy=UnpackPolicy(stripped=1))


def test_names_of_any_bytes_and_hard_links_to_links(tmp_path: Path) -> None:
    data = tape(file(b"a\nb", b"1"), file(b"\xff\xfe", b"2"), symlink(b"l", b"a\nb"), hardlink(b"m", b"l"))
    unpacked(tmp_path, data)
    assert sorted(os.listdir(os.fsencode(tmp_path / "to"))) == [b"a\nb", b"l", b"m", b"\xff\xfe"]
    assert os.readlink(tmp_path / "to/m") == "a\nb"
