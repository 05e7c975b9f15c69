"""Metadata: inodes, directories and tables lie in blocks of 8 KiB, each compressed by itself behind two bytes that say how long.

A ``Table`` keeps the blocks that it read last; a ``Cursor`` walks on from (block, offset) across their borders. Refuses blocks
outside of the table, and nothing else: what the bytes mean is for ``inodes`` and ``directories``.
"""

from collections import OrderedDict
from typing import Final

from imagetools.archive.block_codecs import Codec, CodecError
from imagetools.archive.squashfs.superblock import bad
from imagetools.archive.zip_directory import Source

SIZE: Final = 8192
_KEPT: Final = 256  # blocks; 2 MiB
_STORED: Final = 0x8000


class Table:
    """The blocks between ``begin`` and ``end``, both counted from the image's beginning at ``start``."""

    def __init__(self, source: Source, start: int, begin: int, end: int, decode: Codec) -> None:
        self._source = source
        self._start = start
        self._begin = begin
        self._end = end
        self._decode = decode
        self._kept: OrderedDict[int, tuple[bytes, int]] = OrderedDict()

    def block(self, place: int) -> tuple[bytes, int]:
        """The block at ``place`` bytes into the table, and the place of the next one. Raises ``ArchiveError``."""
        found = self._kept.get(place)
        if found is None:
            found = self._read(place)
            self._kept[place] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _read(self, place: int) -> tuple[bytes, int]:
        at = self._begin + place
        if at + 2 > self._end:
            raise bad("its metadata end early, or a reference leads past their end", at)
        head = self._source.read_at(self._start + at, 2 + SIZE)
        word = int.from_bytes(head[:2], "little")
        size = word & ~_STORED
        if not 0 < size <= SIZE or at + 2 + size > self._end or len(head) < 2 + size:
            raise bad(f"a block of its metadata says that it has {size} bytes", at)
        packed = head[2 : 2 + size]
        if word & _STORED:
            return packed, place + 2 + size
        try:
            return self._decode(packed, SIZE), place + 2 + size
        except CodecError as problem:
            raise bad(f"a damaged block of its metadata: {problem}", at) from None

    def cursor(self, place: int, offset: int) -> "Cursor":
        """At ``offset`` bytes into the block at ``place``."""
        return Cursor(self, place, offset)


class Cursor:
    """Reads on and on. ``data`` and ``offset`` are open to who wants to unpack structures without copying them out first."""

    __slots__ = ("_table", "data", "next", "offset")

    def __init__(self, table: Table, place: int, offset: int) -> None:
        self._table = table
        self.data, self.next = table.block(place)
        self.offset = offset
        if offset > len(self.data):
            raise bad(f"a reference leads past the end of its block of metadata (byte {offset} of {len(self.data)})", place)

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes, read on into further blocks."""
        offset = self.offset
        end = offset + size
        if end <= len(self.data):
            self.offset = end
            return self.data[offset:end]
        pieces = [self.data[offset:]]
        missing = size - len(pieces[0])
        while missing:
            self.data, self.next = self._table.block(self.next)
            piece = self.data[:missing]
            if not piece:
                raise bad("an empty block of metadata")
            pieces.append(piece)
            missing -= len(piece)
            self.offset = len(piece)
        return b"".join(pieces)
