"""The files of an archive or a layout in any order: what copying needs, since a manifest names layers, not the other way round.

A tar's headers are looked through once for where its members are; a compressed one is unpacked into a file without name first.
Nothing is trusted: only regular files are read, and never through a link that leaves the place. Several threads may read at once.
"""

import os
import posixpath
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Final, Protocol, runtime_checkable

from ..archive.decompress import decompressed, sniff
from ..archive.member import Kind
from ..archive.stream import PIECE, ArchiveError, ByteStream
from ..archive.tarball import read_tar
from ..image.json_text import LARGEST
from ..image.tags import BrokenImageError
from .archive_reader import check_is_image, member_name
from .file_range import FileRange
from .stream_plan import StreamedImage

_LOOK: Final = 512
_NOT_COMPRESSED: Final = "none"
_PIECE: Final = 1 << 20
_AHEAD: Final = 1 << 14


class Members(Protocol):
    """``name`` as manifests have it."""

    def __contains__(self, name: object, /) -> bool: ...

    def size(self, name: str) -> int:
        """Raises BrokenImageError for what is missing or no file."""
        ...

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        """The bytes from ``start`` on. Raises BrokenImageError."""
        ...


@runtime_checkable
class LocatedMembers(Members, Protocol):
    """Members that lie in files."""

    def located(self, name: str) -> FileRange:
        """Raises BrokenImageError."""
        ...

    def headers(self, name: str) -> ByteStream:
        """The member, for a reader of tar that wants none of the bodies. Raises BrokenImageError, OSError."""
        ...


def small(members: Members, name: str) -> bytes:
    """The bytes of a document. Raises BrokenImageError (also for one that is too large to be one)."""
    if members.size(name) > LARGEST:
        raise BrokenImageError(name, f"it is larger than {LARGEST >> 20} MiB")
    return b"".join(members.pieces(name))


@contextmanager
def open_members(path: str, scratch: str) -> Iterator[Members]:
    """What lies at ``path``, also a script of streamLayeredImage: its members are those of the archive that it would write.

    ``scratch`` is a folder for unpacking. Raises NotAnImageError, ArchiveError, OldScriptError, GoneFromStoreError, OSError.
    """
    streamed = None if os.path.isdir(path) else StreamedImage.open(path)
    if streamed is not None:
        yield _Streamed(streamed)
        return
    check_is_image(path)
    if os.path.isdir(path):
        yield _Folder(path)
        return
    with ExitStack() as stack:
        file: BinaryIO = stack.enter_context(open(path, "rb"))
        compression = sniff(file.read(_LOOK)) or _NOT_COMPRESSED
        if compression != _NOT_COMPRESSED:
            file.seek(0)
            unpacked = stack.enter_context(tempfile.TemporaryFile(dir=scratch))
            stream = decompressed(ByteStream(file.read))
            while piece := stream.read(PIECE):
                unpacked.write(piece)
            unpacked.flush()
            file = unpacked
        yield _Tar(file, path, compression)


class _Folder:
    def __init__(self, path: str) -> None:
        self._path: Final = path

    def __contains__(self, name: object, /) -> bool:
        return isinstance(name, str) and os.path.lexists(os.path.join(self._path, name))

    def size(self, name: str) -> int:
        with self._open(name) as file:
            return os.fstat(file.fileno()).st_size

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        with self._open(name) as file:
            file.seek(start)
            while piece := file.read(_PIECE):
                yield piece

    def located(self, name: str) -> FileRange:
        return FileRange(os.path.join(self._path, name), _NOT_COMPRESSED, 0, self.size(name))

    def headers(self, name: str) -> ByteStream:
        file = self._open(name)
        return _Headers(file, 0, os.fstat(file.fileno()).st_size)

    def _open(self, name: str) -> BinaryIO:
        place = os.path.join(self._path, name)
        try:
            file = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BrokenImageError(name, "it is missing") from None
        except OSError as error:
            raise BrokenImageError(name, f"it cannot be read ({error.strerror})") from None
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise BrokenImageError(name, "it is no file")
        return open(file, "rb", buffering=0)


class _Streamed:
    def __init__(self, image: StreamedImage) -> None:
        self._image: Final = image

    def __contains__(self, name: object, /) -> bool:
        return name in self._image.members

    def size(self, name: str) -> int:
        return self._place(name)[1]

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        offset, size = self._place(name)
        return self._image.pieces(offset + start, max(0, size - start))

    def _place(self, name: str) -> tuple[int, int]:
        if name not in self._image.members:
            raise BrokenImageError(name, "it is missing")
        return self._image.members[name]


class _Headers(ByteStream):
    """A tar in a part of a file, whose members' bytes are passed over instead of read."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__(self._more)
        self._file: Final = file  # open as long as this is
        self._handle: Final = file.fileno()
        self._size: Final = size
        self._end: Final = start + size
        self._at = start

    def _more(self, size: int) -> bytes:
        piece = os.pread(self._handle, min(size, _AHEAD, self._end - self._at), self._at)
        self._at += len(piece)
        return piece

    def up_to(self, size: int) -> Iterator[bytes]:
        left = self._size - self.offset
        if size > left:
            raise ArchiveError(self.form, f"it ends early, {size - left} bytes are missing", self._size)
        kept = min(size, len(self._ahead) - self._place)
        self._place += kept
        self._at += size - kept
        self.offset += size
        return iter(())


class _Tar:
    """``path`` is the file itself, ``compression`` its own; ``file`` is what it holds."""

    def __init__(self, file: BinaryIO, path: str, compression: str) -> None:
        self._file: Final = file
        self._path: Final = path
        self._compression: Final = compression
        self._places: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        self._twice: set[str] = set()
        stream = _Headers(file, 0, os.fstat(file.fileno()).st_size)
        for member in read_tar(stream):
            name = member_name(member)
            if name in self and member.kind is not Kind.DIRECTORY:
                self._twice.add(name)
            if member.kind is Kind.FILE:
                self._places[name] = (stream.offset, member.size)
                self._links.pop(name, None)
            elif member.kind is Kind.SYMLINK:
                self._links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), os.fsdecode(member.target)))
            elif member.kind is Kind.HARDLINK:
                self._links[name] = os.fsdecode(member.target).removeprefix("./")

    def __contains__(self, name: object, /) -> bool:
        return name in self._places or name in self._links

    def size(self, name: str) -> int:
        return self._find(name)[1]

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        offset, size = self._find(name)
        offset, size = offset + start, max(0, size - start)
        while size:
            piece = os.pread(self._file.fileno(), min(size, _PIECE), offset)
            if not piece:
                raise BrokenImageError(name, f"it ends early, {size} bytes are missing")
            yield piece
            offset += len(piece)
            size -= len(piece)

    def located(self, name: str) -> FileRange:
        offset, size = self._find(name)
        return FileRange(self._path, self._compression, offset, size)

    def headers(self, name: str) -> ByteStream:
        return _Headers(self._file, *self._find(name))

    def _find(self, name: str) -> tuple[int, int]:
        wanted = name
        for _ in range(8):
            if wanted in self._twice:
                raise BrokenImageError(wanted, "the archive has this member twice")
            if wanted not in self._links:
                break
            wanted = self._links[wanted]
        if wanted not in self._places:
            raise BrokenImageError(name, "it is missing")
        return self._places[wanted]
