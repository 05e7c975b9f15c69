"""Sparse files in tar archives: GNU's old header and the three forms that GNU tar writes into pax headers (0.0, 0.1, 1.0).

Here a map is a list of (offset, size) of the pieces that are on the tape, the rest being zeros. Checks that pieces come in order
and inside the file; a map longer than a million pieces is refused.
"""

from collections.abc import Iterator

from imagetools.archive.stream import PIECE, ArchiveError, ByteStream

SparseMap = list[tuple[int, int]]
_FORM = "tar archive"
_MOST = 1 << 20
_ZEROS = bytes(PIECE)


def sparse_error(at: int) -> ArchiveError:
    """The one complaint about a damaged map."""
    return ArchiveError(_FORM, "damaged map of a sparse file", at)


def checked_map(pieces: SparseMap, size: int, on_tape: int, at: int) -> SparseMap:
    """The map, if it fits a file of ``size`` bytes whose pieces are ``on_tape`` bytes together. Raises ``ArchiveError``."""
    end = 0
    for offset, length in pieces:
        if offset < end:
            raise sparse_error(at)
        end = offset + length
    if end > size or sum(length for _, length in pieces) != on_tape:
        raise sparse_error(at)
    return pieces


def map_of_header(header: bytes, stream: ByteStream, at: int) -> tuple[SparseMap, int]:
    """Map and size of a member with flag ``S``; reads the headers that continue the map. Raises ``ArchiveError``."""
    pieces = _entries(header[386:482], at)
    more = header[482]
    while more:
        block = stream.exactly(512)
        pieces += _entries(block[:504], at)
        more = block[504]
        if len(pieces) > _MOST:
            raise sparse_error(at)
    return pieces, _number(header[483:495], at)


def map_of_text(text: bytes, at: int) -> SparseMap:
    """A map written ``offset,size,offset,size`` (form 0.1). Raises ``ArchiveError``."""
    return _pairs(text.split(b","), at) if text else []


def map_of_body(stream: ByteStream, on_tape: int, at: int) -> tuple[SparseMap, int]:
    """The map that begins a body of ``on_tape`` bytes (form 1.0), and how many bytes it takes. Raises ``ArchiveError``."""
    used = 0
    numbers: list[bytes] = []
    rest = b""
    wanted = 1
    while len(numbers) < wanted:
        if used + 512 > on_tape:
            raise sparse_error(at)
        lines = (rest + stream.exactly(512)).split(b"\n")
        used += 512
        rest = lines.pop()
        numbers += lines
        if wanted == 1 and numbers:
            if not numbers[0].isdigit() or len(numbers[0]) > 7 or int(numbers[0]) > _MOST:
                raise sparse_error(at)
            wanted = 1 + 2 * int(numbers[0])
    return _pairs(numbers[1:wanted], at), used


def filled(pieces: SparseMap, size: int, stream: ByteStream) -> Iterator[bytes]:
    """The file's bytes, zeros and all, of ``stream`` standing at its first piece."""
    place = 0
    for offset, length in pieces:
        yield from _zeros(offset - place)
        yield from stream.up_to(length)
        place = offset + length
    yield from _zeros(size - place)


def _zeros(size: int) -> Iterator[bytes]:
    while size >= PIECE:
        yield _ZEROS
        size -= PIECE
    if size:
        yield _ZEROS[:size]


def _entries(table: bytes, at: int) -> SparseMap:
    pieces = []
    for place in range(0, len(table), 24):
        if not table[place] and not table[place + 12]:
            break
        pieces.append((_number(table[place : place + 12], at), _number(table[place + 12 : place + 24], at)))
    return pieces


def _pairs(numbers: list[bytes], at: int) -> SparseMap:
    if len(numbers) % 2 or len(numbers) > 2 * _MOST or not all(number.isdigit() and len(number) < 20 for number in numbers):
        raise sparse_error(at)
    return [(int(numbers[place]), int(numbers[place + 1])) for place in range(0, len(numbers), 2)]


def _number(field: bytes, at: int) -> int:
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError:
        raise sparse_error(at) from None
