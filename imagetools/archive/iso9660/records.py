"""Directory records (ECMA-119 9.1): a run of sectors, in each of which records stand one after another.

Refuses interleaved files, of which there are none any more, and directories that lie outside of the image.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from imagetools.archive.iso9660.volume import SECTOR, Extent, bad
from imagetools.archive.zip_directory import Source

DIRECTORY: Final = 2
_ASSOCIATED: Final = 4
_CONTINUED: Final = 0x80


@dataclass(frozen=True, slots=True)
class Record:
    """``name`` as it stands there; ``system`` is the area that Rock Ridge uses; ``more`` says that the file goes on in the next
    record."""

    name: bytes
    extent: Extent
    directory: bool
    more: bool
    system: bytes


def records(source: Source, extent: Extent) -> Iterator[Record]:
    """All records of a directory, the ones for itself (``\\0``) and its parent (``\\1``) first. Raises ``ArchiveError``."""
    if extent.size % SECTOR or extent.place + extent.size > source.size:
        raise bad(f"a directory of {extent.size} bytes does not lie in it", extent.place)
    for place in range(extent.place, extent.place + extent.size, SECTOR):
        sector = source.read_at(place, SECTOR)
        if len(sector) != SECTOR:
            raise bad("it ends early", place + len(sector))
        at = 0
        while at < SECTOR and sector[at]:
            end = at + sector[at]
            if end > SECTOR or end - at < 34:
                raise bad(f"a directory record says that it has {end - at} bytes", place + at)
            if not sector[at + 25] & _ASSOCIATED:  # a fork of a Macintosh's file is no file of its own
                yield _record(sector[at:end], place + at)
            at = end


def _record(raw: bytes, at: int) -> Record:
    size = raw[32]
    begin = 33 + size + (1 - size % 2)  # a name of even length is padded
    if not size or 33 + size > len(raw):
        raise bad("the name of a directory record lies outside of it", at)
    flags = raw[25]
    if raw[26] or raw[27]:
        raise bad("it has an interleaved file", at)
    start = (int.from_bytes(raw[2:6], "little") + raw[1]) * SECTOR
    return Record(
        name=raw[33 : 33 + size],
        extent=Extent(start, int.from_bytes(raw[10:14], "little")),
        directory=bool(flags & DIRECTORY),
        more=bool(flags & _CONTINUED),
        system=raw[begin:],
    )
