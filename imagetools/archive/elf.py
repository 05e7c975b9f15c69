"""ELF files, as far as an AppImage's head needs: the processor, the sections with their names, and where the file ends.

Reads headers of both sizes and byte orders, and nothing of what they lead to but the sections' names. Never executes anything,
of course: what a runtime would say with ``--appimage-offset`` is computed here from the headers.
"""

import struct
from dataclasses import dataclass
from typing import Final

from imagetools.archive.stream import ArchiveError
from imagetools.archive.zip_directory import Source

MAGIC: Final = b"\x7fELF"
_FORM: Final = "ELF file"
_NOTHING: Final = 8  # SHT_NOBITS
_MACHINES: Final = {
    3: "i686",
    8: "mips",
    20: "powerpc",
    21: "powerpc64",
    22: "s390x",
    40: "armv7l",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}


@dataclass(frozen=True, slots=True)
class Section:
    """``offset`` and ``size`` in bytes, where the file has them."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Elf:
    """``end``: the first byte behind all that the headers know of. ``machine`` as Nix and uname call it."""

    machine: str
    bits: int
    sections: tuple[Section, ...]
    end: int

    def section(self, name: str) -> Section | None:
        """The section of this name."""
        return next((section for section in self.sections if section.name == name), None)


def read_elf(source: Source) -> Elf:
    """The headers of the ELF file that ``source`` begins with. Raises ``ArchiveError``: none there, damaged headers."""
    head = source.read_at(0, 64)
    if head[:4] != MAGIC:
        raise _bad("its magic number is missing", 0)
    if len(head) < 52 or head[4] not in {1, 2} or head[5] not in {1, 2}:
        raise _bad("its header is damaged", 4)
    order = "<" if head[5] == 1 else ">"
    wide = head[4] == 2
    if wide and len(head) < 64:
        raise _bad("its header is damaged", 4)
    machine = struct.unpack_from(order + "H", head, 18)[0]
    places = struct.unpack_from(order + ("QQ" if wide else "II"), head, 32 if wide else 28)
    entry, segments, size, count, names = struct.unpack_from(order + "HHHHH", head, 54 if wide else 42)
    name = _MACHINES.get(machine, f"machine {machine}")
    if name == "powerpc64" and order == "<":
        name = "powerpc64le"
    found, end = _sections(source, order, wide, places[1], size, count, names)
    if not count:
        end = _segments_end(source, order, wide, places[0], entry, segments)
    if end > source.size:
        raise _bad("it ends early, its sections lie behind its end", source.size)
    return Elf(name, 64 if wide else 32, found, end)


def _sections(
    source: Source, order: str, wide: bool, place: int, size: int, count: int, names: int
) -> tuple[tuple[Section, ...], int]:
    if not count:
        return (), 0
    if size != (64 if wide else 40):
        raise _bad(f"the headers of its sections have {size} bytes", 58 if wide else 46)
    table = source.read_at(place, size * count)
    if len(table) != size * count:
        raise _bad("it ends early, its sections lie behind its end", place)
    layout = struct.Struct(order + ("IIQQQQ" if wide else "IIIIII"))
    raw = [layout.unpack_from(table, size * number) for number in range(count)]
    words = source.read_at(raw[names][4], min(raw[names][5], 1 << 20)) if names < count else b""
    end = place + size * count
    found = []
    for name, kind, _, _, offset, length in raw:
        text = words[name : words.find(b"\0", name)] if name < len(words) else b""
        found.append(Section(text.decode("latin-1"), offset, length))
        if kind not in {0, _NOTHING}:
            end = max(end, offset + length)
    return tuple(found), end


def _segments_end(source: Source, order: str, wide: bool, place: int, size: int, count: int) -> int:
    """Where a program without sections ends: behind the last byte that is loaded."""
    if not count or size != (56 if wide else 32):
        raise _bad("it has neither sections nor segments", 0)
    table = source.read_at(place, size * count)
    if len(table) != size * count:
        raise _bad("it ends early, its segments lie behind its end", place)
    end = place + len(table)
    for number in range(count):
        if wide:
            _, _, offset, _, _, length = struct.unpack_from(order + "IIQQQQ", table, size * number)
        else:
            _, offset, _, _, length = struct.unpack_from(order + "IIIII", table, size * number)
        end = max(end, offset + length)
    return end


def _bad(what: str, offset: int) -> ArchiveError:
    return ArchiveError(_FORM, what, offset)
