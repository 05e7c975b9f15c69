"""What goes into a layer, one entry at a time, and the walk over a folder that yields them in order.

An entry says where its bytes lie, never what they are: they are read once, while the layer is written. Order is by component,
each folder before what is in it, names by their bytes, so it does not depend on the file system. Hard links are seen as the
files that they are, since a store may or may not have been optimised (row 2.039).
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..kernel.errors import ImagetoolsError
from .stamp import Stamp

REGULAR: Final = b"0"
HARDLINK: Final = b"1"
SYMLINK: Final = b"2"
CHARACTER: Final = b"3"
BLOCK_DEVICE: Final = b"4"
DIRECTORY: Final = b"5"
FIFO: Final = b"6"

_STORE_DIRECTORY: Final = 0o555
_NO_DEVICE: Final = (0, 0)


class StrangeFileError(ImagetoolsError):
    """``path`` is neither file, folder nor symbolic link: no layer can hold it."""

    def __init__(self, path: bytes) -> None:
        super().__init__(f"'{os.fsdecode(path)}' is neither a file, a folder nor a symbolic link, so it cannot go into an image")
        self.path = path


@dataclass(slots=True)
class Entry:
    """``name`` is relative to the image's root, without a slash at either end; empty for the root itself.

    ``kind`` is a tar type flag; ``size`` in bytes and ``source`` (where to read them) belong to files, ``target`` to links; that
    of a hard link is the name of an earlier member. What only some layers have: ``owner``, who and when, in place of the layer's
    stamp; ``xattrs``, sorted by name (``security.capability`` and kin); ``device``, the major and minor number.
    """

    name: bytes
    kind: bytes
    mode: int
    size: int = 0
    source: bytes = b""
    target: bytes = b""
    owner: Stamp | None = None
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    device: tuple[int, int] = _NO_DEVICE


def directory(name: bytes, mode: int) -> Entry:
    return Entry(name, DIRECTORY, mode)


def symlink(name: bytes, target: bytes) -> Entry:
    return Entry(name, SYMLINK, 0o777, target=target)


def store_mode(mode: int) -> int:
    """0555 for what somebody may execute, else 0444: the only modes of files in a store."""
    return 0o555 if mode & 0o111 else 0o444


def walk(physical: bytes, name: bytes) -> Iterator[Entry]:
    """``physical`` (a file, link, or folder with all in it) as it shall stand at ``name``. Raises StrangeFileError, OSError."""
    info = os.lstat(physical)
    if stat.S_ISLNK(info.st_mode):
        yield symlink(name, os.readlink(physical))
        return
    if stat.S_ISREG(info.st_mode):
        yield Entry(name, REGULAR, store_mode(info.st_mode), info.st_size, physical)
        return
    if not stat.S_ISDIR(info.st_mode):
        raise StrangeFileError(physical)
    yield directory(name, _STORE_DIRECTORY)
    prefix = name + b"/" if name else b""
    todo = [(prefix + child.name, child) for child in _listing(physical)]
    while todo:
        name, child = todo.pop()
        if child.is_symlink():
            yield symlink(name, os.readlink(child.path))
        elif child.is_dir(follow_symlinks=False):
            yield directory(name, _STORE_DIRECTORY)
            prefix = name + b"/"
            todo.extend([(prefix + below.name, below) for below in _listing(child.path)])
        elif child.is_file(follow_symlinks=False):
            found = child.stat(follow_symlinks=False)
            yield Entry(name, REGULAR, store_mode(found.st_mode), found.st_size, child.path)
        else:
            raise StrangeFileError(child.path)


def _listing(physical: bytes) -> list[os.DirEntry[bytes]]:
    """What is in a folder, last name first: a stack gives it back in order."""
    with os.scandir(physical) as listing:
        return sorted(listing, key=_name, reverse=True)


def _name(entry: os.DirEntry[bytes]) -> bytes:
    return entry.name
