"""Reading a tree from the disk as a NAR, fast: descriptors and constants only, small files joined, large ones in chunks.

It writes the format's fixed sequences itself (``formats.nar.wire``) instead of calling a NarWriter for each token: a tree has
many small files, and this is what makes it as fast as Nix. It refuses what a NAR cannot hold (fifos, sockets, devices) and
never follows a symlink below the root. Names are bytes; their order is that of the bytes. Memory does not depend on the size of
any file.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import ClassVar, Final, Protocol

from imagetools.formats.nar import wire
from imagetools.kernel.bytestr import to_str
from imagetools.store.disk import AnyPath, show
from imagetools.store.ports import PathFilter, StoreError

CHUNK: Final = 1 << 18
FLUSH: Final = 1 << 18

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_REGULAR: Final = wire.NODE + wire.REGULAR
_EXECUTABLE: Final = wire.NODE + wire.EXECUTABLE
_SYMLINK: Final = wire.NODE + wire.SYMLINK
_DIRECTORY: Final = wire.NODE + wire.DIRECTORY
_END_ENTRY: Final = wire.CLOSE + wire.CLOSE
_TAIL: Final = tuple(padding + _END_ENTRY for padding in wire.PADDING)

Sink = Callable[[bytes], object]


class UnsupportedFileError(StoreError):
    """A file that no store object can hold (row 4.034)."""

    def __init__(self, path: str, kind: str) -> None:
        super().__init__(f"file '{path}' is a {kind}; a store object holds only regular files, directories and symbolic links")
        self.path = path
        self.kind = kind


class SourceReadError(StoreError):
    """A file of the host that cannot be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot read '{path}': {reason}")
        self.path = path
        self.reason = reason


class ChangedWhileReadError(StoreError):
    """A file that became shorter while it was read."""

    retryable: ClassVar[bool] = True

    def __init__(self, path: str) -> None:
        super().__init__(f"file '{path}' changed while it was read", "run the command again when nothing writes there")
        self.path = path


class _SinkFailedError(Exception):
    """Carries an OSError of the sink past our own."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error


class Member(Protocol):
    """What ``os.scandir`` gives for a path of bytes."""

    @property
    def name(self) -> bytes: ...

    @property
    def path(self) -> bytes: ...

    def is_file(self, *, follow_symlinks: bool = ...) -> bool: ...

    def is_dir(self, *, follow_symlinks: bool = ...) -> bool: ...

    def is_symlink(self) -> bool: ...


def kind_of(mode: int) -> str:
    """The word for a file's type, from its mode."""
    for test, word in (
        (stat.S_ISREG, "regular file"),
        (stat.S_ISDIR, "directory"),
        (stat.S_ISLNK, "symbolic link"),
        (stat.S_ISFIFO, "fifo"),
        (stat.S_ISSOCK, "socket"),
        (stat.S_ISBLK, "block device"),
        (stat.S_ISCHR, "character device"),
    ):
        if test(mode):
            return word
    return "file of unknown type"


def dump(path: AnyPath, sink: Sink, filter: PathFilter | None = None) -> None:
    """Send the NAR of ``path`` to ``sink`` in pieces of at most about half a megabyte.

    ``filter(path, kind)`` is asked for each member below the root, before anything is read of it.
    Raises UnsupportedFileError, SourceReadError, ChangedWhileReadError, and what sink and filter raise.
    """
    root = os.fsencode(path)

    def guarded(chunk: bytes) -> None:
        try:
            sink(chunk)
        except OSError as error:
            raise _SinkFailedError(error) from error

    try:
        mode = os.lstat(root).st_mode
        if stat.S_ISDIR(mode):
            _dump_directory(root, guarded, filter)
        elif stat.S_ISLNK(mode):
            guarded(wire.MAGIC + wire.SYMLINK + wire.string(os.readlink(root)) + wire.CLOSE)
        elif stat.S_ISREG(mode):
            _dump_file(root, guarded)
        else:
            raise UnsupportedFileError(show(root), kind_of(mode))
    except _SinkFailedError as failed:
        raise failed.error from None
    except OSError as error:
        raise unreadable(error, root) from error


def read_chunks(fd: int, size: int, path: bytes) -> Iterator[bytes]:
    """Exactly ``size`` bytes. Raises ChangedWhileReadError where the file is shorter, and OSError."""
    left = size
    while left:
        chunk = os.read(fd, min(left, CHUNK))
        if not chunk:
            raise ChangedWhileReadError(show(path))
        left -= len(chunk)
        yield chunk


@contextmanager
def open_plain(path: bytes) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Size and chunks of one file's bytes; a symlink is followed. Raises SourceReadError, UnsupportedFileError."""

    def chunks() -> Iterator[bytes]:
        try:
            yield from read_chunks(fd, state.st_size, path)
        except OSError as error:
            raise unreadable(error, path) from error

    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise unreadable(error, path) from error
    try:
        state = os.fstat(fd)
        if not stat.S_ISREG(state.st_mode):
            raise UnsupportedFileError(show(path), kind_of(state.st_mode))
        yield state.st_size, chunks()
    finally:
        os.close(fd)


def unreadable(error: OSError, path: bytes) -> SourceReadError:
    """Our error for a failed read of ``path`` (or of the file that the error names)."""
    where = error.filename if isinstance(error.filename, str | bytes) else path
    return SourceReadError(show(where), error.strerror or str(error))


def _dump_file(path: bytes, sink: Sink) -> None:
    fd = os.open(path, _OPEN)
    try:
        state = os.fstat(fd)
        size = state.st_size
        sink(wire.MAGIC + (wire.EXECUTABLE if state.st_mode & stat.S_IXUSR else wire.REGULAR) + wire.LENGTH.pack(size))
        for chunk in read_chunks(fd, size, path):
            sink(chunk)
        sink(wire.PADDING[size & 7] + wire.CLOSE)
    finally:
        os.close(fd)


def _dump_directory(root: bytes, sink: Sink, accept: PathFilter | None) -> None:
    pieces = [wire.MAGIC, wire.DIRECTORY]
    waiting = 0  # bytes of file contents in pieces; the rest is small
    put, pack, padding, entry_open = pieces.append, wire.LENGTH.pack, wire.PADDING, wire.ENTRY
    open_file, fstat, read, close = os.open, os.fstat, os.read, os.close
    stack = [_members(root, accept)]
    while stack:
        for member in stack[-1]:
            name = member.name
            length = len(name)
            head = entry_open + pack(length) + name + padding[length & 7]
            if member.is_file(follow_symlinks=False):
                fd = open_file(member.path, _OPEN)
                try:
                    state = fstat(fd)
                    size = state.st_size
                    put(head + (_EXECUTABLE if state.st_mode & 0o100 else _REGULAR) + pack(size))
                    if size <= FLUSH:
                        data = read(fd, size) if size else b""
                        put(data)
                        if len(data) != size:
                            pieces.extend(read_chunks(fd, size - len(data), member.path))
                    else:
                        sink(b"".join(pieces))
                        pieces.clear()
                        waiting = 0
                        for chunk in read_chunks(fd, size, member.path):
                            sink(chunk)
                        size &= 7
                finally:
                    close(fd)
                put(_TAIL[size & 7])
                waiting += size + 200
                if waiting >= FLUSH:
                    sink(b"".join(pieces))
                    pieces.clear()
                    waiting = 0
            elif member.is_dir(follow_symlinks=False):
                put(head + _DIRECTORY)
                stack.append(_members(member.path, accept))
                break
            elif member.is_symlink():
                put(head + _SYMLINK + wire.string(os.readlink(member.path)) + _END_ENTRY)
            else:
                raise UnsupportedFileError(show(member.path), kind_of(os.lstat(member.path).st_mode))
        else:
            stack.pop()
            put(_END_ENTRY if stack else wire.CLOSE)
    sink(b"".join(pieces))


def _members(folder: bytes, accept: PathFilter | None) -> Iterator[Member]:
    with os.scandir(folder) as listing:
        members = sorted(listing, key=attrgetter("name"))
    if accept is None:
        return iter(members)
    return (member for member in members if accept(to_str(member.path), _filter_kind(member)))


def _filter_kind(member: Member) -> str:
    if member.is_symlink():
        return "symlink"
    if member.is_dir(follow_symlinks=False):
        return "directory"
    return "regular" if member.is_file(follow_symlinks=False) else "unknown"
