"""A writer of squashfs images, as small as can be: nothing is compressed, and every lie can be told with it."""

import struct
from dataclasses import dataclass

from imagetools.archive.zip_directory import Source


class Bytes:
    """Bytes as what the readers read from."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.size = len(raw)

    def read_at(self, offset: int, size: int) -> bytes:
        return self._raw[offset : offset + size]


def source(raw: bytes) -> Source:
    return Bytes(raw)


@dataclass(frozen=True)
class Node:
    """``reference`` leads to an inode of basic type ``kind`` with ``number``."""

    reference: int
    kind: int
    number: int


def _blocks(raw: bytes) -> tuple[bytes, list[int]]:
    """Metadata in blocks of 8192, and where each begins."""
    out = b""
    places = []
    for at in range(0, len(raw), 8192):
        places.append(len(out))
        piece = raw[at : at + 8192]
        out += struct.pack("<H", len(piece) | 0x8000) + piece
    return out, places


class Squash:
    """Nodes are made from the leaves up; ``finish`` gives the image. Small ones only: a table fits in blocks that are full."""

    def __init__(self, block_size: int = 4096) -> None:
        self.block_size = block_size
        self.inodes = b""
        self.listings = b""
        self.data = b""
        self.fragments: list[tuple[int, int]] = []
        self.count = 0

    def _inode(self, kind: int, mode: int, body: bytes, number: int | None = None) -> Node:
        self.count += 1
        place = len(self.inodes)
        number = self.count if number is None else number
        self.inodes += struct.pack("<HHHHII", kind, mode, 0, 0, 0, number) + body
        return Node(place // 8192 * 8194 << 16 | place % 8192, kind, number)

    def file(self, raw: bytes = b"", mode: int = 0o644, size: int | None = None, words: list[int] | None = None) -> Node:
        start = 96 + len(self.data)
        self.data += raw
        if words is None:
            words = [min(self.block_size, len(raw) - at) | 1 << 24 for at in range(0, len(raw), self.block_size)]
        body = struct.pack("<IIII", start, 0xFFFFFFFF, 0, len(raw) if size is None else size)
        return self._inode(2, mode, body + b"".join(struct.pack("<I", word) for word in words))

    def ending(self, fragment: int, offset: int, size: int) -> Node:
        """A file that is nothing but the end of a fragment."""
        return self._inode(2, 0o644, struct.pack("<IIII", 0, fragment, offset, size))

    def fragment(self, raw: bytes) -> int:
        self.fragments.append((96 + len(self.data), len(raw) | 1 << 24))
        self.data += raw
        return len(self.fragments) - 1

    def link(self, target: bytes) -> Node:
        return self._inode(3, 0o777, struct.pack("<II", 1, len(target)) + target)

    def device(self, kind: int) -> Node:
        return self._inode(kind, 0o644, struct.pack("<II", 1, 0x103) if kind in {4, 5} else struct.pack("<I", 1))

    def long_file(self, size: int, words: list[int], links: int = 1) -> Node:
        body = struct.pack("<QQQIIII", 96, size, 0, links, 0xFFFFFFFF, 0, 0xFFFFFFFF)
        node = self._inode(9, 0o755, body + b"".join(struct.pack("<I", word) for word in words))
        return Node(node.reference, 2, node.number)

    def folder(self, entries: list[tuple[bytes, Node]], number: int | None = None, size: int | None = None) -> Node:
        """Entries in the order given; a run for each."""
        place = len(self.listings)
        for name, node in entries:
            self.listings += struct.pack("<III", 0, node.reference >> 16, node.number)
            self.listings += struct.pack("<HhHH", node.reference & 0xFFFF, 0, node.kind, len(name) - 1) + name
        size = len(self.listings) - place + 3 if size is None else size
        body = struct.pack("<IIHHI", place // 8192 * 8194, 2, size, place % 8192, 0)
        return self._inode(1, 0o755, body, number)

    def finish(self, top: Node, **changed: int) -> bytes:
        """``changed``: fields of the superblock that say something else."""
        inodes, _ = _blocks(self.inodes)
        listings, _ = _blocks(self.listings or b"\0")
        inode_table = 96 + len(self.data)
        directory_table = inode_table + len(inodes)
        end = directory_table + len(listings)
        tail = b""
        fragment_table = 0xFFFFFFFFFFFFFFFF
        if self.fragments:
            table, places = _blocks(b"".join(struct.pack("<QII", place, word, 0) for place, word in self.fragments))
            pointers = b"".join(struct.pack("<Q", end + place) for place in places)
            fragment_table = end + len(table)
            tail = table + pointers
        ids = end + len(tail)
        tail += struct.pack("<Q", ids)
        fields = {
            "inodes": self.count,
            "time": 0,
            "block_size": self.block_size,
            "fragments": len(self.fragments),
            "compressor": 1,
            "block_log": self.block_size.bit_length() - 1,
            "flags": 0,
            "ids": 1,
            "major": 4,
            "minor": 0,
            "root": top.reference,
            "used": end + len(tail),
            "id_table": ids,
            "xattrs": 0xFFFFFFFFFFFFFFFF,
            "inode_table": inode_table,
            "directory_table": directory_table,
            "fragment_table": fragment_table,
            "exports": 0xFFFFFFFFFFFFFFFF,
            **changed,
        }
        return struct.pack("<4sIIIIHHHHHHQQQQQQQQ", b"hsqs", *fields.values()) + self.data + inodes + listings + tail
