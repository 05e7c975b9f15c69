"""Tar archives, read from a stream: V7, ustar, GNU (long names, base-256 numbers) and pax (POSIX.1-2001).

By hand, since ``tarfile`` costs about 200 microseconds a member and is lenient where it should not be. Strict about
checksums, sizes and early ends; refuses sparse files and multi-volume parts with their names. Names stay bytes.
"""

from collections.abc import Iterator

from imagetools.archive.decompress import decompressed
from imagetools.archive.member import Kind, Member
from imagetools.archive.stream import ArchiveError, ByteStream

BLOCK = 512
_FORM = "tar archive"
_ZERO = bytes(BLOCK)
_LONGEST = 1 << 20
_KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER_DEVICE,
    b"4": Kind.BLOCK_DEVICE,
    b"5": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}


def read_tarball(stream: ByteStream) -> Iterator[Member]:
    """The members of a tar archive, compressed or not (by its first bytes)."""
    return read_tar(decompressed(stream, _FORM))


def read_tar(stream: ByteStream) -> Iterator[Member]:
    """The members in order. A body not read is skipped. Raises ``ArchiveError`` with the offset of the damage."""
    stream.form = _FORM
    shared: dict[str, bytes] = {}
    own: dict[str, bytes] = {}
    first = True
    while True:
        at = stream.offset
        header = stream.peek(BLOCK)
        if not header and not first:
            return  # no end mark: GNU tar takes it, and so do the archives of some forges
        header = stream.exactly(BLOCK)
        if header == _ZERO:
            if first and stream.peek(BLOCK) not in {b"", _ZERO}:
                raise ArchiveError(_FORM, "it begins with an empty block", at)
            return
        _check_sum(header, at)
        first = False
        size = _number(header[124:136], at)
        flag = header[156:157]
        if flag in {b"x", b"g", b"X"}:
            records = _pax(_meta(stream, size, at), at)
            if flag == b"g":
                shared.update(records)
            else:
                own.update(records)
            continue
        if flag in {b"L", b"K"}:
            own["path" if flag == b"L" else "linkpath"] = _meta(stream, size, at).partition(b"\0")[0]
            continue
        member, body = _member(header, flag, {**shared, **own}, size, at, stream)
        own = {}
        yield member
        body.drain()


def _member(
    header: bytes, flag: bytes, records: dict[str, bytes], size: int, at: int, stream: ByteStream
) -> tuple[Member, "_Body"]:
    if flag in {b"S", b"M", b"V", b"D", b"N"} or any(key.startswith("GNU.sparse") for key in records):
        raise ArchiveError(_FORM, "sparse files and multi-volume parts are not supported", at)
    name = records.get("path")
    if name is None:
        name = header[:100].partition(b"\0")[0]
        if header[257:263] == b"ustar\0":
            prefix = header[345:500].partition(b"\0")[0]
            name = prefix + b"/" + name if prefix else name
    kind = _KINDS.get(flag)
    if kind is None:
        raise ArchiveError(_FORM, f"unknown kind of member {flag!r}", at)
    if kind is Kind.FILE and name.endswith(b"/"):
        kind = Kind.DIRECTORY  # V7 archives mark directories this way only
    if "size" in records:
        size = _decimal(records["size"], at)
    if kind is not Kind.FILE:
        size = 0  # links and directories have no data on the tape, whatever their size field says (GNU tar)
    target = records.get("linkpath", header[157:257].partition(b"\0")[0]) if kind in {Kind.SYMLINK, Kind.HARDLINK} else b""
    if not name:
        raise ArchiveError(_FORM, "a member without a name", at)
    mtime = _seconds(records["mtime"], at) if "mtime" in records else _number(header[136:148], at)
    body = _Body(stream, size)
    member = Member(
        name=name,
        kind=kind,
        mode=_number(header[100:108], at) & 0o7777,
        size=size,
        target=target,
        uid=_decimal(records["uid"], at) if "uid" in records else _number(header[108:116], at),
        gid=_decimal(records["gid"], at) if "gid" in records else _number(header[116:124], at),
        mtime=mtime,
        body=body,
    )
    return member, body


class _Body:
    """A member's bytes; what is left of them, and the padding, is skipped by ``drain``."""

    def __init__(self, stream: ByteStream, size: int) -> None:
        self._stream = stream
        self._pad = -size % BLOCK
        self._pieces = stream.up_to(size)

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def drain(self) -> None:
        for _ in self._pieces:
            pass
        self._stream.skip(self._pad)


def _meta(stream: ByteStream, size: int, at: int) -> bytes:
    if size > _LONGEST:
        raise ArchiveError(_FORM, "an extended header larger than 1 MiB", at)
    data = stream.exactly(size)
    stream.skip(-size % BLOCK)
    return data


def _pax(data: bytes, at: int) -> dict[str, bytes]:
    """``record = length " " keyword "=" value "\\n"``, the length counting the whole record (POSIX pax, extended header)."""
    records: dict[str, bytes] = {}
    place = 0
    while place < len(data):
        space = data.find(b" ", place, place + 20)
        digits = data[place:space] if space > 0 else b""
        if not digits.isdigit():
            if not data[place:].strip(b"\0"):
                break
            raise ArchiveError(_FORM, "damaged extended header", at)
        end = place + int(digits)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end > len(data) or end <= space or data[end - 1 : end] != b"\n" or not equals:
            raise ArchiveError(_FORM, "damaged extended header", at)
        if b"\0" in value and key in {b"path", b"linkpath"}:
            raise ArchiveError(_FORM, "a name with a zero byte", at)
        records[key.decode("utf-8", "replace")] = value
        place = end
    return records


def _number(field: bytes, at: int) -> int:
    """Octal text, or base-256 where the first bit is set (GNU). A negative number is an error, except for times long ago."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ~(0x80 << (8 * (len(field) - 1)))
        if field[0] & 0x40:
            raise ArchiveError(_FORM, "a negative number in a header", at)
        return value
    text = field.partition(b"\0")[0].strip()
    if not text:
        return 0
    try:
        value = int(text, 8)
    except ValueError:
        value = -1
    if value < 0:
        raise ArchiveError(_FORM, "a damaged number in a header", at)
    return value


def _decimal(text: bytes, at: int) -> int:
    if not text.isdigit():
        raise ArchiveError(_FORM, "a damaged number in an extended header", at)
    return int(text)


def _seconds(text: bytes, at: int) -> int:
    whole = text.partition(b".")[0]
    try:
        return int(whole)
    except ValueError:
        raise ArchiveError(_FORM, "a damaged time in an extended header", at) from None


def _check_sum(header: bytes, at: int) -> None:
    wanted = _number(header[148:156], at)
    total = sum(header) - sum(header[148:156]) + 8 * 32
    if total == wanted:
        return
    signed = total - 256 * sum(1 for byte in header[:148] + header[156:] if byte > 127)
    if signed != wanted:  # some old tars summed signed characters
        raise ArchiveError(_FORM, "a header's checksum is wrong", at)
