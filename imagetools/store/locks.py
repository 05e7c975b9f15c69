"""Locks between processes: one flock on ``<path>.lock`` for each path, as Nix takes them (rows 4.027, 6.009).

Paths are locked in sorted order, so two callers cannot wait for each other. A lock file is removed when its lock is given back.
Nix quirk: whoever removes it then writes a byte into it, so that those who were waiting on the open file see that it has become
stale and open a new one. Each lock has its own open file, hence threads of one process exclude each other too.
"""

import fcntl
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType

from imagetools.formats.store_path import StorePath
from imagetools.store.disk import writing
from imagetools.store.layout import Layout


class PathLocks:
    """The locks that one caller holds; give them back with ``release`` or as a context manager."""

    def __init__(self) -> None:
        self._held: list[tuple[str, int]] = []

    def acquire(
        self, layout: Layout, paths: Iterable[StorePath], *, wait: bool, on_wait: Callable[[StorePath], object] | None = None
    ) -> bool:
        """Lock all paths, or none and False where ``wait`` is False and somebody else holds one.

        Raises StoreAccessError, DiskFullError.
        """
        try:
            for path in sorted(set(paths)):
                name = layout.lock_path(path)
                with writing(name):
                    fd = _lock_file(name, wait, path, on_wait)
                if fd < 0:
                    self.release()
                    return False
                self._held.append((name, fd))
        except BaseException:
            self.release()
            raise
        return True

    def release(self) -> None:
        """Unlock all; remove the lock files."""
        while self._held:
            name, fd = self._held.pop()
            with suppress(OSError):
                os.unlink(name)
            with suppress(OSError):
                os.write(fd, b"d")
            os.close(fd)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def _lock_file(name: str, wait: bool, path: StorePath, on_wait: Callable[[StorePath], object] | None) -> int:
    """An open, locked file that is not stale; -1 where it is held and ``wait`` is False."""
    told = False
    while True:
        fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not wait:
                    os.close(fd)
                    return -1
                if on_wait is not None and not told:
                    on_wait(path)
                told = True
                fcntl.flock(fd, fcntl.LOCK_EX)
            state = os.fstat(fd)
            if state.st_nlink > 0:
                if state.st_size == 0:
                    return fd
                os.unlink(name)  # marked as stale, but somebody was kept from removing it
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
