"""A byte stream that knows where it is: what every archive reader reads from.

Pure: the bytes come from a ``read`` function that the caller brings (of a file, a socket, another reader). Refuses to seek,
so that every reader works on a pipe and in constant memory.
"""

from collections.abc import Callable, Iterable, Iterator

from imagetools.kernel.errors import ImagetoolsError

PIECE = 1 << 18


class ArchiveError(ImagetoolsError):
    """An archive that is not what it should be. ``offset`` is the place in its (decompressed) bytes, ``what`` the reason."""

    def __init__(self, form: str, what: str, offset: int | None = None, hint: str | None = None) -> None:
        where = "" if offset is None else f" at byte {offset}"
        super().__init__(f"bad {form}{where}: {what}", hint)
        self.form = form
        self.what = what
        self.offset = offset


class ByteStream:
    """Sequential reading with a little look-ahead. ``read`` gives at most n bytes, and ``b""`` at the end.

    It reads ahead by up to ``PIECE`` bytes, so nobody else may read what it was made of.
    """

    def __init__(self, read: Callable[[int], bytes], form: str = "archive") -> None:
        self._read = read
        self._ahead = b""
        self._place = 0  # in _ahead: cutting the text off each time would copy it for each header of 512 bytes
        self.form = form
        self.offset = 0

    @staticmethod
    def of_chunks(chunks: Iterable[bytes], form: str = "archive") -> "ByteStream":
        """A stream over pieces of any size (empty ones too)."""
        return ByteStream(_ChunkReader(chunks).read, form)

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end; they stay to be read."""
        while len(self._ahead) - self._place < size:
            piece = self._read(PIECE)
            if not piece:
                break
            self._ahead = self._ahead[self._place :] + piece
            self._place = 0
        return self._ahead[self._place : self._place + size]

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; ``b""`` only at the end."""
        place = self._place
        if place == len(self._ahead):
            if size >= PIECE:
                piece = self._read(size)
                self.offset += len(piece)
                return piece
            self._ahead = self._read(PIECE)
            place = 0
        piece = self._ahead[place : place + size]
        self._place = place + len(piece)
        self.offset += len(piece)
        return piece

    def exactly(self, size: int) -> bytes:
        """``size`` bytes. Raises ``ArchiveError`` where the stream ends before."""
        piece = self.read(size)
        if len(piece) == size:
            return piece
        pieces = [piece]
        missing = size - len(piece)
        while missing:
            piece = self.read(min(missing, PIECE))
            if not piece:
                raise ArchiveError(self.form, f"it ends early, {missing} bytes are missing", self.offset)
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def up_to(self, size: int) -> Iterator[bytes]:
        """Exactly ``size`` bytes in pieces; raises ``ArchiveError`` where the stream ends before."""
        while size:
            piece = self.read(min(size, PIECE))
            if not piece:
                raise ArchiveError(self.form, f"it ends early, {size} bytes are missing", self.offset)
            size -= len(piece)
            yield piece

    def skip(self, size: int) -> None:
        for _ in self.up_to(size):
            pass


class _ChunkReader:
    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int) -> bytes:
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return b""
        piece = self._rest[:size]
        self._rest = self._rest[size:]
        return piece
