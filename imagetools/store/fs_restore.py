"""Writing a tree to the disk from a NAR, canonical from the start: mtime 1, modes 0444 and 0555 (row 4.031).

Never through a symlink: every directory is made new, every file opened exclusively and without following, and the strict reader
lets no name pass twice or with a slash. The root directory stays writable (0755) until ``finish_root``, since an ordinary user
cannot move a read-only directory to another parent.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from imagetools.formats.nar.reader import NarReader
from imagetools.store.disk import AnyPath, explain, write_all, writing

MTIME: Final = (1_000_000_000, 1_000_000_000)
"""Access and modification time of everything in a store, in nanoseconds: one second into 1970."""

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_FALLOCATE_FROM: Final = 1 << 22


class TreeWriter:
    """A NarSink that writes the tree at ``target``, which must not exist yet. Raises OSError; wrap it in ``disk.writing``."""

    def __init__(self, target: AnyPath) -> None:
        self._path = os.fsencode(target)
        self._parents: list[bytes] = []
        self._fd = -1
        self._mode = 0

    def directory(self) -> None:
        os.mkdir(self._path, 0o755)
        self._parents.append(self._path)

    def entry(self, name: bytes) -> None:
        self._path = self._parents[-1] + b"/" + name

    def close(self) -> None:
        folder = self._parents.pop()
        if self._parents:
            finish_root(folder)

    def regular(self, size: int, executable: bool) -> None:
        self._mode = 0o555 if executable else 0o444
        self._fd = os.open(self._path, _CREATE, self._mode)
        if size >= _FALLOCATE_FROM:
            _allocate(self._fd, size)

    def data(self, chunk: bytes) -> None:
        write_all(self._fd, chunk)

    def end(self) -> None:
        fd, self._fd = self._fd, -1
        try:
            os.fchmod(fd, self._mode)
            os.utime(fd, ns=MTIME)
        finally:
            os.close(fd)

    def contents(self, data: bytes, executable: bool) -> None:
        self.regular(0, executable)
        if data:
            write_all(self._fd, data)
        self.end()

    def symlink(self, target: bytes) -> None:
        os.symlink(target, self._path)
        os.utime(self._path, ns=MTIME, follow_symlinks=False)

    def abandon(self) -> None:
        """Close what is open after an error; the tree stays as it is."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def finish_root(path: AnyPath) -> None:
    """Give a directory its final mode and time; other files have theirs already."""
    if stat.S_ISDIR(os.lstat(path).st_mode):
        os.chmod(path, 0o555)
        os.utime(path, ns=MTIME)


@contextmanager
def restoring(to: AnyPath, *, finish: bool = False) -> Iterator[Callable[[bytes], object]]:
    """A function that takes the pieces of a NAR and unpacks them at ``to``, which must not exist; the end checks that all came.

    Unless ``finish``, a root directory stays writable. Raises NarError, and StoreError where the disk refuses; what was written
    until then stays.
    """
    writer = TreeWriter(to)
    reader = NarReader(writer)

    def feed(chunk: bytes) -> None:
        try:
            reader.feed(chunk)
        except OSError as error:
            raise explain(error, to) from error

    try:
        yield feed
        reader.finish()
    finally:
        writer.abandon()
    if finish:
        with writing(to):
            finish_root(to)


def restore(chunks: Iterable[bytes], to: AnyPath, *, finish: bool = True) -> None:
    """Unpack a NAR at ``to``, which must not exist. Raises as ``restoring``, and what ``chunks`` raises."""
    with restoring(to, finish=finish) as feed:
        for chunk in chunks:
            feed(chunk)


def write_file(path: AnyPath, data: bytes, executable: bool = False) -> None:
    """One canonical file, new at ``path``. Raises OSError."""
    mode = 0o555 if executable else 0o444
    fd = os.open(path, _CREATE, mode)
    try:
        write_all(fd, data)
        os.fchmod(fd, mode)
        os.utime(fd, ns=MTIME)
    finally:
        os.close(fd)


def _allocate(fd: int, size: int) -> None:
    """Ask for the space at once: less scattered, and a full disk is noticed early. Not every file system can."""
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
