"""The folder that one build has for itself: ``<drv>.chroot`` beside the store's objects, so that outputs are moved by rename.

It is flocked while its process lives. What a killed process left behind is recognised by the missing lock and removed before the
next build. Before a folder goes, whoever wants to keep something of it is asked (``rescue``). Nix uses the same place and name.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from imagetools.store.disk import delete_tree, writing

SUFFIX: Final = ".drv.chroot"
Rescue = Callable[[str], None]


@contextmanager
def scratch_folder(path: str, rescue: Rescue = lambda path: None) -> Iterator[str]:
    """Make ``path`` (removing a leftover), hold it, remove it at the end; ``rescue`` is asked before something that was not
    finished is removed. Raises StoreAccessError, DiskFullError."""
    with writing(path):
        fd = _make(path, rescue)
    try:
        yield path
    except BaseException:
        rescue(path)
        raise
    finally:
        with suppress(OSError):
            delete_tree(path)
        os.close(fd)


def _make(path: str, rescue: Rescue) -> int:
    while True:
        if os.path.lexists(path):
            rescue(path)
            delete_tree(path)
        os.mkdir(path, 0o700)
        try:
            fd = _lock(path)
        except FileNotFoundError:
            continue
        if fd >= 0:
            return fd


def _lock(path: str) -> int:
    """Lock a folder without waiting; -1 where somebody holds it, or it has just been removed."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.exists(path) and os.fstat(fd).st_ino == os.lstat(path).st_ino:
            return fd
    except BlockingIOError:
        pass
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return -1


def remove_leftovers(store_folder: str, rescue: Rescue = lambda path: None) -> None:
    """Remove the scratch folders in the physical store directory whose processes are gone; errors do not matter."""
    with suppress(OSError), os.scandir(store_folder) as entries:
        for entry in entries:
            if not entry.name.endswith(SUFFIX):
                continue
            with suppress(OSError):
                fd = _lock(entry.path)
                if fd >= 0:
                    try:
                        rescue(entry.path)
                        delete_tree(entry.path)
                    finally:
                        os.close(fd)
