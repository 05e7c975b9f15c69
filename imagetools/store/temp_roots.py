"""Temporary roots: what this process needs and no collector may delete (row 8.026).

One file ``temproots/<pid>`` holds the paths, each ended by a zero byte, and stays flocked while the process lives. Nix quirks:
a file that can be locked belongs to a dead process; while a collector runs (it holds ``gc.lock`` alone) a new root must be told
to it through its socket, and counts once it has answered ``1``.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from imagetools.formats.store_path import StorePath
from imagetools.store.disk import write_all, writing
from imagetools.store.layout import Layout

RETRY_SECONDS = 0.1


class TempRoots:
    """The temporary roots of one store in this process; a forked child starts its own."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._lock = threading.Lock()
        self._pid = 0
        self._file = -1
        self._name = ""
        self._gc_lock = -1
        self._known: set[StorePath] = set()

    def add(self, paths: Iterable[StorePath]) -> None:
        """Protect paths (valid or not) until ``close``. Raises StoreAccessError, DiskFullError."""
        with self._lock, writing(self._layout.temp_roots):
            if self._pid != os.getpid():
                self._open()
            new = [path for path in paths if path not in self._known]
            if not new:
                return
            names = [self._layout.store_dir.join(path) for path in new]
            # Written first: a collector that starts later reads it, and the one that may be running is told.
            write_all(self._file, b"".join(name.encode() + b"\0" for name in names))
            self._tell_collector(names)
            self._known.update(new)

    def close(self) -> None:
        """Give all up."""
        with self._lock:
            if self._pid == os.getpid():
                with suppress(OSError):
                    os.unlink(self._name)
                os.close(self._file)
                os.close(self._gc_lock)
            self._pid = 0
            self._known.clear()

    def _open(self) -> None:
        folder = self._layout.temp_roots
        os.makedirs(folder, exist_ok=True)
        self._known = set()
        number = 0
        while True:
            name = f"{folder}/{os.getpid()}" + (f"-{number}" if number else "")
            fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # another store object of this process, or a collector looking at it
                os.close(fd)
                number += 1
                continue
            state = os.fstat(fd)
            if state.st_size == 0 and state.st_nlink > 0:
                break
            with suppress(FileNotFoundError):  # a dead process had our number
                os.unlink(name)
            os.close(fd)
        self._file, self._name = fd, name
        self._gc_lock = os.open(self._layout.gc_lock, os.O_RDWR | os.O_CREAT, 0o600)
        self._pid = os.getpid()

    def _tell_collector(self, names: list[str]) -> None:
        """Return when no collector is running, or the one that runs knows the names."""
        while True:
            try:
                fcntl.flock(self._gc_lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                fcntl.flock(self._gc_lock, fcntl.LOCK_UN)
                return
            import socket  # noqa: PLC0415  (late: most runs never meet a collector)

            try:
                with socket.socket(socket.AF_UNIX) as peer, short_name(self._layout.gc_socket) as name_of_socket:
                    peer.connect(name_of_socket)
                    for name in names:
                        peer.sendall(name.encode() + b"\n")
                        if peer.recv(1) != b"1":
                            raise ConnectionResetError
                return
            except (ConnectionError, FileNotFoundError):
                time.sleep(RETRY_SECONDS)


@contextmanager
def short_name(path: str) -> Iterator[str]:
    """Another name for a socket, whose own may be too long (about a hundred bytes): through a descriptor of its folder."""
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    finally:
        os.close(folder)


def bury(layout: Layout, mourn: Callable[[set[int]], object]) -> None:
    """Remove the files of dead processes, after ``mourn`` was told their numbers: each is a process that did not end in order.

    If we die meanwhile, the next one finds the files again.
    """
    dead: list[tuple[str, int]] = []
    try:
        for name in _names(layout.temp_roots):
            path = f"{layout.temp_roots}/{name}"
            with suppress(OSError):
                fd = os.open(path, os.O_RDWR)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    os.close(fd)
                else:
                    dead.append((path, fd))
        if dead:
            mourn({int(os.path.basename(path).partition("-")[0]) for path, _ in dead})
        for path, fd in dead:
            with suppress(OSError):
                os.unlink(path)
                os.write(fd, b"d")
    finally:
        for _, fd in dead:
            os.close(fd)


def _names(folder: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.partition("-")[0].isdigit()]
    except FileNotFoundError:
        return []


def living_roots(layout: Layout) -> set[str]:
    """Base names of what living processes protect; the files of dead ones are removed. The caller holds ``gc.lock`` alone."""
    found: set[str] = set()
    for name in _names(layout.temp_roots):
        with suppress(OSError):
            fd = os.open(f"{layout.temp_roots}/{name}", os.O_RDWR | os.O_CLOEXEC)
            try:
                with suppress(BlockingIOError):
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(f"{layout.temp_roots}/{name}")
                    os.write(fd, b"d")
                    continue
                with open(os.dup(fd), "rb") as file:
                    paths = file.read().split(b"\0")
                found.update(os.fsdecode(path).rpartition("/")[2] for path in paths if path)
            finally:
                os.close(fd)
    return found
