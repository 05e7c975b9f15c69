"""One decoder a compression, all in the shape that lzma's and bz2's have: bytes in, at most so many bytes out.

lzip's frame around an LZMA stream is read here, since liblzma of 2022 and Python do not. What a decoder may allocate is bounded:
a file can ask for a window of gigabytes.
"""

import bz2
import lzma
import zlib
from typing import Protocol, cast

from imagetools.archive.lzw import LzwDecoder, LzwError

_MEMORY = 1 << 30


class Decoder(Protocol):
    """``decompress`` gives at most about ``max_length`` bytes; with ``needs_input`` it has used up what it was given."""

    def decompress(self, data: bytes, max_length: int) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class Gzip:
    """isal's decoder (three times as fast as zlib's). ``bits`` as zlib has them: 31 for gzip, -15 for bare deflate."""

    def __init__(self, bits: int = 31) -> None:
        from isal import isal_zlib  # noqa: PLC0415

        self._inner = isal_zlib.decompressobj(wbits=bits)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        tail = self._inner.unconsumed_tail
        out: bytes = self._inner.decompress(tail + data if tail else data, max_length)
        return out

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)


class LzipError(ValueError):
    """Not what lzip writes."""


class Lzip:
    """One member of an lzip file: six bytes, an LZMA stream with an end mark, twenty bytes of sums."""

    def __init__(self) -> None:
        self._head = b""
        self._inner: lzma.LZMADecompressor | None = None
        self._tail = b""
        self._crc = 0
        self._taken = 0
        self._size = 0
        self.eof = False
        self.unused_data = b""

    @property
    def needs_input(self) -> bool:
        return self._inner is None or self._inner.eof or self._inner.needs_input

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Raises LzipError, lzma.LZMAError."""
        if self._inner is None:
            self._head += data
            if len(self._head) < 6:
                return b""
            data = self._begin(self._head[:6]) + self._head[6:]
            self._head = b""
        assert self._inner is not None
        if self._inner.eof:
            self._finish(data)
            return b""
        self._taken += len(data)
        out = self._inner.decompress(data, max_length)
        self._crc = zlib.crc32(out, self._crc)
        self._size += len(out)
        if self._inner.eof:
            self._taken -= len(self._inner.unused_data)
            self._finish(self._inner.unused_data)
        return out

    def _begin(self, head: bytes) -> bytes:
        """The header that an .lzma file with the same stream would have."""
        power, wedges = head[5] & 31, head[5] >> 5
        if head[:5] != b"LZIP\x01" or not 12 <= power <= 29:
            raise LzipError("not a member of version 1")
        self._inner = lzma.LZMADecompressor(format=lzma.FORMAT_ALONE, memlimit=_MEMORY)
        self._taken = 6 - 13
        return b"\x5d" + ((1 << power) - wedges * (1 << power >> 4)).to_bytes(4, "little") + b"\xff" * 8

    def _finish(self, data: bytes) -> None:
        self._tail += data
        if len(self._tail) < 20:
            return
        sums = self._tail[:20]
        self.unused_data = self._tail[20:]
        self.eof = True
        wanted = self._crc.to_bytes(4, "little") + self._size.to_bytes(8, "little") + (self._taken + 20).to_bytes(8, "little")
        if sums != wanted:
            raise LzipError("checksum or size do not match")


def decoder(kind: str) -> Decoder:
    """A fresh decoder for gzip, deflate, zstd, bzip2, xz, lzma, lzip or compress."""
    if kind == "gzip":
        return Gzip()
    if kind == "deflate":
        return Gzip(-15)
    if kind == "zstd":
        import pyzstd  # noqa: PLC0415  (a shared library; most archives are not zstd)

        return pyzstd.ZstdDecompressor()
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    if kind == "lzip":
        return Lzip()
    if kind == "compress":
        return LzwDecoder()
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ if kind == "xz" else lzma.FORMAT_ALONE, memlimit=_MEMORY)


def faults(kind: str) -> tuple[type[Exception], ...]:
    """What the decoder raises for damaged data."""
    if kind in {"gzip", "deflate"}:
        from isal import isal_zlib  # noqa: PLC0415

        return (cast("type[Exception]", isal_zlib.error),)
    if kind == "zstd":
        import pyzstd  # noqa: PLC0415

        return (pyzstd.ZstdError,)
    return (lzma.LZMAError, OSError, EOFError, LzipError, LzwError)
