"""Decoders of single blocks: whole, too long, cut off, damaged."""

import ctypes
import lzma
import threading
import zlib
from collections.abc import Callable
from functools import partial

import pytest
import pyzstd

from imagetools.archive import block_codecs
from imagetools.archive.block_codecs import Codec, CodecError, MissingLibraryError, codec

TEXT = b"some text that repeats itself " * 200
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": zlib.compress,
    "zstd": pyzstd.compress,
    "xz": partial(lzma.compress, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32),
    "lzma": partial(lzma.compress, format=lzma.FORMAT_ALONE),
}


def codecs() -> list[tuple[str, Codec]]:
    return [
        *((name, codec(name)) for name in PACKERS),
        ("zstd", partial(block_codecs._plain_zstd, pyzstd)),
    ]


@pytest.mark.parametrize(("name", "decode"), codecs())
def test_blocks(name: str, decode: Codec) -> None:
    pack = PACKERS[name]
    for text in (TEXT, b"x", TEXT * 20):
        packed = pack(text)
        assert decode(packed, len(text)) == text
        assert decode(packed, len(text) + 1000) == text
        with pytest.raises(CodecError):
            decode(packed, len(text) - 1)
    packed = pack(TEXT)
    for size in range(1, len(packed) - 16):
        with pytest.raises(CodecError):
            if name == "lzma":  # it has no end that could be missing: its caller finds that bytes are
                decode(b"\xff" + packed[:size], len(TEXT))
            else:
                decode(packed[:size], len(TEXT))
    assert decode(packed, len(TEXT)) == TEXT


@pytest.mark.parametrize(("name", "decode"), codecs())
def test_a_bomb_is_not_unpacked(name: str, decode: Codec) -> None:
    with pytest.raises(CodecError):
        decode(PACKERS[name](bytes(10_000_000)), 4096)


def test_several_threads_at_once() -> None:
    wrong: list[str] = []

    def work(name: str) -> None:
        decode, packed = codec(name), PACKERS[name](TEXT)
        if any(decode(packed, 8192) != TEXT for _ in range(200)):
            wrong.append(name)

    threads = [threading.Thread(target=work, args=[name]) for name in [*PACKERS, "zstd", "zstd"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", nothing)
    for name, library in (("lz4", "liblz4.so.1"), ("lzo", "liblzo2.so.2")):
        with pytest.raises(MissingLibraryError) as caught:
            codec(name)
        assert caught.value.message == f"the image is compressed with {name}, and the library {library} is not there"
    assert codec("zstd")(pyzstd.compress(TEXT), len(TEXT)) == TEXT
