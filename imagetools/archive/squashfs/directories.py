"""Directories: listings of names, in runs that share a block of inodes.

Names must be such as a file system can have, and in order (Linux looks them up so), which makes a name that comes twice easy to
refuse without remembering any.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from imagetools.archive.member import Kind
from imagetools.archive.shown import shown
from imagetools.archive.squashfs.inodes import KINDS, Inode
from imagetools.archive.squashfs.metadata import Table
from imagetools.archive.squashfs.superblock import bad

_RUN: Final = struct.Struct("<III")
_ENTRY: Final = struct.Struct("<HhHH")
_MOST: Final = 256


@dataclass(frozen=True, slots=True)
class Name:
    """One line of a listing; ``reference`` leads to the inode, ``kind`` is what the listing says that it is."""

    name: bytes
    kind: Kind
    reference: int


def listing(table: Table, inode: Inode, where: bytes) -> Iterator[Name]:
    """The names in the directory ``inode``, which is called ``where`` in messages. Raises ``ArchiveError``."""
    left = inode.size
    if not left:
        return
    cursor = table.cursor(inode.start, inode.offset)
    before = b""
    while left > 0:
        count, block, _ = _RUN.unpack(cursor.take(12))
        left -= 12
        if count >= _MOST:
            raise bad(f"the directory '{shown(where)}' has a run of {count + 1} names")
        for _ in range(count + 1):
            offset, _, kind, size = _ENTRY.unpack(cursor.take(8))
            name = cursor.take(size + 1)
            left -= 9 + size
            if left < 0:
                raise bad(f"the directory '{shown(where)}' is shorter than its names")
            if size >= 255 or name in {b".", b".."} or b"/" in name or b"\0" in name:
                raise bad(f"the directory '{shown(where)}' has the name '{shown(name[:255])}', which no file can have")
            if name <= before:
                what = "twice" if name == before else "out of order"
                raise bad(f"the directory '{shown(where)}' has the name '{shown(name)}' {what}")
            before = name
            known = KINDS.get(kind)
            if known is None:
                raise bad(f"'{shown(where + b'/' + name)}' is of the unknown type {kind}")
            yield Name(name, known, block << 16 | offset)
