"""Inodes of all fourteen types: what a name of the image stands for.

Owners, times and extended attributes are passed over, since nothing here can keep them. A file's list of blocks is read with its
inode, and only where the metadata that would have to hold it are really there: a size of 2^60 bytes costs nothing.
"""

import struct
from array import array
from dataclasses import dataclass
from sys import byteorder
from typing import Final

from imagetools.archive.member import Kind
from imagetools.archive.squashfs.metadata import Cursor, Table
from imagetools.archive.squashfs.superblock import bad

NO_FRAGMENT: Final = 0xFFFFFFFF
_MOST_WORDS: Final = 1 << 22  # 16 GB in the smallest blocks, 512 GB in the usual ones
LONGEST_LINK: Final = 4095
_HEAD: Final = struct.Struct("<HHHHII")
_DIRECTORY: Final = struct.Struct("<IIHHI")
_FILE: Final = struct.Struct("<IIII")
_LINK: Final = struct.Struct("<II")
_LONG_DIRECTORY: Final = struct.Struct("<IIIIHHI")
_LONG_FILE: Final = struct.Struct("<QQQIIII")
KINDS: Final = {
    1: Kind.DIRECTORY,
    2: Kind.FILE,
    3: Kind.SYMLINK,
    4: Kind.BLOCK_DEVICE,
    5: Kind.CHARACTER_DEVICE,
    6: Kind.FIFO,
    7: Kind.SOCKET,
}


@dataclass(slots=True)
class Inode:
    """``size`` in bytes, of a directory that of its listing. ``start`` is where a file's blocks begin (in the image) or the block
    of a directory's listing (in its table), ``offset`` the place in the fragment or that block; ``blocks`` are the words of the
    block list: size, with bit 24 for what is stored as it is."""

    kind: Kind
    mode: int
    number: int
    size: int = 0
    links: int = 1
    start: int = 0
    offset: int = 0
    fragment: int = NO_FRAGMENT
    blocks: "array[int] | tuple[()]" = ()
    target: bytes = b""


class Inodes:
    """The inode table. ``block_size`` and ``count`` as the superblock has them, ``room`` the bytes of the packed table."""

    def __init__(self, table: Table, block_size: int, count: int, room: int) -> None:
        self._table = table
        self._block_size = block_size
        self._count = count
        self._most_words = min((room // 3 + 1) * 8192 // 4, _MOST_WORDS)

    def read(self, reference: int) -> Inode:
        """The inode that a reference of a directory (or the superblock) names. Raises ``ArchiveError``."""
        cursor = self._table.cursor(reference >> 16, reference & 0xFFFF)
        kind, mode, _, _, _, number = _HEAD.unpack(cursor.take(16))
        if not 0 < number <= self._count:
            raise bad(f"an inode has the number {number}, and there are {self._count}")
        mode &= 0o7777
        if kind == 2:
            start, fragment, offset, size = _FILE.unpack(cursor.take(16))
            return self._file(cursor, Inode(Kind.FILE, mode, number, size, 1, start, offset, fragment))
        if kind == 1:
            start, links, size, offset, _ = _DIRECTORY.unpack(cursor.take(16))
            return Inode(Kind.DIRECTORY, mode, number, _listing(size), links, start, offset)
        if kind in {3, 10}:
            links, size = _LINK.unpack(cursor.take(8))
            if not 0 < size <= LONGEST_LINK:
                raise bad(f"a symbolic link whose target has {size} bytes")
            return Inode(Kind.SYMLINK, mode, number, size, links, target=cursor.take(size))
        if kind == 9:
            start, size, _, links, fragment, offset, _ = _LONG_FILE.unpack(cursor.take(40))
            return self._file(cursor, Inode(Kind.FILE, mode, number, size, links, start, offset, fragment))
        if kind == 8:
            links, size, start, _, _, offset, _ = _LONG_DIRECTORY.unpack(cursor.take(24))
            return Inode(Kind.DIRECTORY, mode, number, _listing(size), links, start, offset)
        basic = KINDS.get(kind - 7 if kind > 7 else kind)
        if basic is None:
            raise bad(f"an inode of the unknown type {kind}")
        return Inode(basic, mode, number)

    def _file(self, cursor: Cursor, inode: Inode) -> Inode:
        block_size = self._block_size
        whole, rest = divmod(inode.size, block_size)
        if inode.fragment == NO_FRAGMENT:
            count = whole + (1 if rest else 0)
        else:
            count = whole
            if not rest or inode.offset + rest > block_size:
                raise bad("the end of a file lies outside of its fragment")
        if count:
            if count > self._most_words:
                raise bad(f"a file cannot have the {inode.size} bytes that it says")
            words = array("I", cursor.take(4 * count))
            if byteorder == "big":
                words.byteswap()
            inode.blocks = words
        return inode


def _listing(size: int) -> int:
    """A directory's size counts two names (``.`` and ``..``) that are not written: three bytes."""
    return size - 3 if size > 3 else 0
