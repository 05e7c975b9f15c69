"""Every kind there and back, whole and byte by byte; the same bytes each time; damaged and mislabelled data."""

import hashlib
import random

import pytest

from imagetools.archive.stream import ArchiveError
from imagetools.store.compression import (
    SUFFIXES,
    Compressor,
    UnknownCompressionError,
    WrongCompressionError,
    decompressed,
)

DATA = random.Random(1).randbytes(300_000) + b"the same words again and again " * 20_000


def packed(kind: str, data: bytes, step: int = 1 << 16) -> bytes:
    pieces: list[bytes] = []
    compressor = Compressor(kind, pieces.append)
    for at in range(0, len(data), step):
        compressor.write(data[at : at + step])
    compressor.close()
    return b"".join(pieces)


@pytest.mark.parametrize("kind", SUFFIXES)
@pytest.mark.parametrize("data", [b"", b"x", DATA], ids=["nothing", "one byte", "much"])
def test_there_and_back(kind: str, data: bytes) -> None:
    once = packed(kind, data)
    assert b"".join(decompressed(kind, [once])) == data
    if len(once) < 10_000:
        assert b"".join(decompressed(kind, [once[at : at + 1] for at in range(len(once))])) == data


@pytest.mark.parametrize("kind", ["xz", "zstd", "bzip2", "gzip"])
def test_damaged_data(kind: str) -> None:
    once = packed(kind, DATA)
    with pytest.raises(ArchiveError, match="ends early"):
        list(decompressed(kind, [once[:-20]]))
    broken = bytearray(once)
    broken[len(once) // 2] ^= 0xFF
    with pytest.raises(ArchiveError, match="bad "):
        list(decompressed(kind, [bytes(broken)]))


def test_what_is_said_must_be_true() -> None:
    with pytest.raises(WrongCompressionError, match="said to be compressed by xz, but it is zstd"):
        list(decompressed("xz", [packed("zstd", DATA)]))
    with pytest.raises(WrongCompressionError, match="by zstd, but it is something else"):
        list(decompressed("zstd", [b"not compressed at all"]))


def test_unknown_kinds() -> None:
    with pytest.raises(UnknownCompressionError, match="compression 'br' is not supported by imagetools"):
        Compressor("br", print)
    with pytest.raises(UnknownCompressionError, match="unknown compression 'rot13'"):
        list(decompressed("rot13", []))


def test_a_bomb_comes_in_small_pieces() -> None:
    bomb = packed("zstd", bytes(1 << 26))
    assert len(bomb) < 10_000
    assert max(map(len, decompressed("zstd", [bomb]))) <= 1 << 18


def test_the_bytes_are_pinned() -> None:
    """They change with pyzstd only (xz is the host's): then raise builderVersion in builders/binary_cache/default.nix."""
    assert hashlib.sha256(packed("zstd", DATA)).hexdigest()[:16] == "2698a665e105da91"
    assert packed("zstd", DATA, 7777) == packed("zstd", DATA)
    assert packed("xz", DATA, 7777) == packed("xz", DATA)
