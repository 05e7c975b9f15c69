"""Zip archives: members as the central directory lists them, with the meaning that Info-ZIP's unzip 6 gives them on Unix.

By hand, since ``zipfile`` knows neither unzip's rules (modes by the system that wrote the archive, names in code page 850,
control characters left out) nor enough mistrust: here the central directory and the headers before the data must agree, no two
members may share bytes (that is how a zip bomb is made), sizes and checksums must be right. Needs random access, which ``Source``
gives; memory grows with the number of members only, by a few dozen bytes each. Refuses encryption, archives in parts, and the
methods of old.
"""

import zlib
from array import array
from collections.abc import Iterator

from imagetools.archive.decoders import decoder, faults
from imagetools.archive.member import Kind, Member
from imagetools.archive.stream import PIECE, ArchiveError
from imagetools.archive.zip_directory import Directory, Source, find_directory
from imagetools.archive.zip_entry import ENCRYPTED, Entry, read_entry

_FORM = "zip archive"
_METHODS = {8: "deflate", 12: "bzip2", 14: "lzma", 93: "zstd", 95: "xz"}
_NAMES = {1: "Shrink", 6: "Implode", 9: "Deflate64", 10: "PKWARE Implode", 97: "WavPack", 98: "PPMd", 99: "AES encryption"}
_LONGEST_LINK = 4095


def read_zip(source: Source) -> Iterator[Member]:
    """The members in the order of the central directory. Raises ``ArchiveError``: no zip, damage, what is not supported."""
    directory = find_directory(source)
    check_overlaps(source, directory)
    stream = directory.stream(source)
    for _ in range(directory.count):
        entry = read_entry(stream)
        if not entry.is_label:
            yield _member(source, directory, entry)


def total_size(source: Source) -> int:
    """How many bytes the members say that they have together."""
    directory = find_directory(source)
    stream = directory.stream(source)
    return sum(read_entry(stream).size for _ in range(directory.count))


def check_overlaps(source: Source, directory: Directory) -> None:
    """Raise ``ArchiveError`` where two members share bytes, or one lies in the central directory."""
    stream = directory.stream(source)
    starts: array[int] = array("Q")
    ends: array[int] = array("Q")
    for _ in range(directory.count):
        entry = read_entry(stream)
        begin = entry.header + directory.shift
        starts.append(begin)
        ends.append(begin + 30 + entry.packed)
    if stream.offset != directory.size:
        raise ArchiveError(_FORM, "its central directory is longer than its entries", directory.offset + stream.offset)
    order = sorted(range(directory.count), key=starts.__getitem__)
    for index, this in enumerate(order):
        after = starts[order[index + 1]] if index + 1 < len(order) else directory.offset
        if ends[this] > after:
            raise ArchiveError(_FORM, "two of its members overlap (a zip bomb)", starts[this])


def _member(source: Source, directory: Directory, entry: Entry) -> Member:
    if entry.flags & ENCRYPTED:
        raise entry.error("it is encrypted, which nothing without its password can unpack")
    if entry.is_folder:
        return Member(name=entry.name, kind=Kind.DIRECTORY, mode=entry.mode)
    if entry.method != 0 and entry.method not in _METHODS:
        what = _NAMES.get(entry.method, f"number {entry.method}")
        raise entry.error(f"its compression method ({what}) is not supported")
    start = _data_start(source, directory, entry)
    if entry.method == 0 and entry.packed != entry.size:
        raise entry.error("it is stored, but its two sizes differ")
    body = _body(source, entry, start)
    if entry.is_link:
        if entry.size > _LONGEST_LINK:
            raise entry.error(f"a symbolic link whose target is longer than {_LONGEST_LINK} bytes")
        return Member(name=entry.name, kind=Kind.SYMLINK, mode=0o777, target=b"".join(body))
    return Member(name=entry.name, kind=Kind.FILE, mode=entry.mode, size=entry.size, body=body)


def _data_start(source: Source, directory: Directory, entry: Entry) -> int:
    """Where a member's data begins; its own header must say what the central directory says."""
    at = entry.header + directory.shift
    head = source.read_at(at, 30)
    if len(head) < 30 or head[:4] != b"PK\3\4":
        raise entry.error("there is no header at its place")
    name_size = int.from_bytes(head[26:28], "little")
    extra_size = int.from_bytes(head[28:30], "little")
    start = at + 30 + name_size + extra_size
    if name_size != len(entry.raw_name) or source.read_at(at + 30, name_size) != entry.raw_name:
        raise entry.error("its own header gives it another name than the central directory")
    flags = int.from_bytes(head[6:8], "little")
    if int.from_bytes(head[8:10], "little") != entry.method or (flags ^ entry.flags) & ENCRYPTED:
        raise entry.error("its own header and the central directory give it different compression methods")
    if not flags & 8:
        crc, packed, size = (int.from_bytes(head[place : place + 4], "little") for place in (14, 18, 22))
        same = (packed in {entry.packed, 0xFFFFFFFF}) and (size in {entry.size, 0xFFFFFFFF}) and crc == entry.crc
        if not same:
            raise entry.error("its own header and the central directory give it different sizes or checksums")
    if start + entry.packed > directory.offset:
        raise entry.error("its data reach into the central directory")
    return start


def _body(source: Source, entry: Entry, start: int) -> Iterator[bytes]:
    """A member's bytes; the last piece only comes when size and checksum are right."""
    crc = 0
    size = 0
    for piece in _unpacked(source, entry, start):
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        if size >= entry.size:
            break_off = size > entry.size
            if break_off or crc != entry.crc:
                raise entry.error("it is longer than it says" if break_off else "its checksum is wrong")
        yield piece
    if size != entry.size:
        raise entry.error("it is shorter than it says")
    if not size and entry.crc:
        raise entry.error("its checksum is wrong")


def _unpacked(source: Source, entry: Entry, start: int) -> Iterator[bytes]:
    place, end = start, start + entry.packed
    if entry.method == 0:
        while place < end:
            piece = source.read_at(place, min(PIECE, end - place))
            if not piece:
                raise entry.error("the archive ends before it")
            place += len(piece)
            yield piece
        return
    kind = _METHODS[entry.method]
    data = source.read_at(place, min(PIECE, end - place))
    place += len(data)
    if kind == "lzma":
        data = _lzma_header(entry, data)
    inner = decoder(kind)
    known = faults(kind)
    while True:
        try:
            out = inner.decompress(data, PIECE)
        except known as problem:
            raise entry.error(f"damaged {kind} data: {problem}") from None
        if out:
            yield out
        data = b""
        if inner.eof:
            break
        if inner.needs_input:
            data = source.read_at(place, min(PIECE, end - place))
            place += len(data)
            if not data:
                if kind == "lzma" and not out:
                    return  # without an end mark: the sizes decide
                if not out:
                    raise entry.error(f"its {kind} data end early")
    if place < end or inner.unused_data:
        raise entry.error(f"something else follows its {kind} data")


def _lzma_header(entry: Entry, data: bytes) -> bytes:
    """Zip's four bytes before an LZMA stream's properties, turned into the header of an .lzma file."""
    if len(data) < 9 or data[2:4] != b"\5\0":
        raise entry.error("damaged lzma data: no properties")
    known = not entry.flags & 2  # without an end mark, so the size must be said
    return data[4:9] + (entry.size.to_bytes(8, "little") if known else b"\xff" * 8) + data[9:]
