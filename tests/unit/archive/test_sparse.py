"""Sparse files: the four forms, and maps that lie."""

import pytest

from imagetools.archive.stream import ArchiveError, ByteStream
from imagetools.archive.tarball import read_tar
from tests.unit.archive.tapes import checked, file, header, padded, pax, record, tape

DATA = b"one" + bytes(997) + b"two" + bytes(500)
PIECES = [(0, 3), (1000, 3)]


def bodies(data: bytes) -> list[tuple[bytes, int, bytes]]:
    return [(member.name, member.size, b"".join(member.body)) for member in read_tar(ByteStream.of_chunks([data]))]


def old(pieces: list[tuple[int, int]], size: int, on_tape: bytes, more: bytes = b"") -> bytes:
    block = bytearray(header(b"s", len(on_tape), flag=b"S", magic=b"ustar  \0"))
    for index, (offset, length) in enumerate(pieces[:4]):
        block[386 + 24 * index : 410 + 24 * index] = b"%011o\0%011o\0" % (offset, length)
    block[482] = bool(more)
    block[483:495] = b"%011o\0" % size
    return checked(block) + more + padded(on_tape)


def continued(pieces: list[tuple[int, int]], more: bool = False) -> bytes:
    table = b"".join(b"%011o\0%011o\0" % piece for piece in pieces)
    return (table.ljust(504, b"\0") + bytes((more,))).ljust(512, b"\0")


def test_the_old_form() -> None:
    data = tape(old([*PIECES, (len(DATA), 0)], len(DATA), b"onetwo"), file(b"after", b"x"))
    assert bodies(data) == [(b"s", len(DATA), DATA), (b"after", 1, b"x")]


def test_the_old_form_with_more_headers() -> None:
    pieces = [(place * 10, 1) for place in range(60)]
    more = continued(pieces[4:25], True) + continued(pieces[25:46], True) + continued(pieces[46:])
    data = old(pieces[:4], 600, b"x" * 60, more)
    assert bodies(tape(data, file(b"after"))) == [(b"s", 600, (b"x" + bytes(9)) * 60), (b"after", 0, b"")]


def test_all_hole() -> None:
    assert bodies(tape(old([(5000, 0)], 5000, b"")))[0][2] == bytes(5000)
    assert bodies(tape(pax(GNU__sparse__map=b"", GNU__sparse__size=b"600000"), file(b"s")))[0][2] == bytes(600_000)


def test_pax_0_0() -> None:
    records = b"".join(
        record(f"GNU.sparse.{key}", value)
        for key, value in [
            ("size", b"%d" % len(DATA)),
            ("numblocks", b"2"),
            ("offset", b"0"),
            ("numbytes", b"3"),
            ("offset", b"1000"),
            ("numbytes", b"3"),
        ]
    )
    data = tape(header(b"pax", len(records), flag=b"x") + padded(records), file(b"s", b"onetwo"), file(b"after"))
    assert bodies(data) == [(b"s", len(DATA), DATA), (b"after", 0, b"")]


def test_pax_0_1() -> None:
    head = pax(GNU__sparse__map=b"0,3,1000,3", GNU__sparse__size=b"%d" % len(DATA), GNU__sparse__name=b"s")
    data = tape(head, file(b"GNUSparseFile.1/s", b"onetwo"), file(b"after"))
    assert bodies(data) == [(b"s", len(DATA), DATA), (b"after", 0, b"")]


def one(text: bytes, on_tape: bytes, size: int = len(DATA)) -> bytes:
    head = pax(GNU__sparse__major=b"1", GNU__sparse__minor=b"0", GNU__sparse__realsize=b"%d" % size, GNU__sparse__name=b"s")
    return tape(head, file(b"GNUSparseFile.1/s", padded(text) + on_tape), file(b"after"))


def test_pax_1_0() -> None:
    assert bodies(one(b"2\n0\n3\n1000\n3\n", b"onetwo")) == [(b"s", len(DATA), DATA), (b"after", 0, b"")]
    many = b"200\n" + b"".join(b"%d\n1\n" % (place * 2) for place in range(200))
    assert bodies(one(many, b"x" * 200, 400))[0][2] == b"x\0" * 200


def test_a_body_not_read_is_skipped() -> None:
    assert [member.name for member in read_tar(ByteStream.of_chunks([one(b"2\n0\n3\n1000\n3\n", b"onetwo")]))] == [b"s", b"after"]


LIES = {
    "beyond the end": old([(0, 3), (5000, 3)], len(DATA), b"onetwo"),
    "out of order": old([(1000, 3), (0, 3)], len(DATA), b"onetwo"),
    "overlapping": old([(0, 3), (2, 3)], len(DATA), b"onetwo"),
    "less on the tape": old(PIECES, len(DATA), b"one"),
    "more on the tape": old(PIECES, len(DATA), b"onetwo!"),
    "0.1 odd": pax(GNU__sparse__map=b"0,3,1", GNU__sparse__size=b"9") + file(b"s", b"one"),
    "0.1 words": pax(GNU__sparse__map=b"0,x", GNU__sparse__size=b"9") + file(b"s", b"one"),
    "0.1 negative": pax(GNU__sparse__map=b"-1,3", GNU__sparse__size=b"9") + file(b"s", b"one"),
    "1.0 no map": one(b"", b"")[:-1024],
    "1.0 huge": one(b"99999999\n", b""),
    "1.0 longer than its body": one(b"500\n", b""),
}


@pytest.mark.parametrize("case", LIES)
def test_must_reject(case: str) -> None:
    with pytest.raises(ArchiveError, match="damaged map of a sparse file"):
        bodies(tape(LIES[case]))


def test_an_unknown_form() -> None:
    with pytest.raises(ArchiveError, match="a sparse file of an unknown form"):
        bodies(tape(pax(GNU__sparse__major=b"2", GNU__sparse__realsize=b"5"), file(b"s")))


@pytest.mark.parametrize("read", [0, 1])
def test_holes_that_nobody_reads_take_no_time(read: int) -> None:
    """A file of a pebibyte, skipped, or left after its first piece."""
    size = 1 << 50
    head = pax(GNU__sparse__map=b"0,3,1000000000,3", GNU__sparse__size=b"%d" % size, GNU__sparse__name=b"s")
    names = []
    for member in read_tar(ByteStream.of_chunks([tape(head, file(b"x", b"onetwo"), file(b"after", b"x"))])):
        names.append((member.name, member.size))
        for _, piece in zip(range(read), member.body, strict=False):
            assert piece in {b"one", b"x"}
    assert names == [(b"s", size), (b"after", 1)]
