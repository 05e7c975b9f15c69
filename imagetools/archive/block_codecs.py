"""One decoder a compression, for single blocks: bytes in, at most so many bytes out, whole or an error.

All of them let go of the interpreter, so that threads unpack in parallel. What a decoder may allocate is bounded by the block
size: a block that says it needs a window of gigabytes is refused. lz4 and lzo come from the host's own libraries, looked for when
an image first needs them; a missing one is one clear sentence.
"""

import ctypes
import lzma
from collections.abc import Callable
from threading import local
from typing import Final

from imagetools.archive.decoders import Gzip, faults
from imagetools.kernel.errors import ImagetoolsError

Codec = Callable[[bytes, int], bytes]
"""(packed, most) to what was packed; more than ``most`` bytes, or fewer than the block holds, is a ``CodecError``."""

_XZ_MEMORY: Final = 32 << 20
_WINDOW: Final = 23
_LIBRARIES: Final = {"lz4": ("liblz4.so.1", "liblz4-1"), "lzo": ("liblzo2.so.2", "liblzo2-2")}


class CodecError(ValueError):
    """A block that its compression cannot read; whoever knows its place says so."""


class MissingLibraryError(ImagetoolsError):
    """An image needs a library of the host that is not there."""

    fault = "host"

    def __init__(self, compression: str, library: str, package: str) -> None:
        super().__init__(
            f"the image is compressed with {compression}, and the library {library} is not there",
            f"install it (Debian's package {package})",
        )
        self.compression = compression
        self.library = library


def codec(compression: str) -> Codec:
    """The decoder for one of gzip, lzma, lzo, xz, lz4, zstd; safe to call from several threads. Raises MissingLibraryError."""
    if compression == "gzip":
        return _gzip
    if compression == "zstd":
        return _Zstd()
    if compression in _LIBRARIES:
        return _lz4() if compression == "lz4" else _lzo()
    return _Lzma(lzma.FORMAT_XZ if compression == "xz" else lzma.FORMAT_ALONE)


def _gzip(packed: bytes, most: int) -> bytes:
    inner = Gzip(15)
    try:
        data = inner.decompress(packed, most + 1)
        if not inner.eof and len(data) <= most:
            data += inner.decompress(b"", most + 1 - len(data))
    except faults("gzip") as problem:
        raise CodecError(str(problem)) from None
    return _whole(data, most, inner.eof)


class _Zstd:
    """One decoder a thread, used again and again: making one takes a tenth of the time that a block does."""

    def __init__(self) -> None:
        self._kept = local()

    def __call__(self, packed: bytes, most: int) -> bytes:
        import pyzstd  # noqa: PLC0415  (a shared library; not every image is zstd)

        inner: pyzstd.EndlessZstdDecompressor | None = getattr(self._kept, "decoder", None)
        if inner is None:
            inner = pyzstd.EndlessZstdDecompressor(option={pyzstd.DParameter.windowLogMax: _WINDOW})
        self._kept.decoder = None
        try:
            data = inner.decompress(packed, most + 1)
        except pyzstd.ZstdError as problem:
            raise CodecError(str(problem)) from None
        data = _whole(data, most, inner.at_frame_edge)
        self._kept.decoder = inner
        return data


class _Lzma:
    def __init__(self, form: int) -> None:
        self._form = form

    def __call__(self, packed: bytes, most: int) -> bytes:
        try:
            inner = lzma.LZMADecompressor(format=self._form, memlimit=_XZ_MEMORY)
            data = inner.decompress(packed, most + 1)
            if not inner.eof and len(data) <= most and not inner.needs_input:
                data += inner.decompress(b"", most + 1 - len(data))  # its sums may be all that is left
        except (lzma.LZMAError, EOFError, MemoryError) as problem:
            raise CodecError(str(problem)) from None
        return _whole(data, most, inner.eof or self._form == lzma.FORMAT_ALONE)


def _whole(data: bytes, most: int, ended: bool) -> bytes:
    if len(data) > most:
        raise CodecError("it holds more than a block may")
    if not ended:
        raise CodecError("its data end early")
    return data


def _library(compression: str) -> ctypes.CDLL:
    name, package = _LIBRARIES[compression]
    try:
        return ctypes.CDLL(name)
    except OSError:
        raise MissingLibraryError(compression, name, package) from None


def _lz4() -> Codec:
    function = _library("lz4").LZ4_decompress_safe
    function.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)
    function.restype = ctypes.c_int

    def decode(packed: bytes, most: int) -> bytes:
        room = ctypes.create_string_buffer(most)
        size = function(packed, room, len(packed), most)
        if size < 0:
            raise CodecError("its lz4 data are damaged")
        return ctypes.string_at(room, size)

    return decode


def _lzo() -> Codec:
    function = _library("lzo").lzo1x_decompress_safe
    function.argtypes = (
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.c_size_t),
        ctypes.c_void_p,
    )
    function.restype = ctypes.c_int

    def decode(packed: bytes, most: int) -> bytes:
        room = ctypes.create_string_buffer(most)
        size = ctypes.c_size_t(most)
        if function(packed, len(packed), room, ctypes.byref(size), None) != 0:
            raise CodecError("its lzo data are damaged")
        return ctypes.string_at(room, size.value)

    return decode
