"""Where an ISO 9660 image begins: the volume descriptors from sector 16 on, which name the root directory (ECMA-119 8).

Refuses sectors of other sizes than 2048 bytes, and images that are spread over several volumes.
"""

from dataclasses import dataclass
from typing import Final

from imagetools.archive.stream import ArchiveError
from imagetools.archive.zip_directory import Source

FORM: Final = "ISO 9660 image"
SECTOR: Final = 2048
_FIRST: Final = 16
_MOST: Final = 64
_JOLIET: Final = (b"%/@", b"%/C", b"%/E")


def bad(what: str, offset: int | None = None) -> ArchiveError:
    """The error of every module here."""
    return ArchiveError(FORM, what, offset)


@dataclass(frozen=True, slots=True)
class Extent:
    """``size`` bytes at ``place`` of the image."""

    place: int
    size: int


@dataclass(frozen=True, slots=True)
class Volume:
    """The root directories by the primary descriptor and by Joliet's; ``label`` is for people, ``size`` in bytes."""

    root: Extent
    joliet: Extent | None
    label: str
    size: int


def is_iso(source: Source) -> bool:
    """Whether there is the magic number of a volume descriptor."""
    return source.read_at(_FIRST * SECTOR + 1, 5) == b"CD001"


def read_volume(source: Source) -> Volume:
    """The descriptors. Raises ``ArchiveError``: no image, cut off, numbers that cannot be."""
    primary: bytes | None = None
    joliet: Extent | None = None
    for number in range(_FIRST, _FIRST + _MOST):
        at = number * SECTOR
        raw = source.read_at(at, SECTOR)
        if raw[1:6] != b"CD001":
            raise bad("its magic number is missing" if primary is None else "its descriptors have no end", at)
        if len(raw) < SECTOR:
            raise bad("it ends in its descriptors", at)
        if raw[0] == 255:
            break
        if raw[0] == 1 and primary is None:
            primary = raw
        elif raw[0] == 2 and raw[88:91] in _JOLIET:
            joliet = _root(raw, at)
    else:
        raise bad(f"it has more than {_MOST} descriptors", at)
    if primary is None:
        raise bad("it has no primary descriptor", at)
    size = int.from_bytes(primary[80:84], "little") * SECTOR
    label = primary[40:72].decode("ascii", "replace").strip()
    return Volume(_root(primary, _FIRST * SECTOR), joliet, label, size)


def _root(raw: bytes, at: int) -> Extent:
    size = int.from_bytes(raw[128:130], "little")
    if size != SECTOR:
        raise bad(f"its blocks have {size} bytes, and only {SECTOR} can be read", at + 128)
    record = raw[156:190]
    if record[0] < 34 or not record[25] & 2:
        raise bad("its root is no directory", at + 156)
    return Extent(int.from_bytes(record[2:6], "little") * SECTOR, int.from_bytes(record[10:14], "little"))
