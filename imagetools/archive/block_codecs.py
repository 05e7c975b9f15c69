"""One decoder a compression, for single blocks: bytes in, at most so many bytes out, whole or an error.

All of them let go of the interpreter, so that threads unpack in parallel. What a decoder may allocate is bounded by the block
size: a block that says it needs a window of gigabytes is refused. lz4 and lzo come from the host's own libraries, looked for when
an image first needs them; a missing one is one clear sentence.
"""

import ctypes
import lzma
from collections.abc import Callable
from functools import partial
from threading import local
from types import ModuleType
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
        return _zstd()
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


def _zstd() -> Codec:
    """The library inside of pyzstd, called by itself: its Python face makes a context and copies each block once more."""
    import pyzstd  # noqa: PLC0415  (a shared library; not every image is zstd)

    try:
        from backports.zstd import _zstd as inner  # noqa: PLC0415

        return _BareZstd(ctypes.CDLL(inner.__file__))
    except (ImportError, OSError, AttributeError, TypeError):  # another build, which shows its Python face only
        return partial(_plain_zstd, pyzstd)


def _plain_zstd(library: ModuleType, packed: bytes, most: int) -> bytes:
    inner = library.ZstdDecompressor(option={library.DParameter.windowLogMax: _WINDOW})
    try:
        data = inner.decompress(packed, most + 1)
    except library.ZstdError as problem:
        raise CodecError(str(problem)) from None
    return _whole(data, most, inner.eof)


class _BareZstd:
    def __init__(self, library: ctypes.CDLL) -> None:
        self._decompress = library.ZSTD_decompressDCtx
        self._decompress.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
        self._decompress.restype = ctypes.c_size_t
        self._create = library.ZSTD_createDCtx
        self._create.argtypes = ()
        self._create.restype = ctypes.c_void_p
        self._free = library.ZSTD_freeDCtx
        self._free.argtypes = (ctypes.c_void_p,)
        self._kept = local()

    def __call__(self, packed: bytes, most: int) -> bytes:
        state = getattr(self._kept, "state", None)
        if state is None or len(state.room) < most:
            state = self._kept.state = _ZstdState(self._create(), self._free, most)
        size: int = self._decompress(state.context, state.room, most, packed, len(packed))
        if size > most:  # an error is a number close to 2^64
            raise CodecError("its zstd data are damaged, or more than a block may hold")
        return ctypes.string_at(state.room, size)


class _ZstdState:
    """What one thread needs; the library's part is given back with it."""

    def __init__(self, context: int | None, free: Callable[[int], object], most: int) -> None:
        if not context:
            raise MemoryError
        self.context = context
        self.room = ctypes.create_string_buffer(most)
        self._free = free

    def __del__(self) -> None:
        self._free(self.context)


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
