"""Bringing trees and texts to their place in the store directory (row 6.008).

Everything is made in a private folder ``<hash>-imagetools-tmp-<pid>-<n>`` of the store directory, then renamed; nothing here
makes a path valid. Nix quirk: its collector removes every name in the store directory that is neither valid nor a root (2.8 heeds
no lock on a folder), so ours has the form of a store path and is a temporary root. What killed processes left behind is found by
the temporary-roots files that they could not remove, and cleared before the first new object.
"""

import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Callable, Container
from contextlib import suppress

from imagetools.formats.store_path import StorePath
from imagetools.store.disk import delete_tree, writing
from imagetools.store.fs_restore import finish_root, write_file
from imagetools.store.layout import Layout
from imagetools.store.temp_roots import bury

_FOLDER = r"[0-9a-z]{32}-imagetools-tmp-([0-9]+)-[0-9]+"


class Workplace:
    """Where one process makes new objects of one store. ``protect`` makes a path a temporary root."""

    def __init__(self, layout: Layout, protect: Callable[[StorePath], object]) -> None:
        self._layout = layout
        self._protect = protect
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
            path = working_path(os.getpid(), number)
            folder = self._layout.real_path(path)
            number += 1
            self._protect(path)
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


def working_path(pid: int, number: int) -> StorePath:
    """The name of a process's private folder."""
    name = f"imagetools-tmp-{pid}-{number}"
    return StorePath(hashlib.sha1(name.encode(), usedforsecurity=False).digest(), name)


def clear_leftovers(layout: Layout) -> list[str]:
    """Remove the private folders of dead processes, where there is a sign of one; return their names.

    The sign is a file in ``temproots`` that nobody locks: without it the store directory is not even listed.
    """
    removed: list[str] = []
    bury(layout, lambda dead: removed.extend(remove_folders(layout, dead)))
    return removed


def remove_folders(layout: Layout, pids: Container[int]) -> list[str]:
    """Remove the private folders that these processes made and that no living process holds."""
    removed: list[str] = []
    with suppress(FileNotFoundError):
        for name in os.listdir(layout.store):
            found = re.fullmatch(_FOLDER, name)
            if found is None or int(found[1]) not in pids:
                continue
            path = f"{layout.store}/{name}"
            with suppress(OSError):
                fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    delete_tree(path)
                    removed.append(name)
                finally:
                    os.close(fd)
    return removed
