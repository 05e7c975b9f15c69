"""The ar archive, as far as .deb packages use it, and the .deb package itself (deb(5)).

Reads members one after another from a stream. Refuses symbol tables' meaning and everything that a .deb may not have.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from imagetools.archive.decompress import decompressed
from imagetools.archive.stream import ArchiveError, ByteStream

_MAGIC = b"!<arch>\n"
_FORM = "ar archive"
_DEB = "Debian package"


@dataclass(frozen=True, slots=True)
class ArMember:
    """``body`` holds ``size`` bytes and must be read (or left) before the next member is asked for."""

    name: bytes
    size: int
    body: ByteStream


def read_ar(stream: ByteStream) -> Iterator[ArMember]:
    """The members in order. Raises ``ArchiveError``: no ar, a damaged header, an early end."""
    stream.form = _FORM
    if stream.peek(len(_MAGIC)) != _MAGIC:
        raise ArchiveError(_FORM, "its magic number is missing", 0)
    stream.skip(len(_MAGIC))
    while stream.peek(1):
        at = stream.offset
        header = stream.exactly(60)
        digits = header[48:58].strip()
        if header[58:] != b"`\n" or not digits.isdigit():
            raise ArchiveError(_FORM, "damaged member header", at)
        size = int(digits)
        window = _Window(stream, size)
        name = header[:16].rstrip().removesuffix(b"/")
        yield ArMember(name, size, ByteStream(window.read, _FORM))
        window.drain()
        if size % 2 and stream.peek(1):
            stream.skip(1)


def deb_data(stream: ByteStream) -> Iterator[ByteStream]:
    """One tar stream: the decompressed ``data.tar`` of a .deb. An iterator, so that the rest is checked after it was read.

    Raises ``ArchiveError`` where ``debian-binary`` (version 2.x) is not first or ``data.tar`` is missing.
    """
    seen = False
    for index, member in enumerate(read_ar(stream)):
        if index == 0:
            version = member.body.read(16)
            if member.name != b"debian-binary" or not version.startswith(b"2."):
                raise ArchiveError(_DEB, "it does not begin with debian-binary 2.x", 0)
        elif member.name == b"data.tar" or member.name.startswith(b"data.tar."):
            if seen:
                raise ArchiveError(_DEB, "it has more than one data.tar", stream.offset)
            seen = True
            yield decompressed(member.body, "data.tar")
        elif not seen and not (member.name.startswith((b"control.tar", b"_"))):
            raise ArchiveError(_DEB, f"unexpected member '{member.name.decode('latin-1')}'", stream.offset)
    if not seen:
        raise ArchiveError(_DEB, "it has no data.tar", stream.offset)


class _Window:
    """``size`` bytes of a stream as a ``read`` function."""

    def __init__(self, stream: ByteStream, size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int) -> bytes:
        if not self._left:
            return b""
        piece = self._stream.read(min(size, self._left))
        if not piece:
            raise ArchiveError(_FORM, f"it ends early, {self._left} bytes are missing", self._stream.offset)
        self._left -= len(piece)
        return piece

    def drain(self) -> None:
        while self._left:
            self.read(1 << 18)
