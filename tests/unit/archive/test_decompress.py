import contextlib
import gzip
import lzma
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.archive.decompress import decompressed, sniff
from imagetools.archive.stream import ArchiveError, ByteStream
from tests.unit.archive.tapes import COMPRESSIONS

BODY = b"some text " * 100_000 + bytes(1 << 20)


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    for place in range(0, len(data), size):
        yield data[place : place + size]


def everything(stream: ByteStream) -> bytes:
    return b"".join(iter(lambda: stream.read(70_000), b""))


def unpacked(data: bytes, size: int = 4096) -> bytes:
    return everything(decompressed(ByteStream.of_chunks(chunks(data, size))))


@pytest.mark.parametrize("kind", COMPRESSIONS)
@pytest.mark.parametrize("size", [17, 1 << 16])
def test_every_kind_in_any_pieces(kind: str, size: int) -> None:
    packed = COMPRESSIONS[kind](BODY)
    assert unpacked(packed, size) == BODY
    assert sniff(packed[:6]) == (None if kind == "none" else kind)


@pytest.mark.parametrize("kind", ["gzip", "xz", "zstd", "bzip2"])
def test_two_after_one_another(kind: str) -> None:
    pack = COMPRESSIONS[kind]
    for size in (1, 7, 1000):
        assert unpacked(pack(b"one") + pack(b"two") + pack(b""), size) == b"onetwo"


@pytest.mark.parametrize("kind", ["gzip", "xz", "zstd", "bzip2", "lzma"])
def test_ends_early(kind: str) -> None:
    packed = COMPRESSIONS[kind](BODY)
    with pytest.raises(ArchiveError, match="ends early"):
        unpacked(packed[: len(packed) // 2])


@pytest.mark.parametrize("kind", ["gzip", "xz", "zstd", "bzip2"])
def test_damage_is_seen(kind: str) -> None:
    packed = bytearray(COMPRESSIONS[kind](bytes(range(256)) * 2000))
    packed[len(packed) // 2] ^= 0xFF
    packed[-6] ^= 0xFF
    with pytest.raises(ArchiveError, match=f"bad {kind} data"):
        unpacked(bytes(packed))


def test_padding_and_garbage() -> None:
    assert unpacked(gzip.compress(b"x") + bytes(5000), 100) == b"x"
    assert unpacked(gzip.compress(b"x") + b"garbage") == b"x"
    assert unpacked(lzma.compress(b"x") + bytes(8) + lzma.compress(b"y"), 3) == b"xy"
    with pytest.raises(ArchiveError, match="something else follows"):
        unpacked(lzma.compress(b"x") + b"garbage!")


def test_a_bomb_stays_small_in_memory() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    stream = decompressed(ByteStream.of_chunks([bomb]))
    largest = max(len(piece) for piece in iter(lambda: stream.read(1 << 30), b""))
    assert largest <= 1 << 18


@given(st.binary(max_size=200))
def test_noise_never_surprises(data: bytes) -> None:
    for magic in (b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"BZh9", b"\x5d\x00\x00"):
        with contextlib.suppress(ArchiveError):
            unpacked(magic + data)
