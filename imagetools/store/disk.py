"""What the store asks of a disk: clear errors when it is full or forbidden, durable writes, and deleting trees.

It knows nothing of store paths or validity. Measured on ext4: fsync of one file 0.4 ms; 200 files one by one 45 ms, by one
``syncfs`` 8 ms. So a few files are synced singly and many by ``syncfs``, always before they become valid.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import ClassVar

from imagetools.store.ports import StoreError

FEW_FILES = 3
FULL = (errno.ENOSPC, errno.EDQUOT)
LONG_PATH = 3500  # bytes; with one more name it is still shorter than the kernel's limit

AnyPath = str | bytes | os.PathLike[str]
"""A path of the operating system, in any form that ``os.fsencode`` takes."""


class DiskFullError(StoreError):
    """No space (or quota) left; what was valid before still is, the new object is not."""

    fault: ClassVar[str] = "host"
    retryable: ClassVar[bool] = True

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot write '{path}': {reason}", "free some space there, then run the command again; nothing was lost"
        )
        self.path = path


class StoreAccessError(StoreError):
    """The store's files may not be written (or read) by this user."""

    fault: ClassVar[str] = "host"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot write '{path}': {reason}", "choose a store that you own with --store, or run as its owner")
        self.path = path


class StoreWriteError(StoreError):
    """Any other failure of the disk while something is written."""

    fault: ClassVar[str] = "host"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot write '{path}': {reason}")
        self.path = path


def show(path: AnyPath) -> str:
    """A physical path for people."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return text if len(text) < 1000 else f"{text[:500]} ... {text[-100:]}"


def explain(error: OSError, path: AnyPath) -> StoreError:
    """The store's own error for a failed write at ``path`` (or at the file that the error names)."""
    where = show(error.filename if isinstance(error.filename, str | bytes) else path)
    reason = error.strerror or str(error)
    if error.errno in FULL:
        return DiskFullError(where, reason)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreAccessError(where, reason)
    return StoreWriteError(where, reason)


@contextmanager
def writing(path: AnyPath) -> Iterator[None]:
    """Everything inside that fails with an OSError fails with a StoreError instead."""
    try:
        yield
    except OSError as error:
        raise explain(error, path) from error


def write_all(fd: int, data: bytes | memoryview) -> None:
    """``os.write`` until all is written."""
    done = os.write(fd, data)
    if done == len(data):
        return
    rest = memoryview(data)[done:]
    while rest:
        rest = rest[os.write(fd, rest) :]


def _libc_syncfs(fd: int) -> bool:
    call = _libc("syncfs")
    return call is not None and call(fd) == 0


def start_writing(fd: int, offset: int, size: int) -> None:
    """Ask the kernel to begin to write a part of a file to the disk, so that a later sync finds little to do; never waits."""
    call = _libc("sync_file_range")
    if call is not None:
        import ctypes  # noqa: PLC0415

        call(fd, ctypes.c_int64(offset), ctypes.c_int64(size), ctypes.c_uint(2))  # SYNC_FILE_RANGE_WRITE


@cache
def _libc(name: str) -> "Callable[..., int] | None":
    import ctypes  # noqa: PLC0415  (late: an evaluation writes nothing)

    try:
        function: Callable[..., int] = getattr(ctypes.CDLL(None, use_errno=True), name)
    except (AttributeError, OSError):
        return None
    return function


def sync_folder(folder: str) -> None:
    """Make names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file_system(folder: str) -> None:
    """Make everything on the file system of ``folder`` durable (contents and names)."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not _libc_syncfs(fd):
            os.sync()
    finally:
        os.close(fd)


def sync_objects(folder: str, paths: Sequence[str]) -> None:
    """Make objects directly in ``folder`` durable, with their names: few regular files singly, else all at once."""
    if len(paths) <= FEW_FILES and all(stat.S_ISREG(os.lstat(path).st_mode) for path in paths):
        for path in paths:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        sync_folder(folder)
    else:
        sync_file_system(folder)


def delete_tree(path: AnyPath) -> None:
    """Remove a file, symlink or tree; gone already is fine. Read-only folders are opened first, symlinks never followed.

    A folder so deep that its path would get too long for the kernel is moved up to the top first.
    """
    root = os.fsencode(path)
    try:
        mode = os.lstat(root).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        os.unlink(root)
        return
    todo = [(root, False)]
    while todo:
        folder, emptied = todo.pop()
        if emptied:
            os.rmdir(folder)
            continue
        os.chmod(folder, 0o700)
        todo.append((folder, True))
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    short = len(entry.path) < LONG_PATH
                    todo.append((entry.path if short else _moved_up(entry.path, root), False))
                else:
                    os.unlink(entry.path)


def tree_size(path: AnyPath) -> int:
    """Bytes on the disk that removing a file, symlink or tree would free: what other names share is not counted."""
    total = 0
    todo = [os.fsencode(path)]
    while todo:
        place = todo.pop()
        try:
            state = os.lstat(place)
        except FileNotFoundError:
            continue
        if stat.S_ISDIR(state.st_mode):
            total += state.st_blocks * 512
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    else:
                        found = entry.stat(follow_symlinks=False)
                        if found.st_nlink == 1:
                            total += found.st_blocks * 512
        elif state.st_nlink == 1:
            total += state.st_blocks * 512
    return total


def _moved_up(path: bytes, root: bytes) -> bytes:
    """Move a folder into ``root`` under a name that is free there."""
    os.chmod(path, 0o700)
    number = 0
    while True:
        place = root + b"/.deep-%d" % number
        try:
            os.mkdir(place)
        except FileExistsError:
            number += 1
            continue
        os.rename(path, place)
        return place
