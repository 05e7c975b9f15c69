import contextlib
import io
import tarfile
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.archive.member import Kind, Member
from imagetools.archive.stream import ArchiveError, ByteStream
from imagetools.archive.tarball import read_tar, read_tarball
from tests.unit.archive.tapes import COMPRESSIONS, checked, file, folder, hardlink, header, padded, pax, record, symlink, tape


def read(data: bytes, size: int = 1 << 16) -> list[tuple[Member, bytes]]:
    def chunks() -> Iterator[bytes]:
        for place in range(0, len(data), size):
            yield data[place : place + size]

    return [(member, b"".join(member.body)) for member in read_tarball(ByteStream.of_chunks(chunks()))]


def names(data: bytes) -> list[bytes]:
    return [member.name for member, _ in read(data)]


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_members_of_every_kind(kind: str) -> None:
    data = tape(
        folder(b"d/"), file(b"d/f", b"text", 0o755), symlink(b"s", b"d/f"), hardlink(b"h", b"d/f"), header(b"p", flag=b"6")
    )
    found = read(COMPRESSIONS[kind](data), 100)
    assert [(member.name, member.kind, member.target, body) for member, body in found] == [
        (b"d/", Kind.DIRECTORY, b"", b""),
        (b"d/f", Kind.FILE, b"", b"text"),
        (b"s", Kind.SYMLINK, b"d/f", b""),
        (b"h", Kind.HARDLINK, b"d/f", b""),
        (b"p", Kind.FIFO, b"", b""),
    ]
    assert (found[1][0].mode, found[1][0].mtime, found[1][0].size) == (0o755, 7, 4)


def test_a_body_that_nobody_reads_is_skipped() -> None:
    data = tape(file(b"a", b"x" * 1000), file(b"b", b"y"))
    assert [member.name for member in read_tar(ByteStream.of_chunks([data]))] == [b"a", b"b"]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_tarfile_writes(form: int) -> None:
    made = io.BytesIO()
    long = "very/" * (30 if form == tarfile.USTAR_FORMAT else 60) + "long"
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name in ("a", "ü", long):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = 3, 1 << 30
            archive.addfile(info, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "t" * (90 if form == tarfile.USTAR_FORMAT else 300)
        archive.addfile(link)
    found = read(made.getvalue())
    assert [member.name.decode() for member, _ in found] == ["a", "ü", long, "link"]
    assert [body for _, body in found] == [b"abc"] * 3 + [b""]
    assert found[3][0].target == link.linkname.encode()
    assert found[0][0].mtime == 1 << 30


def test_extended_headers() -> None:
    long = b"n" * 300
    data = tape(
        pax(b"g", uid=b"7"),
        pax(path=long, size=b"4", mtime=b"12.9"),
        header(b"short", 0) + padded(b"text"),
        pax(linkpath=b"far"),
        symlink(b"s", b"x"),
        file(b"z"),
    )
    found = read(data)
    assert (found[0][0].name, found[0][1], found[0][0].uid, found[0][0].mtime) == (long, b"text", 7, 12)
    assert (found[1][0].target, found[1][0].uid) == (b"far", 7)
    assert (found[2][0].name, found[2][0].size) == (b"z", 0)


def test_large_numbers_in_base_256() -> None:
    block = bytearray(header(b"big"))
    block[124:136] = b"\x80" + (4).to_bytes(11, "big")
    block[136:148] = b"\x80" + (1 << 40).to_bytes(11, "big")
    ((member, body),) = read(tape(checked(block) + padded(b"four")))
    assert (member.size, member.mtime, body) == (4, 1 << 40, b"four")


def test_old_forms() -> None:
    assert read(tape(header(b"dir/", flag=b"\0", magic=b"")))[0][0].kind is Kind.DIRECTORY
    assert names(tape(header(b"b", prefix=b"a" * 150))) == [b"a" * 150 + b"/b"]
    assert names(tape(header(b"b", magic=b"ustar  \0", prefix=b"not a prefix"))) == [b"b"]
    assert names(file(b"no end mark", b"x")) == [b"no end mark"]
    assert names(tape()) == []
    assert names(tape(file(b"a")) + b"whatever follows") == [b"a"]
    assert [member.size for member, _ in read(tape(header(b"link", 100, flag=b"1", target=b"x"), file(b"after")))] == [0, 0]


def wrong_sum() -> bytes:
    block = bytearray(header(b"a"))
    block[0] = 66
    return bytes(block)


def wrong_number(place: slice, text: bytes) -> bytes:
    block = bytearray(header(b"a"))
    block[place] = text
    return checked(block)


BAD = {
    "empty": (b"", "it ends early"),
    "half a header": (file(b"a")[:300], "it ends early"),
    "no tar at all": (b"<html>" * 200, "a damaged number|checksum"),
    "begins with zeros": (bytes(512) + file(b"a"), "begins with an empty block"),
    "checksum": (tape(wrong_sum()), "checksum is wrong"),
    "size": (tape(wrong_number(slice(124, 136), b"99999999999\0")), "a damaged number"),
    "negative size": (tape(wrong_number(slice(124, 136), b"\xff" * 12)), "a negative number"),
    "minus": (tape(wrong_number(slice(124, 136), b"-0000000001\0")), "a damaged number"),
    "body ends early": (header(b"a", 1000) + b"short", "it ends early"),
    "padding ends early": (header(b"a", 5) + b"12345", "it ends early"),
    "no name": (tape(header(b"")), "without a name"),
    "unknown kind": (tape(header(b"a", flag=b"Q")), "unknown kind"),
    "sparse": (tape(header(b"a", 512, flag=b"S"), bytes(512)), "sparse"),
    "sparse in pax": (tape(pax(GNU__sparse__major=b"1"), file(b"a")), "sparse"),
    "part of a volume": (tape(header(b"a", flag=b"M")), "several volumes"),
    "pax length": (tape(header(b"p", 10, flag=b"x") + padded(b"99 path=x\n")), "damaged extended header"),
    "pax no digits": (tape(header(b"p", 10, flag=b"x") + padded(b"xx path=x\n")), "damaged extended header"),
    "pax no equals": (tape(header(b"p", 9, flag=b"x") + padded(b"9 path x\n")), "damaged extended header"),
    "pax zero": (tape(header(b"p", 4, flag=b"x") + padded(b"0 a=")), "damaged extended header"),
    "pax size": (tape(pax(size=b"-1"), file(b"a")), "damaged number in an extended header"),
    "pax time": (tape(pax(mtime=b"now"), file(b"a")), "damaged time"),
    "pax name with zero": (tape(pax(path=b"a\0b"), file(b"a")), "zero byte"),
    "huge extended header": (tape(header(b"p", 1 << 30, flag=b"x")), "larger than 1 MiB"),
    "huge long name": (tape(header(b"p", 1 << 30, flag=b"L")), "larger than 1 MiB"),
}


@pytest.mark.parametrize("case", BAD)
def test_must_reject(case: str) -> None:
    data, reason = BAD[case]
    with pytest.raises(ArchiveError, match=reason):
        read(data)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 511), st.integers(0, 255))
@settings(max_examples=200)
def test_noise_never_surprises(body: bytes, place: int, byte: int) -> None:
    block = bytearray(header(b"name", len(body)))
    block[place] = byte
    for data in (tape(bytes(block) + padded(body)), tape(checked(block) + padded(body))):
        with contextlib.suppress(ArchiveError):
            read(data)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.binary(max_size=200)))
def test_records_round_trip(records: dict[str, bytes]) -> None:
    from imagetools.archive.tarball import _pax

    clean = {key: value for key, value in records.items() if key not in {"path", "linkpath"}}
    assert _pax(b"".join(record(key, value) for key, value in clean.items()), 0) == clean
