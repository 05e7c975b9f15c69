"""The folder that one build has for itself: ``<drv>.chroot`` beside the store's objects, so that outputs are moved by rename.

It is flocked while its process lives. What a killed process left behind is recognised by the missing lock and removed before the
next build. Before a folder goes, whoever wants to keep something of it is asked (``rescue``). Nix uses the same place and name.

Several processes may find the same leftover: only one at a time (it holds a lock on the store's folder) looks and makes, and what
is to go gets another name first, since deleting takes a while and somebody may want the place at once.
"""

import fcntl
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from imagetools.sandbox.reclaim import reclaim
from imagetools.store.disk import delete_tree, writing

SUFFIX: Final = ".drv.chroot"
ASIDE: Final = "-aside-"
_numbers: Final = itertools.count()
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
        _delete(path)
        os.close(fd)


def _make(path: str, rescue: Rescue) -> int:
    aside = None
    with _alone(os.path.dirname(path)):
        if os.path.lexists(path):
            aside = _set_aside(path, rescue)
        os.mkdir(path, 0o700)
        fd = _lock(path)
    if aside is not None:
        _delete(aside)
    return fd


def _delete(path: str) -> None:
    """Errors do not matter. A killed build may have left files of users that only its namespace had."""
    try:
        delete_tree(path)
    except PermissionError:
        with suppress(OSError):
            if reclaim(path):
                delete_tree(path)
    except OSError:
        pass


@contextmanager
def _alone(store_folder: str) -> Iterator[None]:
    """No other process arranges scratch folders meanwhile."""
    fd = os.open(store_folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _set_aside(path: str, rescue: Rescue) -> str:
    """Give a leftover another name, which only the one who has given it will delete. Where it lies now."""
    folder, name = os.path.split(path)
    if ASIDE not in name:
        rescue(path)
    aside = f"{folder}/{name[:32]}{ASIDE}{os.getpid()}-{next(_numbers)}{SUFFIX}"
    os.rename(path, aside)
    return aside


def _lock(path: str) -> int:
    """Lock a folder without waiting; -1 where somebody holds it."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return -1
    return fd


def remove_leftovers(store_folder: str, rescue: Rescue = lambda path: None) -> None:
    """Remove the scratch folders in the physical store directory whose processes are gone; errors do not matter."""
    found: list[tuple[str, int]] = []
    with suppress(OSError), _alone(store_folder), os.scandir(store_folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX):
                with suppress(OSError):
                    fd = _lock(entry.path)
                    if fd >= 0:
                        found.append((_set_aside(entry.path, rescue), fd))
    for path, fd in found:
        _delete(path)
        os.close(fd)
