"""zisofs, both versions: files that lie in the image as zlib's blocks, with a table of where each begins.

Only a file whose Rock Ridge field says so is unpacked, as Linux does it. Other methods than zlib, which version 2 has numbers for
and nothing writes, are refused by name.
"""

from collections.abc import Iterator
from typing import Final

from imagetools.archive.block_codecs import CodecError, codec
from imagetools.archive.iso9660.volume import Extent, bad
from imagetools.archive.zip_directory import Source

_OLD: Final = b"\x37\xe4\x53\x96\xc9\xdb\xd6\x07"
_AT_ONCE: Final = 8192  # places of blocks that are read together
_NEW: Final = b"\xef\x22\x55\xa1\xbc\x1b\x95\xa0"


def unpacked_size(field: bytes) -> int:
    """How many bytes the file has, by its field of Rock Ridge. Raises ``ArchiveError`` for another method than zlib."""
    method = field[4:6]
    if method == b"pz":
        return int.from_bytes(field[8:12], "little")
    if method == b"PZ":
        return int.from_bytes(field[8:16], "little")
    raise bad(f"a file is compressed by a method that cannot be read ('{method.decode('latin-1')}')")


def unpacked(source: Source, extent: Extent, size: int) -> Iterator[bytes]:
    """The bytes of the file, ``size`` in all. Raises ``ArchiveError``."""
    block_size, begin, width = _header(source, extent, size)
    count = -(-size // block_size)
    if begin + (count + 1) * width > extent.size:
        raise bad(f"a compressed file of {extent.size} bytes cannot have {size} bytes", extent.place)
    data_begins = begin + (count + 1) * width
    decode = codec("gzip")
    zeros = bytes(block_size)
    for number in range(count):
        at = number % _AT_ONCE * width
        if not at:
            table = source.read_at(extent.place + begin + number * width, (_AT_ONCE + 1) * width)
        start = int.from_bytes(table[at : at + width], "little")
        end = int.from_bytes(table[at + width : at + 2 * width], "little")
        wanted = min(block_size, size - number * block_size)
        if start == end:
            yield zeros[:wanted]
            continue
        if not data_begins <= start < end <= extent.size or end - start > 2 * block_size:
            raise bad("a block of a compressed file lies outside of it", extent.place + begin + number * width)
        try:
            data = decode(source.read_at(extent.place + start, end - start), wanted)
        except CodecError as problem:
            raise bad(f"a damaged block of a compressed file: {problem}", extent.place + start) from None
        if len(data) != wanted:
            raise bad(f"a block of a compressed file has {len(data)} bytes instead of {wanted}", extent.place + start)
        yield data


def _header(source: Source, extent: Extent, size: int) -> tuple[int, int, int]:
    """The block size, where the table begins, and how many bytes its numbers have."""
    raw = source.read_at(extent.place, 24)
    if raw[:8] == _OLD:
        said, header, power, width = int.from_bytes(raw[8:12], "little"), raw[12] * 4, raw[13], 4
    elif raw[:8] == _NEW and len(raw) == 24:
        said, header, power, width = int.from_bytes(raw[12:20], "little"), raw[9] * 4, raw[11], 8
        if raw[10] != 1:
            raise bad(f"a file is compressed by the method number {raw[10]}, which cannot be read", extent.place + 10)
    else:
        raise bad("a file that should be compressed has no header", extent.place)
    if said != size or not 15 <= power <= 20 or header < 16:
        raise bad("the header of a compressed file is damaged", extent.place)
    return 1 << power, header, width
