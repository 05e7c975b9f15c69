"""gzip, xz, zstd, bzip2 and lzma, told apart by their first bytes: a stream in, a stream out, constant memory.

Names of files are never trusted, only magic numbers (a server may rename what it sends). Several members after one another
(``cat a.gz b.gz``) are one stream, as for gzip(1), xz(1) and zstd(1). Refuses to limit sizes: that is for who writes to disk.
"""

import bz2
import lzma
from collections.abc import Iterator
from typing import Protocol, cast

from imagetools.archive.stream import PIECE, ArchiveError, ByteStream

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\x5d\x00\x00", "lzma"),
)
_LOOK = 6


class _Decoder(Protocol):
    def decompress(self, data: bytes, max_length: int) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class _Gzip:
    """isal's decoder (three times as fast as zlib's) in the shape that lzma and bz2 have."""

    def __init__(self) -> None:
        from isal import isal_zlib  # noqa: PLC0415

        self._inner = isal_zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out: bytes = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
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


def sniff(head: bytes) -> str | None:
    """The compression that these first bytes (six are enough) begin, or None: gzip, xz, zstd, bzip2, lzma."""
    if head[:3] == b"BZh" and not head[3:4].isdigit():
        return None
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def decompressed(stream: ByteStream, form: str = "tar archive") -> ByteStream:
    """The stream itself where it is not compressed, else what it holds. Raises ``ArchiveError`` while reading damaged data."""
    kind = sniff(stream.peek(_LOOK))
    if kind is None:
        stream.form = form
        return stream
    stream.form = f"{kind} data"
    return ByteStream.of_chunks(_decode(stream, kind), form)


def _decoder(kind: str) -> _Decoder:
    if kind == "gzip":
        return _Gzip()
    if kind == "zstd":
        import pyzstd  # noqa: PLC0415  (a shared library; most archives are not zstd)

        return pyzstd.ZstdDecompressor()
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ if kind == "xz" else lzma.FORMAT_ALONE)


def _faults(kind: str) -> tuple[type[Exception], ...]:
    """What the decoder raises for damaged data."""
    if kind == "gzip":
        from isal import isal_zlib  # noqa: PLC0415

        return (cast("type[Exception]", isal_zlib.error),)
    if kind == "zstd":
        import pyzstd  # noqa: PLC0415

        return (pyzstd.ZstdError,)
    return (lzma.LZMAError, OSError, EOFError)


def _decode(stream: ByteStream, kind: str) -> Iterator[bytes]:
    decoder: _Decoder | None = _decoder(kind)
    faults = _faults(kind)
    data = stream.read(PIECE)
    while decoder is not None:
        try:
            out = decoder.decompress(data, PIECE)
        except faults as problem:
            raise ArchiveError(stream.form, str(problem), stream.offset) from None
        if out:
            yield out
        data = b""
        if decoder.eof:
            decoder, data = _next_member(stream, decoder.unused_data, kind)
        elif decoder.needs_input:
            data = stream.read(PIECE)
            if not data:
                raise ArchiveError(stream.form, "it ends early", stream.offset)


def _next_member(stream: ByteStream, data: bytes, kind: str) -> tuple[_Decoder | None, bytes]:
    """A fresh decoder and its first bytes, or None at the end. Zeros between members are padding (xz, tapes)."""
    while True:
        data = data.lstrip(b"\0")
        if len(data) >= _LOOK:
            break
        more = stream.read(PIECE)
        if not more:
            break
        data += more
    if not data:
        return None, b""
    if sniff(data[:_LOOK]) == kind:
        return _decoder(kind), data
    if kind in {"xz", "zstd"}:
        raise ArchiveError(stream.form, "something else follows its end", stream.offset)
    for _ in iter(lambda: stream.read(PIECE), b""):
        pass
    return None, b""  # gzip(1) and bzip2(1) ignore trailing garbage
