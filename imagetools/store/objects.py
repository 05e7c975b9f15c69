"""Bringing trees and texts to their place in the store directory (row 6.008).

Everything is made in a private folder ``tmp-<pid>-<n>`` of the store directory, then renamed; nothing here makes a path valid.
Nix quirk: the folder is flocked while its process lives, so that a collector leaves it alone. What killed processes left behind
is found by the temporary-roots files that they could not remove, and cleared before the first new object.
"""

import fcntl
import os
import stat
import threading
from contextlib import suppress

from imagetools.formats.store_path import StorePath
from imagetools.store.disk import delete_tree, writing
from imagetools.store.fs_restore import finish_root, write_file
from imagetools.store.layout import Layout
from imagetools.store.temp_roots import bury

_PREFIX = "tmp-"


class Workplace:
    """Where one process makes new objects of one store."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._lock = threading.Lock()
        self._pid = 0
        self._folder = ""
        self._fd = -1
        self._number = 0

    def new_name(self) -> str:
        """A path for a new object, on the store's file system, that nobody else uses. Raises StoreAccessError, DiskFullError."""
        with self._lock:
            if self._pid != os.getpid():
                with writing(self._layout.store):
                    self._open()
            self._number += 1
            return f"{self._folder}/{self._number}"

    def place_text(self, path: StorePath, data: bytes) -> None:
        """Write one canonical file at the path's real place; the caller holds its lock. Leftovers there are removed first."""
        temporary = self.new_name()
        real = self._layout.real_path(path)
        with writing(real):
            try:
                write_file(temporary, data)
                try:
                    os.rename(temporary, real)
                except IsADirectoryError:
                    delete_tree(real)
                    os.rename(temporary, real)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise

    def place_tree(self, temporary: str, path: StorePath) -> None:
        """Move a tree, canonical but for a writable root directory, to the path's real place; the caller holds its lock."""
        real = self._layout.real_path(path)
        with writing(real):
            delete_tree(real)
            os.rename(temporary, real)
            finish_root(real)

    def discard(self, temporary: str) -> None:
        """Remove an object that is not wanted; errors do not matter, the folder is removed as a whole later."""
        with suppress(OSError):
            delete_tree(temporary)

    def close(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                with suppress(OSError):
                    delete_tree(self._folder)
                os.close(self._fd)
            self._pid = 0

    def _open(self) -> None:
        os.makedirs(self._layout.store, exist_ok=True)
        clear_leftovers(self._layout)
        number = 0
        while True:
            folder = f"{self._layout.store}/{_PREFIX}{os.getpid()}-{number}"
            number += 1
            try:
                os.mkdir(folder, 0o700)
            except FileExistsError:
                continue
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink > 0 and os.path.isdir(folder):
                break
            os.close(fd)  # a collector was faster than our lock
        self._folder, self._fd, self._pid = folder, fd, os.getpid()


def clear_leftovers(layout: Layout) -> list[str]:
    """Remove the temporary folders of dead processes, where there is a sign of one; return their names.

    The sign is a file in ``temproots`` that nobody locks: without it the store directory is not even listed.
    """
    dead = bury(layout)
    if not dead:
        return []
    return remove_temporaries(layout, {f"{_PREFIX}{number}-" for number in dead})


def remove_temporaries(layout: Layout, prefixes: set[str]) -> list[str]:
    """Remove the folders of the store directory that begin so and that no living process holds."""
    removed: list[str] = []
    with suppress(FileNotFoundError):
        for name in os.listdir(layout.store):
            if not name.startswith(_PREFIX) or not any(name.startswith(prefix) for prefix in prefixes):
                continue
            path = f"{layout.store}/{name}"
            with suppress(OSError):
                if not stat.S_ISDIR(os.lstat(path).st_mode):
                    continue
                fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    delete_tree(path)
                    removed.append(name)
                finally:
                    os.close(fd)
    return removed
