"""Zip archives by hand, so that a test can make what no well-behaved program would."""

import struct
import zlib
from dataclasses import dataclass, field

UNIX, FAT = 3, 0


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@dataclass
class Item:
    """One member. What is None follows from the rest; ``local`` overrides fields in the header before the data only."""

    name: bytes
    data: bytes = b""
    host: int = UNIX
    version: int = 30
    mode: int | None = 0o100644
    dos: int = 0
    flags: int = 0
    method: int = 0
    packed: bytes | None = None
    crc: int | None = None
    size: int | None = None
    extra: bytes = b""
    at: int | None = None
    local: dict[str, int | bytes] = field(default_factory=dict)

    def numbers(self) -> tuple[bytes, int, int, int]:
        packed = self.packed if self.packed is not None else deflated(self.data) if self.method == 8 else self.data
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        return packed, crc, len(packed), len(self.data) if self.size is None else self.size


def link(name: bytes, target: bytes, **more: int) -> Item:
    return Item(name, target, mode=0o120777, **more)  # type: ignore[arg-type]


def folder(name: bytes) -> Item:
    return Item(name, mode=0o040755, dos=0x10)


def archive(*items: Item, comment: bytes = b"", before: bytes = b"", between: bytes = b"", zip64: bool = False) -> bytes:
    out = bytearray(before)
    directory = b""
    for item in items:
        packed, crc, packed_size, size = item.numbers()
        at = len(out) if item.at is None else item.at
        if item.at is None:
            out += _local(item, packed, crc, packed_size, size)
        directory += struct.pack(
            "<4sBBHHHHHIIIHHHHHII",
            *(b"PK\1\2", item.version, item.host, 20, item.flags, item.method, 0, 0x21, crc),
            *((0xFFFFFFFF, 0xFFFFFFFF) if zip64 else (packed_size, size)),
            *(len(item.name), len(item.extra) + (28 if zip64 else 0), 0, 0, 0),
            (item.mode or 0) << 16 | item.dos,
            0xFFFFFFFF if zip64 else at,
        )
        directory += item.name
        if zip64:
            directory += struct.pack("<HHQQQ", 1, 24, size, packed_size, at)
        directory += item.extra
    out += between
    place = len(out)
    out += directory
    count = len(items)
    if zip64:
        end = len(out)
        out += struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), place)
        out += struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
        out += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, len(comment)) + comment
    else:
        out += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), place, len(comment)) + comment
    return bytes(out)


def _local(item: Item, packed: bytes, crc: int, packed_size: int, size: int) -> bytes:
    fields: dict[str, int | bytes] = {
        "flags": item.flags,
        "method": item.method,
        "crc": crc,
        "packed": packed_size,
        "size": size,
        "name": item.name,
    }
    fields.update(item.local)
    name = fields["name"]
    assert isinstance(name, bytes)
    streamed = item.flags & 8
    sums = (0, 0, 0) if streamed else (fields["crc"], fields["packed"], fields["size"])
    head = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, fields["flags"], fields["method"], 0, 0x21, *sums, len(name), 0)
    return head + name + packed + (struct.pack("<4sIII", b"PK\7\x08", crc, packed_size, size) if streamed else b"")


@dataclass
class Bytes:
    """``archive.zip.Source`` over bytes."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, size: int) -> bytes:
        return self.data[offset : offset + size]
