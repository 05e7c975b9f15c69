"""What is in an archive, whatever its form: one value per member. Pure; says nothing about what may be written to a disk."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"
    CHARACTER_DEVICE = "character device"
    BLOCK_DEVICE = "block device"
    FIFO = "named pipe"
    SOCKET = "socket"


@dataclass(frozen=True, slots=True)
class Member:
    """``name`` and ``target`` (of links) are bytes as the archive has them; ``mode`` the permission bits; times in seconds.

    ``xattrs``: extended attributes, sorted by name (tar: pax's ``SCHILY.xattr.``); ``device``: the numbers of a device.
    ``body`` gives a file's bytes, in pieces, once, and only until the next member is asked for.
    """

    name: bytes
    kind: Kind
    mode: int = 0o644
    size: int = 0
    target: bytes = b""
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    device: tuple[int, int] = (0, 0)
    body: Iterable[bytes] = field(default=(), repr=False, compare=False)
