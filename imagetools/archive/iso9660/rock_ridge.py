"""Rock Ridge (RRIP 1.12 over SUSP 1.12): names, modes and links of POSIX, in the fields that ISO 9660 leaves to the system.

A record's fields may go on elsewhere (CE); the way there is followed for a while only, so that a ring of them ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from imagetools.archive.iso9660.volume import SECTOR, bad
from imagetools.archive.zip_directory import Source

_LONGEST: Final = 64
_MOST: Final = 1 << 16


@dataclass(slots=True)
class Facts:
    """What the fields say; None (or nothing) where they say nothing. ``moved_to`` and ``moved`` are about directories that lie
    elsewhere because ISO 9660 allows but eight levels; ``packed`` is the field of zisofs."""

    name: bytes | None = None
    mode: int | None = None
    target: bytes | None = None
    moved_to: int | None = None
    moved: bool = False
    packed: bytes | None = None
    extensions: list[bytes] = field(default_factory=list)


def skipped(system: bytes) -> int | None:
    """From the root's own record: how many bytes stand before the fields of each record, or None where SUSP is not used."""
    at = next((at for at in (0, 15) if system[at : at + 2] == b"SP" and system[at + 4 : at + 6] == b"\xbe\xef"), None)
    return None if at is None or len(system) < at + 7 else system[at + 6]


def fields(source: Source, system: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(signature, whole field) of one record, wherever they go on. Raises ``ArchiveError``."""
    taken = 0
    for _ in range(_LONGEST):
        further: tuple[int, int] | None = None
        at = 0
        while at + 4 <= len(system):
            signature, size = system[at : at + 2], system[at + 2]
            if size < 4 or at + size > len(system):
                if signature.strip(b"\0"):
                    raise bad("a damaged field of Rock Ridge")
                break
            whole = system[at : at + size]
            at += size
            if signature == b"ST":
                break
            if signature == b"CE" and size >= 28:
                place = int.from_bytes(whole[4:8], "little") * SECTOR + int.from_bytes(whole[12:16], "little")
                further = place, int.from_bytes(whole[20:24], "little")
            else:
                yield signature, whole
        if further is None:
            return
        place, size = further
        taken += size
        if taken > _MOST:
            raise bad("the fields of Rock Ridge of one record are longer than 64 KiB", place)
        system = source.read_at(place, size)
        if len(system) != size:
            raise bad("fields of Rock Ridge lie outside of it", place)
    raise bad("the fields of Rock Ridge of one record go on and on")


def read_facts(source: Source, system: bytes) -> Facts:
    """The fields of one record together. Raises ``ArchiveError``."""
    facts = Facts()
    link = _Link()
    name = b""
    named = False
    for signature, raw in fields(source, system):
        if signature == b"NM" and len(raw) >= 5:
            if raw[4] & 6:
                continue
            named = True
            name += raw[5:]
        elif signature == b"PX" and len(raw) >= 8:
            facts.mode = int.from_bytes(raw[4:8], "little")
        elif signature == b"SL" and len(raw) >= 5:
            link.add(raw[5:])
        elif signature == b"CL" and len(raw) >= 8:
            facts.moved_to = int.from_bytes(raw[4:8], "little") * SECTOR
        elif signature == b"RE":
            facts.moved = True
        elif signature in {b"ZF", b"Z2"} and len(raw) >= 16:
            facts.packed = raw
        elif signature == b"ER" and len(raw) >= 8:
            facts.extensions.append(raw[8 : 8 + raw[4]])
        elif signature == b"SF":
            raise bad("it has a sparse file of Rock Ridge, which cannot be read")
    if named:
        facts.name = name
    if link.seen:
        facts.target = link.target()
    return facts


class _Link:
    """A symbolic link's target, which comes part by part."""

    def __init__(self) -> None:
        self.seen = False
        self._parts: list[bytes] = []
        self._open = False

    def add(self, raw: bytes) -> None:
        self.seen = True
        at = 0
        while at + 2 <= len(raw):
            flags, size = raw[at], raw[at + 1]
            if at + 2 + size > len(raw):
                raise bad("a damaged symbolic link")
            part = {2: b".", 4: b"..", 8: b""}.get(flags & 14, raw[at + 2 : at + 2 + size])
            if self._open:
                self._parts[-1] += part
            else:
                self._parts.append(part)
            self._open = bool(flags & 1)
            at += 2 + size

    def target(self) -> bytes:
        return b"/" if self._parts == [b""] else b"/".join(self._parts)
