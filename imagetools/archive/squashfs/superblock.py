"""The first 96 bytes of a squashfs image (format 4.0, as Linux reads it), and what they promise.

Every number is checked against the others and against the file's length, so that what comes later can trust it: a table that
lies outside, a block size that Linux would not take, more fragments than inodes are refused here. Other versions of the format
(big-endian 3.x of old firmware) are refused by name.
"""

import struct
from dataclasses import dataclass
from typing import Final

from imagetools.archive.stream import ArchiveError
from imagetools.archive.zip_directory import Source

FORM: Final = "squashfs image"
MAGIC: Final = b"hsqs"
ABSENT: Final = 0xFFFFFFFFFFFFFFFF
COMPRESSIONS: Final = {1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}
_LAYOUT: Final = struct.Struct("<4sIIIIHHHHHHQQQQQQQQ")
_MAGICS: Final = {b"sqsh": "it is big-endian, as before version 4", b"shsq": "it has the compression of some router's vendor"}


@dataclass(frozen=True, slots=True)
class Superblock:
    """``bytes_used`` counts from ``start``, the image's place in its file; so do the tables' places. Sizes are bytes; ``time`` is
    seconds since 1970."""

    start: int
    inodes: int
    time: int
    block_size: int
    fragments: int
    compression: str
    root: int
    bytes_used: int
    inode_table: int
    directory_table: int
    fragment_table: int
    end_of_directories: int


def bad(what: str, offset: int | None = None) -> ArchiveError:
    """The error of every module here; ``offset`` counts from the image's beginning."""
    return ArchiveError(FORM, what, offset)


def read_superblock(source: Source, start: int = 0) -> Superblock:
    """The superblock at ``start``. Raises ``ArchiveError``: none there, another version, numbers that cannot be, cut off."""
    raw = source.read_at(start, _LAYOUT.size)
    if raw[:4] in _MAGICS:
        raise bad(_MAGICS[raw[:4]], 0)
    if raw[:4] != MAGIC:
        raise bad("its magic number is missing", 0)
    if len(raw) < _LAYOUT.size:
        raise bad("it ends in its superblock", len(raw))
    (
        _,
        inodes,
        time,
        block_size,
        fragments,
        compressor,
        block_log,
        _,
        _,
        major,
        minor,
        root,
        used,
        ids,
        _,
        inode,
        directory,
        frags,
        export,
    ) = _LAYOUT.unpack(raw)
    if (major, minor) != (4, 0):
        raise bad(f"its version is {major}.{minor}, and only 4.0 can be read", 28)
    compression = COMPRESSIONS.get(compressor)
    if compression is None:
        raise bad(f"its compression has the unknown number {compressor}", 20)
    if not 12 <= block_log <= 20 or block_size != 1 << block_log:
        raise bad(f"its block size of {block_size} bytes is none", 12)
    if used > source.size - start:
        raise bad(f"it ends early, {used - (source.size - start)} of {used} bytes are missing", source.size - start)
    if not inodes:
        raise bad("it has no inodes", 4)
    if fragments > inodes:
        raise bad(f"it has more fragments ({fragments}) than inodes ({inodes})", 16)
    if not _LAYOUT.size <= inode < directory < used:
        raise bad("its tables lie outside of it", 64)
    after = [place for place in (frags, export, ids) if place != ABSENT]
    if fragments and frags == ABSENT:
        raise bad("it has fragments, but no table of them", 80)
    if any(not directory <= place < used for place in after):
        raise bad("its tables lie outside of it", 64)
    # an inode takes 20 bytes or more, 8192 of which a block holds; a compressed block has at least three
    if inodes > ((directory - inode) // 3 + 1) * 8192 // 20:
        raise bad(f"it cannot have the {inodes} inodes that it says", 4)
    return Superblock(
        start=start,
        inodes=inodes,
        time=time,
        block_size=block_size,
        fragments=fragments,
        compression=compression,
        root=root,
        bytes_used=used,
        inode_table=inode,
        directory_table=directory,
        fragment_table=frags,
        end_of_directories=min(after, default=used),
    )
