"""One entry of a zip archive's central directory, and what its fields mean on Unix.

The meanings are those of Info-ZIP's unzip 6, since that is what unpacked every archive whose hash is known: which systems' modes
count, names of DOS in code page 850 turned to Latin 1, control characters and VMS versions left out, backslashes of DOS.
"""

import zlib
from dataclasses import dataclass

from imagetools.archive.stream import ArchiveError, ByteStream

_FORM = "zip archive"
ENCRYPTED = 1
_UTF8 = 1 << 11
_FAT, _AMIGA, _UNIX, _ATARI, _HPFS, _NTFS, _BEOS, _THEOS, _ATHEOS = 0, 1, 3, 5, 6, 11, 16, 18, 30
_WITH_MODES = {_UNIX, 2, 13, _ATARI, _ATHEOS, _BEOS, 12, 17, _THEOS}
_WITH_LINKS = {_UNIX, _ATARI, _ATHEOS, _BEOS}
_LIKE_LATIN_1 = {
    0x83: "ƒ",
    0xA6: "░▒▓│┤╣║╠█■",
    0x2B: "╗╝┐└├┼╚╔╬┘┌",
    0x2D: "┴┬─╩╦═",
    0x69: "ı",
    0x5F: "▄",
    0xAF: "▀",
    0x3D: "‗",
}
_DOS = bytes(range(128)) + bytes(
    next((code for code, alike in _LIKE_LATIN_1.items() if char in alike), ord(char) & 0xFF)
    for char in bytes(range(128, 256)).decode("cp850")
)
_LEFT_OUT = bytes((*range(32), 127, 255))


@dataclass(frozen=True, slots=True)
class Entry:
    """``name`` as unzip would write it, ``raw_name`` as the archive has it; ``packed`` and ``size`` in bytes; ``header`` is the
    offset of the member's own header, ``mode`` its permissions; ``is_label`` marks the name of a disk, which is no file."""

    name: bytes
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    header: int
    mode: int
    is_folder: bool
    is_link: bool
    is_label: bool

    def error(self, what: str) -> ArchiveError:
        """A complaint about this member."""
        shown = self.name.decode("utf-8", "backslashreplace")
        if not shown.isprintable():
            shown = shown.encode("unicode_escape").decode("ascii")
        return ArchiveError(_FORM, f"member '{shown}': {what}")


def read_entry(stream: ByteStream) -> Entry:
    """The next entry of the central directory. Raises ``ArchiveError``."""
    at = stream.offset
    head = stream.exactly(46)
    if head[:4] != b"PK\1\2":
        raise ArchiveError(_FORM, "damaged central directory", at)
    version, host = head[4], head[5]
    flags, method = _int(head, 8, 2), _int(head, 10, 2)
    crc, packed, size = _int(head, 16, 4), _int(head, 20, 4), _int(head, 24, 4)
    name_size, extra_size, comment_size = _int(head, 28, 2), _int(head, 30, 2), _int(head, 32, 2)
    attributes, header = _int(head, 38, 4), _int(head, 42, 4)
    raw_name = stream.exactly(name_size)
    extra = _extra(stream.exactly(extra_size))
    stream.skip(comment_size)
    size, packed, header = _zip64(extra.get(1, b""), size, packed, header, at)
    text = _text(raw_name, flags, host, version, extra_size, extra.get(0x7075, b""))
    if b"\0" in text:
        raise ArchiveError(_FORM, f"member '{text.decode('utf-8', 'backslashreplace')!r}': its name has a zero byte", at)
    mode = _mode(attributes, host, text, extra)
    return Entry(
        name=_name(text, host),
        raw_name=raw_name,
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        size=size,
        header=header,
        mode=mode & 0o7777,
        is_folder=text.endswith(b"/") or (host == _FAT and b"/" not in text and text.endswith(b"\\")),
        is_link=mode & 0o170000 == 0o120000 and host in {*_WITH_LINKS, _FAT},
        is_label=bool(attributes & 8) and host in {_FAT, _HPFS, _NTFS, _ATARI},
    )


def _text(raw: bytes, flags: int, host: int, version: int, extra_size: int, unicode_path: bytes) -> bytes:
    """The name in the file system's bytes: UTF-8 where the archive says so, else as the system that wrote it meant it."""
    if flags & _UTF8 and extra_size:
        return raw  # unzip looks at the flag only where there is an extra field, whichever it is
    if len(unicode_path) > 5 and unicode_path[0] == 1 and _int(unicode_path, 1, 4) == zlib.crc32(raw):
        return unicode_path[5:]
    dos = (host == _FAT and version not in {25, 26, 40}) or host == _HPFS or (host == _NTFS and version == 50)
    return raw.translate(_DOS) if dos else raw


def _name(text: bytes, host: int) -> bytes:
    if host == _FAT and b"/" not in text:
        text = text.replace(b"\\", b"/")
    text = text.translate(None, _LEFT_OUT)
    stem, semicolon, version = text.rpartition(b";")
    if semicolon and (not version or version.isdigit()) and b"/" not in version:
        return stem
    return text


def _mode(attributes: int, host: int, name: bytes, extra: dict[int, bytes]) -> int:
    """Type and permissions. Where DOS attributes and a Unix mode are both there, the mode counts if they agree."""
    if host == _AMIGA:
        bits = attributes >> 17 & 7
        return bits << 6 | bits << 3 | bits
    unix = attributes >> 16
    if host in _WITH_MODES:
        if unix:
            return unix
        asi = extra.get(0x756E, b"")
        if len(asi) >= 6:
            return _int(asi, 4, 2)
        if 0x756E not in extra and 0x000C not in extra:
            return 0
    elif host != _FAT:
        unix = 0
    folder = attributes & 0x10 or name.endswith(b"/")
    bits = (0 if attributes & 1 else 2) | (1 if folder else 0)
    if unix & 0o700 == 0o400 | bits << 6:
        return unix if host == _FAT else unix & 0o7777
    return 0o444 | bits << 6 | bits << 3 | bits


def _extra(data: bytes) -> dict[int, bytes]:
    """The extra fields by their number, the first of each; damaged rests are left out, as by everybody."""
    fields: dict[int, bytes] = {}
    place = 0
    while place + 4 <= len(data):
        size = _int(data, place + 2, 2)
        if place + 4 + size > len(data):
            break
        fields.setdefault(_int(data, place, 2), data[place + 4 : place + 4 + size])
        place += 4 + size
    return fields


def _zip64(field: bytes, size: int, packed: int, header: int, at: int) -> tuple[int, int, int]:
    """The three numbers, those taken from zip64's field that do not fit 32 bits."""
    numbers = [size, packed, header]
    place = 0
    for index, number in enumerate(numbers):
        if number == 0xFFFFFFFF and field:
            if place + 8 > len(field):
                raise ArchiveError(_FORM, "damaged zip64 field", at)
            numbers[index] = _int(field, place, 8)
            place += 8
    return numbers[0], numbers[1], numbers[2]


def _int(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")
