"""Zip archives: what is in them, by unzip's rules, and every kind of lie refused by name."""

import bz2
import lzma
import struct
import tracemalloc
import zlib

import pytest
import pyzstd
from hypothesis import given
from hypothesis import strategies as st

from imagetools.archive.member import Kind, Member
from imagetools.archive.stream import ArchiveError
from imagetools.archive.zip import read_zip, total_size
from tests.unit.archive.zips import FAT, UNIX, Bytes, Item, archive, deflated, folder, link


def members(data: bytes) -> list[tuple[Member, bytes]]:
    return [(member, b"".join(member.body)) for member in read_zip(Bytes(data))]


def only(item: Item) -> tuple[Member, bytes]:
    ((member, body),) = members(archive(item))
    return member, body


def test_a_tree() -> None:
    data = archive(
        folder(b"d/"),
        Item(b"d/x", b"text" * 1000, mode=0o100755, method=8),
        Item(b"d/empty"),
        link(b"d/l", b"../d/x"),
        comment=b"a comment PK\5\6 that looks like an end",
    )
    found = members(data)
    assert [(member.name, member.kind, member.mode, body) for member, body in found] == [
        (b"d/", Kind.DIRECTORY, 0o755, b""),
        (b"d/x", Kind.FILE, 0o755, b"text" * 1000),
        (b"d/empty", Kind.FILE, 0o644, b""),
        (b"d/l", Kind.SYMLINK, 0o777, b""),
    ]
    assert found[3][0].target == b"../d/x"
    assert total_size(Bytes(data)) == 4000 + 6


def lzma_in_zip(data: bytes, end_mark: bool) -> bytes:
    alone = lzma.compress(data, format=lzma.FORMAT_ALONE)
    assert end_mark
    return b"\x09\x04\5\0" + alone[:5] + alone[13:]


@pytest.mark.parametrize(
    ("method", "packed"),
    [
        (0, lambda data: data),
        (8, deflated),
        (12, bz2.compress),
        (93, pyzstd.compress),
        (95, lzma.compress),
    ],
)
@pytest.mark.parametrize("size", [0, 1, 100_000, 700_000])
def test_methods(method: int, packed: object, size: int) -> None:
    data = bytes(range(251)) * (size // 251) + b"x" * (size % 251)
    assert callable(packed)
    member, body = only(Item(b"a", data, method=method, packed=packed(data)))
    assert (member.size, body) == (size, data)


@pytest.mark.parametrize("size", [0, 5, 700_000])
def test_lzma(size: int) -> None:
    data = b"y" * size
    assert only(Item(b"a", data, method=14, flags=2, packed=lzma_in_zip(data, True)))[1] == data


@pytest.mark.parametrize("flags", [0, 8])
def test_zip64_and_data_descriptors(flags: int) -> None:
    data = archive(Item(b"a", b"12345", flags=flags), Item(b"b", b"x" * 70_000, flags=flags, method=8), zip64=True)
    assert [(member.name, body) for member, body in members(data)] == [(b"a", b"12345"), (b"b", b"x" * 70_000)]


def test_something_before_it_that_offsets_count_in() -> None:
    assert members(archive(Item(b"a", b"1"), before=b"#!/bin/sh\nexec unzip\n"))[0][1] == b"1"


NAMES = {
    "utf-8": (Item("ü/é".encode(), flags=0x800), "ü/é".encode()),
    "utf-8 of dos": (Item("ü/é".encode(), flags=0x800, host=FAT, extra=b"UT\5\0\1\0\0\0\0"), "ü/é".encode()),
    "utf-8 of dos, without an extra field": (Item("ü/é".encode(), flags=0x800, host=FAT), b"++/+\xae"),
    "unicode path": (
        Item(b"a\x81", host=FAT, extra=struct.pack("<HHBI", 0x7075, 7, 1, zlib.crc32(b"a\x81")) + "ü".encode()),
        "ü".encode(),
    ),
    "unicode path of another name": (
        Item(b"a\x81", host=FAT, extra=struct.pack("<HHBI", 0x7075, 7, 1, 5) + "ü".encode()),
        b"a\xfc",
    ),
    "dos": (Item(b"\x81\x94\xe1\xb0\xcd\x9f.txt", host=FAT), b"\xfc\xf6\xdf\xa6-\x83.txt"),
    "dos, of PKZIP for Windows": (Item(b"\x81", host=FAT, version=25), b"\x81"),
    "unix": (Item(b"\x81\x94"), b"\x81\x94"),
    "nt of WinZip": (Item(b"\x81", host=11, version=50), b"\xfc"),
    "nt": (Item(b"\x81", host=11, version=63), b"\x81"),
    "backslashes": (Item(b"a\\b\\c", host=FAT), b"a/b/c"),
    "backslashes and a slash": (Item(b"a\\b/c", host=FAT), b"a\\b/c"),
    "backslashes of unix": (Item(b"a\\b"), b"a\\b"),
    "control characters": (Item(b"Icon\r\x01\x7f\xff"), b"Icon"),
    "a newline": (Item(b"a\nb"), b"ab"),
    "a VMS version": (Item(b"a.txt;12"), b"a.txt"),
    "no VMS version": (Item(b"a;1/b;x"), b"a;1/b;x"),
}


@pytest.mark.parametrize("case", NAMES)
def test_names(case: str) -> None:
    item, name = NAMES[case]
    if case.startswith("unicode"):  # the field's length counts the name
        size = len(item.extra) - 4
        item.extra = item.extra[:2] + struct.pack("<H", size) + item.extra[4:]
    assert only(item)[0].name == name


MODES = [
    (UNIX, 0o100755, 0, True),
    (UNIX, 0o100644, 0, False),
    (UNIX, 0o100654, 0, False),
    (UNIX, 0o104755, 0, True),
    (UNIX, 0, 0, False),
    (FAT, 0, 0, False),
    (FAT, 0, 1, False),
    (FAT, 0, 0x10, True),
    (FAT, 0o100755, 0, False),
    (FAT, 0o100644, 0, False),
    (FAT, 0o100755, 0x10, True),
    (11, 0o100755, 0, False),
    (14, 0o100755, 0, False),
    (19, 0o100755, 0, False),
    (2, 0o100755, 0, True),
    (16, 0o100755, 0, True),
    (1, 0o000004, 0, False),
    (1, 0o000002, 0, True),
]


@pytest.mark.parametrize(("host", "mode", "dos", "runs"), MODES)
def test_modes(host: int, mode: int, dos: int, runs: bool) -> None:
    assert bool(only(Item(b"a", host=host, mode=mode, dos=dos))[0].mode & 0o100) == runs


def test_a_mode_in_an_extra_field() -> None:
    asi = struct.pack("<HHIHIHH", 0x756E, 14, 0, 0o100755, 0, 0, 0)
    assert only(Item(b"a", mode=0, extra=asi))[0].mode == 0o755
    assert only(Item(b"a", mode=0, extra=struct.pack("<HH", 0x000C, 0)))[0].mode == 0o666


def test_links_of_dos_and_labels() -> None:
    assert only(Item(b"l", b"t", host=FAT, mode=0o120644))[0].kind is Kind.SYMLINK
    assert only(Item(b"l", b"t", host=19, mode=0o120777))[0].kind is Kind.FILE
    assert members(archive(Item(b"DISK", host=FAT, mode=0, dos=8), Item(b"a")))[0][0].name == b"a"


GOOD = archive(Item(b"a", b"text"), Item(b"b", b"x" * 50, method=8))
LIES = {
    "nothing": (b"", "its end is missing"),
    "cut": (GOOD[:-1], "its end is missing"),
    "trailing garbage": (GOOD + b"!", "its end is missing, or something else follows it"),
    "beginning missing": (GOOD[10:], "its beginning is missing"),
    "inserted": (archive(Item(b"a"))[:-22] + b"!" + archive(Item(b"a"))[-22:], "do not belong to it"),
    "encrypted": (archive(Item(b"secret", b"x", flags=1)), "member 'secret': it is encrypted"),
    "encryption hidden": (archive(Item(b"a", b"x", local={"flags": 1})), "different compression methods"),
    "method": (archive(Item(b"a", b"x", method=9)), r"member 'a': its compression method \(Deflate64\) is not supported"),
    "method unknown": (archive(Item(b"a", b"x", method=77)), r"\(number 77\)"),
    "checksum": (archive(Item(b"a", b"x", crc=1)), "member 'a': its checksum is wrong"),
    "checksum of nothing": (archive(Item(b"a", b"", crc=1)), "its checksum is wrong"),
    "checksum, deflated": (archive(Item(b"a", b"x" * 9, crc=1, method=8)), "its checksum is wrong"),
    "longer": (archive(Item(b"a", b"x" * 100, size=50, method=8)), "longer than it says"),
    "shorter": (archive(Item(b"a", b"x" * 100, size=200, method=8)), "shorter than it says"),
    "stored sizes": (archive(Item(b"a", b"x" * 100, size=200)), "its two sizes differ"),
    "deflate damaged": (archive(Item(b"a", b"x" * 100, method=8, packed=b"\xff\xff\xff\xff")), "damaged deflate data"),
    "deflate cut": (archive(Item(b"a", b"x" * 100, method=8, packed=deflated(b"x" * 100)[:-2])), "data end early|shorter"),
    "deflate and more": (archive(Item(b"a", b"x" * 100, method=8, packed=deflated(b"x" * 100) + b"!")), "something else follows"),
    "other name": (archive(Item(b"a", b"x", local={"name": b"b"})), "its own header gives it another name"),
    "other name, longer": (archive(Item(b"a", b"x", local={"name": b"bb"})), "its own header gives it another name"),
    "other method": (archive(Item(b"a", b"x", local={"method": 8})), "different compression methods"),
    "other size": (archive(Item(b"a", b"x", local={"size": 7})), "different sizes or checksums"),
    "other checksum": (archive(Item(b"a", b"x", local={"crc": 7})), "different sizes or checksums"),
    "no header": (archive(Item(b"a", b"x" * 99), Item(b"b", b"", at=60)), "overlap"),
    "overlap": (archive(Item(b"a", b"x" * 99), Item(b"b", b"x" * 99, at=0)), "zip bomb"),
    "overlap of the quoting kind": (archive(Item(b"a", b"x" * 99), Item(b"b", b"x" * 50, at=40)), "zip bomb"),
    "into the directory": (archive(Item(b"a", b"x" * 9, packed=b"x" * 9, at=None), Item(b"b", b"y" * 99, at=38)), "zip bomb"),
    "zero byte": (archive(Item(b"a\0b", b"x")), "its name has a zero byte"),
    "link too long": (archive(link(b"l", b"x" * 5000)), "whose target is longer than 4095 bytes"),
    "directory damaged": (GOOD.replace(b"PK\1\2", b"PK\1\3"), "damaged central directory"),
    "one disk of two": (GOOD[:-18] + b"\1\0" + GOOD[-16:], "one part of several"),
    "count too high": (GOOD[:-14] + b"\xff\0\xff\0" + GOOD[-10:], "one part of several|shorter than its entries"),
}


@pytest.mark.parametrize("case", LIES)
def test_must_reject(case: str) -> None:
    data, reason = LIES[case]
    with pytest.raises(ArchiveError, match=reason):
        members(data)


def test_every_cut_is_seen() -> None:
    for size in range(len(GOOD)):
        with pytest.raises(ArchiveError):
            members(GOOD[:size])


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_damage_is_refused_or_harmless(place: int, change: int) -> None:
    data = bytearray(GOOD)
    data[place] ^= change
    try:
        found = members(bytes(data))
    except ArchiveError:
        return
    assert {body for _, body in found} <= {b"text", b"x" * 50}


def test_memory_is_constant() -> None:
    data = archive(Item(b"a", bytes(64 << 20), method=8))
    tracemalloc.start()
    for member in read_zip(Bytes(data)):
        assert sum(map(len, member.body)) == 64 << 20
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()
