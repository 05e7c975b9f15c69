"""Sinks for an archive's bytes: as they are, gzip (isal) or zstd. What comes out never names a file, a time or a machine.

gzip is cut into blocks of one size that are compressed side by side, each with the end of the one before as its dictionary, so
the result does not depend on the number of threads. It does depend on the version of isal or zstd: digests of what is compressed
are no part of any promise, those of layers (uncompressed) are.
"""

import io
import os
from typing import BinaryIO, Final

from .block_stream import BLOCK, Sink

GZIP_LEVEL: Final = 2
ZSTD_LEVEL: Final = 3
_MOST_THREADS: Final = 8


class PlainSink:
    """The bytes as they are."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, block: memoryview, /) -> None:
        self._file.write(block)

    def close(self) -> None:
        self._file.flush()


class GzipSink:
    """One gzip member without name and time. ``threads`` changes only how fast."""

    def __init__(self, file: BinaryIO, threads: int) -> None:
        from isal import igzip_threaded  # noqa: PLC0415

        opened: io.BufferedWriter = igzip_threaded.open(  # type: ignore[no-untyped-call]
            file, "wb", compresslevel=GZIP_LEVEL, threads=max(1, min(threads, _MOST_THREADS)), block_size=BLOCK
        )
        self._stream = opened

    def write(self, block: memoryview, /) -> None:
        self._stream.write(block)

    def close(self) -> None:
        self._stream.close()


class ZstdSink:
    """One zstd frame with a checksum."""

    def __init__(self, file: BinaryIO, threads: int) -> None:
        from pyzstd import CParameter, ZstdCompressor  # noqa: PLC0415

        self._file = file
        options: dict[int, int] = {
            CParameter.compressionLevel: ZSTD_LEVEL,
            CParameter.checksumFlag: 1,
            CParameter.nbWorkers: max(1, threads),
        }
        self._compressor = ZstdCompressor(options)

    def write(self, block: memoryview, /) -> None:
        self._file.write(self._compressor.compress(block))

    def close(self) -> None:
        self._file.write(self._compressor.flush())
        self._file.flush()


def codec(compressor: str) -> str:
    """The name of all that a compressed layer's bytes depend on beside its tar: "gz" or "zstd", with library and level.

    Bytes that were packed by ``open_sink`` under equal names are equal. KeyError for what is no compressor.
    """
    if compressor == "gz":
        from isal import ISAL_VERSION, __version__  # noqa: PLC0415

        return f"gz isal-{__version__}-{ISAL_VERSION} level-{GZIP_LEVEL} block-{BLOCK}"
    if compressor == "zstd":
        from pyzstd import zstd_version  # noqa: PLC0415

        return f"zstd zstd-{zstd_version} level-{ZSTD_LEVEL} jobs checksum"
    return {"none": "none"}[compressor]


def open_sink(file: BinaryIO, compressor: str) -> Sink:
    """The sink for ``compressor`` ("none", "gz" or "zstd"), a thread for each processor. KeyError for another."""
    threads = len(os.sched_getaffinity(0))
    if compressor == "gz":
        return GzipSink(file, threads)
    if compressor == "zstd":
        return ZstdSink(file, threads)
    if compressor == "none":
        return PlainSink(file)
    raise KeyError(compressor)
