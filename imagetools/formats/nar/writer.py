"""Writing a NAR: nodes in, bytes out to any callable. It refuses to write what the reader would not accept.

The caller walks the tree and brings names sorted by bytes; the writer holds only the path of open directories. Small pieces are
joined before they go out (a tree has many small files, and a call for each token would cost more than hashing does).
"""

from collections.abc import Callable
from typing import Final

from ...kernel.bytestr import display, to_str
from ...kernel.errors import ImagetoolsError
from . import wire

_FLUSH: Final = 1 << 17


class NarWriteError(ImagetoolsError):
    """The calls do not describe a tree that a NAR can hold (a wrong name, order, size or nesting)."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot write this tree as a NAR: {reason}")
        self.reason = reason


class NarWriter:
    """A NarSink that writes. ``sink`` gets bytes in order; call ``finish`` at the end. Raises NarWriteError, and what it raises.

    ``size`` is the number of bytes written so far.
    """

    def __init__(self, sink: Callable[[bytes], object]) -> None:
        self._sink: Final = sink
        self._pending: list[bytes] = [wire.MAGIC]
        self._waiting = len(wire.MAGIC)  # bytes in _pending
        self._sent = 0
        self._names: list[bytes] = []  # last name written in each open directory
        self._left = -1  # bytes missing in the open file; -1: no file is open
        self._expect_node = True
        self._padding = b""

    @property
    def size(self) -> int:
        return self._sent + self._waiting

    def directory(self) -> None:
        self._begin()
        self._names.append(b"")
        self._put(wire.DIRECTORY)

    def entry(self, name: bytes) -> None:
        if self._expect_node or self._left >= 0 or not self._names:
            raise NarWriteError(f"the entry '{_shown(name)}' comes outside of a directory")
        if name <= self._names[-1]:
            before = self._names[-1]
            if before or not name:
                self._bad_order(name, before)
        if not name or b"/" in name or name in (b".", b"..") or b"\0" in name or len(name) > wire.MAX_NAME:
            raise NarWriteError(f"the name '{_shown(name)}' {wire.name_problem(name)}")
        self._names[-1] = name
        self._expect_node = True
        size = len(name)
        self._put(wire.ENTRY + wire.LENGTH.pack(size) + name + wire.PADDING[size & 7] + wire.NODE)

    def close(self) -> None:
        if self._expect_node or self._left >= 0 or not self._names:
            raise NarWriteError("a directory is closed that is not open, or in which an entry has no node")
        self._names.pop()
        self._put(wire.CLOSE + wire.CLOSE if self._names else wire.CLOSE)

    def regular(self, size: int, executable: bool = False) -> None:
        self._begin()
        if not 0 <= size <= wire.MAX_SIZE:
            raise NarWriteError(f"a file cannot have {size} bytes")
        self._left = size
        self._padding = wire.PADDING[size & 7]
        self._put((wire.EXECUTABLE if executable else wire.REGULAR) + wire.LENGTH.pack(size))

    def data(self, chunk: bytes) -> None:
        size = len(chunk)
        if size > self._left:
            raise NarWriteError(f"a file has {size - max(self._left, 0)} bytes more than announced (did it change meanwhile?)")
        self._left -= size
        if size >= _FLUSH:
            self._flush()
            self._sent += size
            self._sink(chunk)
        elif size:
            self._put(chunk)

    def end(self) -> None:
        if self._left:
            raise NarWriteError(
                "no file is open" if self._left < 0 else f"a file lacks {self._left} announced bytes (did it change meanwhile?)"
            )
        self._left = -1
        self._put(self._padding + wire.CLOSE + wire.CLOSE if self._names else self._padding + wire.CLOSE)

    def contents(self, data: bytes, executable: bool = False) -> None:
        size = len(data)
        if size >= _FLUSH:
            self.regular(size, executable)
            self.data(data)
            self.end()
            return
        self._begin()
        head = wire.EXECUTABLE if executable else wire.REGULAR
        tail = wire.CLOSE + wire.CLOSE if self._names else wire.CLOSE
        self._put(head + wire.LENGTH.pack(size) + data + wire.PADDING[size & 7] + tail)

    def symlink(self, target: bytes) -> None:
        problem = wire.target_problem(target)
        if problem is not None:
            raise NarWriteError(f"the link target '{_shown(target)}' {problem}")
        self._begin()
        self._put(wire.SYMLINK + wire.string(target) + (wire.CLOSE + wire.CLOSE if self._names else wire.CLOSE))

    def finish(self) -> None:
        """Send what is still held back. Raises NarWriteError where the tree is not complete."""
        if self._expect_node or self._left >= 0 or self._names:
            raise NarWriteError("it is not complete")
        self._flush()

    def _begin(self) -> None:
        if not self._expect_node or self._left >= 0:
            raise NarWriteError("a node comes where none is due")
        self._expect_node = False

    def _put(self, data: bytes) -> None:
        self._pending.append(data)
        self._waiting += len(data)
        if self._waiting >= _FLUSH:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            joined = b"".join(self._pending)
            self._pending.clear()
            self._sent += self._waiting
            self._waiting = 0
            self._sink(joined)

    def _bad_order(self, name: bytes, before: bytes) -> None:
        how = "comes twice" if name == before else f"comes after '{_shown(before)}'; names must be sorted by their bytes"
        raise NarWriteError(f"the name '{_shown(name)}' {how}" if name else "the name '' is empty")


def file_nar(data: bytes, executable: bool = False) -> bytes:
    """The whole NAR of one file."""
    head = wire.EXECUTABLE if executable else wire.REGULAR
    return wire.MAGIC + head + wire.string(data) + wire.CLOSE


def _shown(name: bytes) -> str:
    return display(to_str(name))
