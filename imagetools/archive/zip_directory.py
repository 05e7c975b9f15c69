"""Where a zip archive's central directory lies: the records at its end, zip64's too (APPNOTE 4.3.14 - 4.3.16).

The archive's comment must reach exactly to the end of the file, so that two readers cannot find two directories. Something before
the archive is taken where its offsets count it in (a program that unpacks itself), as unzip does without complaint.
"""

from dataclasses import dataclass
from typing import Protocol

from imagetools.archive.stream import PIECE, ArchiveError, ByteStream

_FORM = "zip archive"
_END = b"PK\5\6"
_END_SIZE = 22
_LIMITS = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


class Source(Protocol):
    """Random access to the archive's bytes."""

    @property
    def size(self) -> int: ...

    def read_at(self, offset: int, size: int) -> bytes:
        """``size`` bytes, fewer only at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Directory:
    """``count`` entries in ``size`` bytes at ``offset``. ``shift`` is to be added to the offsets that entries give."""

    offset: int
    size: int
    count: int
    shift: int = 0

    def stream(self, source: Source) -> ByteStream:
        """The directory's bytes."""
        place, end = self.offset, self.offset + self.size

        def read(size: int) -> bytes:
            nonlocal place
            piece = source.read_at(place, min(size, end - place))
            place += len(piece)
            return piece

        return ByteStream(read, _FORM)


def ends_as_zip(source: Source) -> bool:
    """Whether something that does not begin as a zip archive still ends as one (a program that unpacks itself)."""
    return _end_record(source) is not None


def find_directory(source: Source) -> Directory:
    """Raises ``ArchiveError``: no zip, cut off, in several parts."""
    found = _end_record(source)
    if found is None:
        raise ArchiveError(_FORM, "its end is missing, or something else follows it (was all of it downloaded?)", source.size)
    at, record = found
    disk, first_disk, here, count = (_int(record, place, 2) for place in (4, 6, 8, 10))
    size, offset = _int(record, 12, 4), _int(record, 16, 4)
    before = at
    big = _zip64(source, at)
    if big is not None:
        for small, large, limit in zip((disk, first_disk, here, count, size, offset), big[1:], _LIMITS, strict=True):
            if small not in {large, limit}:
                raise ArchiveError(_FORM, "its two end records differ", at)
        before, disk, first_disk, here, count, size, offset = big
    if disk or first_disk or here != count:
        raise ArchiveError(_FORM, "it is one part of several", at)
    if offset + size != before:
        extra = before - offset - size
        if extra > 0:
            raise ArchiveError(_FORM, f"{extra} bytes that do not belong to it lie before it or inside it", 0)
        raise ArchiveError(_FORM, f"its beginning is missing, {-extra} bytes of it", 0)
    if count * 46 > size:
        raise ArchiveError(_FORM, "its central directory is shorter than its entries", offset)
    return Directory(offset, size, count)


def _end_record(source: Source) -> tuple[int, bytes] | None:
    """Offset and bytes of the end record whose comment reaches to the end of the file."""
    start = max(0, source.size - _END_SIZE - 0xFFFF)
    tail = source.read_at(source.size - min(source.size, _END_SIZE), _END_SIZE)
    if tail[:4] == _END and tail[20:22] == b"\0\0":
        return source.size - _END_SIZE, tail
    tail = _all(source, start)
    place = tail.rfind(_END)
    while place >= 0:
        if place + _END_SIZE + _int(tail, place + 20, 2) == len(tail):
            return start + place, tail[place : place + _END_SIZE]
        place = tail.rfind(_END, 0, place)
    return None


def _all(source: Source, start: int) -> bytes:
    pieces = []
    while piece := source.read_at(start, PIECE):
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


def _zip64(source: Source, at: int) -> tuple[int, int, int, int, int, int, int] | None:
    locator = source.read_at(at - 20, 20) if at >= 20 else b""
    if locator[:4] != b"PK\6\7":
        return None
    place = _int(locator, 8, 8)
    record = source.read_at(place, 56) if place + 56 <= at - 20 else b""
    if record[:4] != b"PK\6\6" or place + 12 + _int(record, 4, 8) != at - 20 or _int(locator, 16, 4) > 1:
        raise ArchiveError(_FORM, "its zip64 end record is not where it should be", at - 20)
    return (
        place,
        _int(record, 16, 4),
        _int(record, 20, 4),
        _int(record, 24, 8),
        _int(record, 32, 8),
        _int(record, 40, 8),
        _int(record, 48, 8),
    )


def _int(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")
