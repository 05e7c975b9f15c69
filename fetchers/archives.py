"""Archives of every kind into a folder: what they are is decided by their first bytes, what may come out by ``archive.unpack``.

zip, and tar as it is or compressed with gzip, bzip2, xz, zstd, lzma, lzip or compress. Nothing of the host is run. Refused, each
by a sentence that names it: other archives and compressions, and a compressed file that holds no tar archive.
"""

import os
from collections.abc import Iterable
from dataclasses import replace

from imagetools.archive.decoders import decoder, faults
from imagetools.archive.decompress import decompressed, sniff
from imagetools.archive.member import Member
from imagetools.archive.recognise import what_is
from imagetools.archive.stream import ArchiveError, ByteStream
from imagetools.archive.tarball import BLOCK, is_tar, read_tar, read_to_end
from imagetools.archive.unpack import UnpackPolicy, unpack
from imagetools.archive.unpack_ahead import ReadAhead
from imagetools.archive.zip import read_zip, total_size
from imagetools.archive.zip_directory import ends_as_zip
from imagetools.kernel.errors import ImagetoolsError

_ZIP = (b"PK\3\4", b"PK\5\6", b"PK00PK\3\4")
_LZMA_NAMES = (".lzma", ".tlz")


class NoArchiveError(ImagetoolsError):
    """Something that cannot be unpacked; ``name`` is what it was called, ``what`` what it seems to be."""

    def __init__(self, name: str, what: str, hint: str | None = None) -> None:
        super().__init__(f"'{name}' is no archive that can be unpacked: it is {what}", hint)
        self.name = name
        self.what = what


class TooLargeError(ArchiveError):
    """An archive that says that it needs more room than there is; ``wanted`` and ``room`` in bytes."""

    def __init__(self, name: str, wanted: int, room: int) -> None:
        super().__init__("archive", f"'{name}' unpacks to {wanted} bytes, and the disk has room for {room}")
        self.wanted = wanted
        self.room = room


def unpack_into(archive_path: str, to: str, name_hint: str = "", policy: UnpackPolicy | None = None) -> int:
    """Unpack the file ``archive_path`` into the existing, empty folder ``to``; returns the number of bytes in files.

    ``name_hint`` is what the file is called in messages; its ending counts only for .lzma files that their first bytes do not
    betray. No more is written than the disk has room for. Raises NoArchiveError, ArchiveError (UnsafeMemberError for a member
    that must not be unpacked), OSError.
    """
    name = name_hint or os.path.basename(archive_path)
    room = os.statvfs(to)
    chosen = policy or UnpackPolicy()
    chosen = replace(chosen, max_bytes=min(chosen.max_bytes, room.f_bavail * room.f_frsize))
    with _File(archive_path) as file:
        head = file.read_at(0, BLOCK)
        compression = sniff(head)
        if compression is None and _is_bare_lzma(name, head):
            compression = "lzma"
        if compression is not None:
            return _unpack_compressed(file, compression, name, to, chosen)
        if is_tar(head):
            return unpack(read_tar(ByteStream(file.read)), to, chosen)
        if head.startswith(_ZIP) or ends_as_zip(file):
            wanted = total_size(file)
            if wanted > chosen.max_bytes:
                raise TooLargeError(name, wanted, chosen.max_bytes)
            return unpack(read_zip(file), to, replace(chosen, replace=False))
        raise _refusal(name, what_is(head))


def _unpack_compressed(file: "_File", compression: str, name: str, to: str, policy: UnpackPolicy) -> int:
    stream = ByteStream(file.read)
    inner = decompressed(stream, kind=compression)
    with ReadAhead(inner.read) as ahead:
        tape = ByteStream(ahead.read, "tar archive")
        head = tape.peek(BLOCK)
        if not is_tar(head):
            raise _refusal(name, f"{compression} data with {what_is(head)} in it")
        return unpack(_to_the_end(tape), to, policy)


def _to_the_end(tape: ByteStream) -> Iterable[Member]:
    """The members, and behind them the rest: compressed data have their checksum at the very end."""
    yield from read_tar(tape)
    read_to_end(tape)


def _is_bare_lzma(name: str, head: bytes) -> bool:
    """Whether a file called .lzma is one, of which any first byte below 225 may be the beginning."""
    if not name.endswith(_LZMA_NAMES):
        return False
    try:
        decoder("lzma").decompress(head, 1)
    except faults("lzma"):
        return False
    return True


def _refusal(name: str, what: str) -> NoArchiveError:
    if "HTML" in what:
        return NoArchiveError(
            name, what, "the address leads to a page and not to the archive itself; open it in a browser to see"
        )
    return NoArchiveError(name, what, "zip archives and tar archives (also compressed) can be unpacked; fetchurl takes any file")


class _File:
    """A file to read from its beginning, and at any place."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._fd).st_size

    def read(self, size: int) -> bytes:
        return os.read(self._fd, size)

    def read_at(self, offset: int, size: int) -> bytes:
        piece = os.pread(self._fd, size, offset)
        while 0 < len(piece) < size:
            more = os.pread(self._fd, size - len(piece), offset + len(piece))
            if not more:
                break
            piece += more
        return piece

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
