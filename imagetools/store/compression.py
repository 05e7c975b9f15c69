"""NARs compressed and back: the forms that binary caches use (rows 7.003, 7.004).

The bytes that come out depend on the data, the kind and the library's version alone, never on the machine or the number of its
processors: whoever has several NARs compresses them side by side, one thread each. Constant memory in both directions.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from imagetools.store.ports import StoreError

SUFFIXES: Final = {"none": "", "xz": ".xz", "zstd": ".zst", "bzip2": ".bz2", "gzip": ".gz"}
LEVELS: Final = {"xz": 6, "zstd": 3, "bzip2": 9, "gzip": 2}
_READ_ONLY: Final = frozenset(("br", "lz4", "lzip", "lzma", "grzip", "lrzip", "compress"))
_LOOK: Final = 6
Sink = Callable[[bytes], object]


class UnknownCompressionError(StoreError):
    """A compression that a cache names and imagetools does not have."""

    def __init__(self, kind: str) -> None:
        known = "supported are " + ", ".join(SUFFIXES)
        super().__init__(
            f"compression '{kind}' is not supported by imagetools" if kind in _READ_ONLY else f"unknown compression '{kind}'",
            known,
        )
        self.kind = kind


class WrongCompressionError(StoreError):
    """Data that is not compressed in the way that was said."""

    def __init__(self, said: str, found: str) -> None:
        super().__init__(f"the data is said to be compressed by {said}, but it is {found}")
        self.said = said
        self.found = found


class _Codec(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _None:
    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


class Compressor:
    """Hands compressed pieces to ``sink``; ``close`` writes the end. The C libraries let other threads run meanwhile."""

    def __init__(self, kind: str, sink: Sink, level: int | None = None) -> None:
        """``kind``: none, xz, zstd, bzip2 or gzip. Raises UnknownCompressionError."""
        self._codec = _codec(kind, LEVELS.get(kind, 0) if level is None else level)
        self._sink = sink

    def write(self, data: bytes) -> None:
        piece = self._codec.compress(data)
        if piece:
            self._sink(piece)

    def close(self) -> None:
        piece = self._codec.flush()
        if piece:
            self._sink(piece)


def check_kind(kind: str) -> None:
    """Raises UnknownCompressionError."""
    if kind not in SUFFIXES:
        raise UnknownCompressionError(kind)


def decompressed(kind: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What ``chunks`` hold, in pieces of at most 256 KiB however well they were compressed.

    Raises UnknownCompressionError, WrongCompressionError, and ArchiveError for damaged data.
    """
    check_kind(kind)
    if kind == "none":
        yield from chunks
        return
    from imagetools.archive.decompress import decompressed as sniffed  # noqa: PLC0415  (not for those who only write)
    from imagetools.archive.decompress import sniff  # noqa: PLC0415
    from imagetools.archive.stream import PIECE, ByteStream  # noqa: PLC0415

    stream = ByteStream.of_chunks(chunks, "NAR")
    found = sniff(stream.peek(_LOOK))
    if found != kind:
        raise WrongCompressionError(kind, found or "something else")
    plain = sniffed(stream, "NAR")
    while piece := plain.read(PIECE):
        yield piece


def _codec(kind: str, level: int) -> _Codec:
    if kind == "none":
        return _None()
    if kind == "xz":
        import lzma  # noqa: PLC0415  (shared libraries; most caches need one of the four at most)

        return lzma.LZMACompressor(lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, preset=level)
    if kind == "bzip2":
        import bz2  # noqa: PLC0415

        return bz2.BZ2Compressor(level)
    if kind == "gzip":
        from isal import isal_zlib  # noqa: PLC0415

        gzip: _Codec = isal_zlib.compressobj(level, wbits=31)
        return gzip
    if kind == "zstd":
        from pyzstd import CParameter, ZstdCompressor  # noqa: PLC0415

        return ZstdCompressor({CParameter.compressionLevel: level, CParameter.checksumFlag: 1})
    raise UnknownCompressionError(kind)
