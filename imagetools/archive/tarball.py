"""Tar archives, read from a stream: V7, ustar, GNU (long names, base-256 numbers, sparse files) and pax (POSIX.1-2001).

By hand, since ``tarfile`` costs about 200 microseconds a member and is lenient where it should not be. Strict about
checksums, sizes and early ends; refuses multi-volume parts with their names. Names stay bytes.
"""

from collections.abc import Iterator

from imagetools.archive.decompress import decompressed
from imagetools.archive.member import Kind, Member
from imagetools.archive.sparse import SparseMap, checked_map, filled, map_of_body, map_of_header, map_of_text
from imagetools.archive.stream import PIECE, ArchiveError, ByteStream

BLOCK = 512
_FORM = "tar archive"
_ZERO = bytes(BLOCK)
_LONGEST = 1 << 20
_KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"S": Kind.FILE,
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER_DEVICE,
    b"4": Kind.BLOCK_DEVICE,
    b"5": Kind.DIRECTORY,
    b"D": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}
_DEVICES = {Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE}
_XATTR = "SCHILY.xattr."


def read_tarball(stream: ByteStream) -> Iterator[Member]:
    """The members of a tar archive, compressed or not (by its first bytes), read to its very end, where compressed data has
    its checksums."""
    inner = decompressed(stream, _FORM)
    yield from read_tar(inner)
    read_to_end(inner)


def read_to_end(stream: ByteStream) -> None:
    """Read and forget what is left. Raises ``ArchiveError`` where that is damaged."""
    while stream.read(PIECE):
        pass


def is_tar(head: bytes) -> bool:
    """Whether the first 512 bytes of something are a tar header, or the end mark of an empty archive."""
    if len(head) < BLOCK:
        return False
    try:
        _check_sum(head, 0)
    except ArchiveError:
        return head == _ZERO
    return True


def read_tar(stream: ByteStream) -> Iterator[Member]:
    """The members in order. A body not read is skipped. Raises ``ArchiveError`` with the offset of the damage."""
    stream.form = _FORM
    shared: dict[str, bytes] = {}
    own: dict[str, bytes] = {}
    first = True
    while True:
        at = stream.offset
        header = stream.read(BLOCK)
        if len(header) < BLOCK:
            if not header and not first:
                return  # no end mark: GNU tar takes it, and so do the archives of some forges
            header += stream.exactly(BLOCK - len(header))
        if header == _ZERO:
            if first and stream.peek(BLOCK) not in {b"", _ZERO}:
                raise ArchiveError(_FORM, "it begins with an empty block", at)
            return
        _check_sum(header, at)
        first = False
        size = _number(header[124:136], at)
        flag = header[156:157]
        if flag in b"xgX":
            records = _pax(_meta(stream, size, at), at)
            if flag == b"g":
                shared.update(records)
            else:
                own.update(records)
            continue
        if flag in b"LK":
            own["path" if flag == b"L" else "linkpath"] = _meta(stream, size, at).partition(b"\0")[0]
            continue
        if flag == b"V":
            stream.skip(size + -size % BLOCK)  # the name of a tape
            own = {}
            continue
        member, body = _member(header, flag, {**shared, **own} if shared else own, size, at, stream)
        own = {}
        yield member
        body.drain()


def _member(
    header: bytes, flag: bytes, records: dict[str, bytes], size: int, at: int, stream: ByteStream
) -> tuple[Member, "_Body"]:
    kind = _KINDS.get(flag)
    if kind is None:
        if flag in b"MN":
            raise ArchiveError(_FORM, "parts of archives on several volumes are not supported", at)
        raise ArchiveError(_FORM, f"unknown kind of member {flag!r}", at)
    name = records.get("GNU.sparse.name") or records.get("path")
    if name is None:
        name = header[:100].partition(b"\0")[0]
        if header[257:263] == b"ustar\0" and header[345]:
            name = header[345:500].partition(b"\0")[0] + b"/" + name
    if not name:
        raise ArchiveError(_FORM, "a member without a name", at)
    if "size" in records:
        size = _decimal(records["size"], at)
    if kind is Kind.FILE:
        if name.endswith(b"/"):
            kind = Kind.DIRECTORY  # V7 archives mark directories this way only
    elif flag != b"D":
        size = 0  # links and directories have no data on the tape, whatever their size field says (GNU tar)
    body = _Body(stream, size)
    if kind is Kind.FILE and (flag == b"S" or "GNU.sparse.map" in records or "GNU.sparse.major" in records):
        size = body.sparse(*_sparse(header, flag, records, size, at, stream), at)
    target = records.get("linkpath", header[157:257].partition(b"\0")[0]) if kind in {Kind.SYMLINK, Kind.HARDLINK} else b""
    member = Member(
        name=name,
        kind=kind,
        mode=_number(header[100:108], at) & 0o7777,
        size=size if kind is Kind.FILE else 0,
        target=target,
        uid=_decimal(records["uid"], at) if "uid" in records else _number(header[108:116], at),
        gid=_decimal(records["gid"], at) if "gid" in records else _number(header[116:124], at),
        mtime=_seconds(records["mtime"], at) if "mtime" in records else _number(header[136:148], at, signed=True),
        xattrs=_xattrs(records) if records else (),
        device=(_number(header[329:337], at), _number(header[337:345], at)) if kind in _DEVICES else (0, 0),
        body=body,
    )
    return member, body


def _xattrs(records: dict[str, bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """Extended attributes, as star, GNU tar, Docker and OCI write them."""
    return tuple(
        sorted((key[len(_XATTR) :].encode(), value) for key, value in records.items() if key.startswith(_XATTR) and key != _XATTR)
    )


def _sparse(
    header: bytes, flag: bytes, records: dict[str, bytes], size: int, at: int, stream: ByteStream
) -> tuple[SparseMap, int, int]:
    """Map, size of the whole file, and how many of the body's bytes the map has used."""
    if flag == b"S":
        return *map_of_header(header, stream, at), 0
    whole = records.get("GNU.sparse.realsize") or records.get("GNU.sparse.size")
    if whole is None or records.get("GNU.sparse.major", b"0") not in {b"0", b"1"}:
        raise ArchiveError(_FORM, "a sparse file of an unknown form", at)
    if records.get("GNU.sparse.major") == b"1":
        pieces, used = map_of_body(stream, size, at)
        return pieces, _decimal(whole, at), used
    return map_of_text(records["GNU.sparse.map"], at), _decimal(whole, at), 0


class _Body:
    """A member's bytes; what is left of them on the tape, and the padding, is skipped by ``drain``. The holes of a sparse file
    are never made unless somebody reads them: they may be larger than any disk."""

    def __init__(self, stream: ByteStream, size: int) -> None:
        self._stream = stream
        self._size = size
        self._end = stream.offset + size
        self._pieces: Iterator[bytes] | None = None

    def sparse(self, pieces: SparseMap, whole: int, used: int, at: int) -> int:
        """Make it one with holes, whose map takes ``used`` bytes of it, or stood before it; returns its size."""
        self._end = self._stream.offset + self._size - used
        self._pieces = filled(checked_map(pieces, whole, self._size - used, at), whole, self._stream)
        return whole

    def __iter__(self) -> Iterator[bytes]:
        if self._pieces is None:
            self._pieces = self._stream.up_to(self._size)
        return self._pieces

    def drain(self) -> None:
        self._stream.skip(self._end - self._stream.offset + -self._size % BLOCK)


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
        if b"\0" in value and key in {b"path", b"linkpath", b"GNU.sparse.name"}:
            raise ArchiveError(_FORM, "a name with a zero byte", at)
        if key in {b"GNU.sparse.offset", b"GNU.sparse.numbytes"}:  # form 0.0 repeats them
            key, value = b"GNU.sparse.map", b",".join(filter(None, (records.get("GNU.sparse.map"), value)))
        records[key.decode("utf-8", "replace")] = value
        place = end
    return records


def _number(field: bytes, at: int, signed: bool = False) -> int:
    """Octal text, or base-256 where the first bit is set (GNU). A negative number is an error, except for times long ago."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ~(0x80 << (8 * (len(field) - 1)))
        if field[0] & 0x40:
            if signed:
                return int.from_bytes(field, "big", signed=True)
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
