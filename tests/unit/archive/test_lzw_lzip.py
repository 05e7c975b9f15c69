"""compress(1) and lzip(1): all that their packers can write, damage, and memory."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.archive.decompress import decompressed, sniff
from imagetools.archive.stream import ArchiveError, ByteStream
from tests.unit.archive.packers import compress, lzip


def unpacked(data: bytes, size: int = 4096) -> bytes:
    pieces = (data[place : place + size] for place in range(0, len(data), size))
    stream = decompressed(ByteStream.of_chunks(pieces))
    return b"".join(iter(lambda: stream.read(70_000), b""))


DICE = random.Random(1)
TEXTS = [b"", b"a", b"hello " * 3, b"x" * 200_000, DICE.randbytes(100_000), bytes(DICE.choices(b"abcd", k=100_000))]


@pytest.mark.parametrize("text", TEXTS, ids=len)
@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("blocks", [True, False])
def test_compress(text: bytes, bits: int, blocks: bool) -> None:
    packed = compress(text, bits, blocks)
    assert sniff(packed) == "compress"
    assert unpacked(packed) == text
    assert unpacked(packed, 7) == text


@pytest.mark.parametrize("place", [1, 7, 1000, 70_001])
def test_a_cleared_table(place: int) -> None:
    for text in TEXTS:
        assert unpacked(compress(text, clear_at=place)) == text


@given(st.binary(max_size=3000))
def test_any_text(text: bytes) -> None:
    assert unpacked(compress(text * 3)) == text * 3
    assert unpacked(lzip(text)) == text


@given(st.binary(max_size=300))
def test_any_garbage(data: bytes) -> None:
    try:
        unpacked(b"\x1f\x9d\x90" + data)
    except ArchiveError as error:
        assert error.form == "compress data"


def test_compress_damaged() -> None:
    with pytest.raises(ArchiveError, match="a header that compress does not write"):
        unpacked(b"\x1f\x9d\x11abc")
    with pytest.raises(ArchiveError, match="does not begin with a byte"):
        unpacked(b"\x1f\x9d\x90\xff\xff")
    with pytest.raises(ArchiveError, match="not in the table yet"):
        unpacked(b"\x1f\x9d\x90a\xfe\xff\xff")
    with pytest.raises(ArchiveError, match="ends early"):
        unpacked(b"\x1f\x9d")


def test_long_strings_need_little_memory() -> None:
    packed = compress(b"\0" * (1 << 22))
    tracemalloc.start()
    stream = decompressed(ByteStream.of_chunks([packed]))
    assert sum(len(piece) for piece in iter(lambda: stream.read(1 << 18), b"")) == 1 << 22
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("text", TEXTS, ids=len)
@pytest.mark.parametrize("size", [3, 4096])
def test_lzip(text: bytes, size: int) -> None:
    packed = lzip(text)
    assert sniff(packed) == "lzip"
    assert unpacked(packed, size) == text
    assert unpacked(packed + packed, size) == text + text


def test_lzip_damaged() -> None:
    packed = lzip(b"some text")
    for place in (8, len(packed) - 20, len(packed) - 10, len(packed) - 1):
        damaged = bytearray(packed)
        damaged[place] ^= 1
        with pytest.raises(ArchiveError, match="bad lzip data"):
            unpacked(bytes(damaged))
    for size in range(6, len(packed)):
        with pytest.raises(ArchiveError):
            unpacked(packed[:size])
    with pytest.raises(ArchiveError, match="version 1"):
        unpacked(b"LZIP\x01\x05" + packed[6:])
