"""Reading a NAR: bytes of any chunking in, calls of a NarSink out. Strict: a tree has exactly one NAR, and only that passes.

Refused are unsorted and duplicate names, ``.``, ``..``, slashes and zero bytes in names, padding that is not zero, tokens that no
writer makes, bytes after the end, and an end before the end. Never more than one name or link target is held back, so memory is
bounded whatever the input says. The reader calls the sink as it goes: what was called before an error is of no use.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ...kernel.bytestr import display, to_str
from ...kernel.errors import ImagetoolsError
from . import wire
from .sink import NarSink

if TYPE_CHECKING:
    from .events import Event

_MAGIC: Final = 0  # states: what comes next
_NODE: Final = 1
_SIZE: Final = 2
_DATA: Final = 3
_NODE_END: Final = 4
_TARGET: Final = 5
_ITEM: Final = 6
_NAME: Final = 7
_ENTRY_END: Final = 8
_END: Final = 9

_ROOTS: Final = (wire.REGULAR, wire.DIRECTORY, wire.SYMLINK, wire.EXECUTABLE)
_CHILDREN: Final = tuple([wire.NODE + node for node in _ROOTS])
_ITEMS: Final = (wire.ENTRY, wire.CLOSE)
_SMALL: Final = 1 << 16


class NarError(ImagetoolsError):
    """The bytes are not a NAR. ``offset`` is where in the stream; ``reason`` says what is wrong there."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"bad archive: {reason} (at byte {offset})")
        self.offset = offset
        self.reason = reason


class NarReader:
    """Feed it, then ``finish`` it. Raises NarError, and whatever the sink raises."""

    def __init__(self, sink: NarSink) -> None:
        self._sink: Final = sink
        self._buffer = b""
        self._position = 0  # in _buffer
        self._base = 0  # offset of _buffer in the stream
        self._state = _MAGIC
        self._names: list[bytes] = []  # last name read in each open directory
        self._executable = False
        self._padding = 0  # of the node that ends next
        self._left = 0  # bytes of the open file still to come

    @property
    def offset(self) -> int:
        """How many bytes of the stream are read and understood; in ``NarSink.regular`` it is where the file's bytes begin."""
        return self._base + self._position

    @property
    def complete(self) -> bool:
        """Whether the whole tree was read."""
        return self._state == _END

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream, of any length."""
        if self._position < len(self._buffer):
            chunk = self._buffer[self._position :] + chunk
        self._base += self._position
        self._position = 0
        self._buffer = chunk
        while self._position < len(chunk):
            if not self._step():
                return

    def finish(self) -> None:
        """Say that the stream is at its end. Raises NarError where the tree is not complete."""
        if self._state != _END:
            raise NarError(self._base + len(self._buffer), "it ends too early")

    def _step(self) -> bool:
        """Read one item; False where more bytes are needed."""
        state = self._state
        if state == _ITEM:
            return self._item()
        if state == _NAME:
            return self._name()
        if state == _NODE:
            return self._node()
        if state == _SIZE:
            return self._file()
        if state == _DATA:
            return self._data()
        if state == _NODE_END:
            return self._node_end()
        if state == _TARGET:
            return self._target()
        if state == _ENTRY_END:
            return self._entry_end()
        if state == _MAGIC:
            return self._magic()
        raise NarError(self.offset, "bytes after the end")

    def _magic(self) -> bool:
        if self._choose((wire.MAGIC,), "the magic of a Nix archive") < 0:
            return False
        self._state = _NODE
        return True

    def _node(self) -> bool:
        kind = self._choose(_CHILDREN if self._names else _ROOTS, "a file, directory or symbolic link")
        if kind < 0:
            return False
        if kind == 1:
            self._names.append(b"")
            self._state = _ITEM
            self._sink.directory()
        elif kind == 2:
            self._state = _TARGET
        else:
            self._executable = kind == 3
            self._state = _SIZE
        return True

    def _file(self) -> bool:
        buffer = self._buffer
        start = self._position + 8
        if len(buffer) < start:
            return False
        size: int = wire.LENGTH.unpack_from(buffer, start - 8)[0]
        if size > wire.MAX_SIZE:
            raise NarError(self.offset, f"a file of {size} bytes")
        self._padding = -size & 7
        if size <= _SMALL and len(buffer) - start >= size:
            self._position = start
            self._sink.contents(buffer[start : start + size], self._executable)
            self._position = start + size
            self._state = _NODE_END
            return True
        self._position = start
        self._left = size
        self._state = _DATA
        self._sink.regular(size, self._executable)
        return True

    def _data(self) -> bool:
        start = self._position
        take = min(len(self._buffer) - start, self._left)
        if not take:
            return False
        chunk = self._buffer if take == len(self._buffer) else self._buffer[start : start + take]
        self._left -= take
        self._position = start + take
        self._sink.data(chunk)
        if not self._left:
            self._sink.end()
            self._state = _NODE_END
        return True

    def _node_end(self) -> bool:
        """Padding of a file, the end of the node, and the end of the entry that it stands in."""
        closing = wire.CLOSE + wire.CLOSE if self._names else wire.CLOSE
        padding = self._padding
        start = self._position
        if any(self._buffer[start : start + padding]):
            raise NarError(self.offset, "padding that is not zero")
        if self._choose((bytes(padding) + closing,), "')'") < 0:
            return False
        self._padding = 0
        self._state = _ITEM if self._names else _END
        return True

    def _entry_end(self) -> bool:
        if self._choose((wire.CLOSE,), "')'") < 0:
            return False
        self._state = _ITEM
        return True

    def _target(self) -> bool:
        start = self.offset
        target = self._string(wire.MAX_TARGET, "link target")
        if target is None:
            return False
        problem = wire.target_problem(target)
        if problem is not None:
            raise NarError(start, f"the link target '{_shown(target)}' {problem}")
        self._state = _NODE_END
        self._sink.symlink(target)
        return True

    def _item(self) -> bool:
        kind = self._choose(_ITEMS, "an entry or the end of the directory")
        if kind < 0:
            return False
        if kind == 0:
            self._state = _NAME
            return True
        self._names.pop()
        self._state = _ENTRY_END if self._names else _END
        self._sink.close()
        return True

    def _name(self) -> bool:
        start = self.offset
        name = self._string(wire.MAX_NAME, "name")
        if name is None:
            return False
        problem = wire.name_problem(name)
        if problem is not None:
            raise NarError(start, f"the name '{_shown(name)}' {problem}")
        before = self._names[-1]
        if name <= before:
            how = "comes twice" if name == before else f"is not sorted: it comes after '{_shown(before)}'"
            raise NarError(start, f"the name '{_shown(name)}' {how}")
        self._names[-1] = name
        self._state = _NODE
        self._sink.entry(name)
        return True

    def _choose(self, choices: tuple[bytes, ...], what: str) -> int:
        """Which of the fixed sequences comes next; step over it. -1 where more bytes are needed."""
        buffer = self._buffer
        position = self._position
        for index, choice in enumerate(choices):
            if buffer.startswith(choice, position):
                self._position = position + len(choice)
                return index
        rest = buffer[position : position + 128]
        same = max([_common(rest, choice) for choice in choices])
        if same == len(rest):
            return -1
        raise NarError(self.offset + same // 8 * 8, f"expected {what}")

    def _string(self, limit: int, what: str) -> bytes | None:
        """A string with its padding; None where more bytes are needed."""
        buffer = self._buffer
        start = self._position + 8
        if len(buffer) < start:
            return None
        size: int = wire.LENGTH.unpack_from(buffer, start - 8)[0]
        if size > limit:
            raise NarError(self.offset, f"a {what} of {size} bytes (at most {limit})")
        end = start + size
        after = end + (-size & 7)
        if len(buffer) < after:
            return None
        if any(buffer[end:after]):
            raise NarError(self._base + end, "padding that is not zero")
        self._position = after
        return buffer[start:end]


def read_nar(chunks: Iterable[bytes], sink: NarSink) -> int:
    """Push a whole NAR into ``sink``; its size in bytes. Raises NarError."""
    reader = NarReader(sink)
    for chunk in chunks:
        reader.feed(chunk)
    reader.finish()
    return reader.offset


def events(chunks: Iterable[bytes]) -> Iterator["Event"]:
    """The same by pulling. Raises NarError when it gets there."""
    from .events import EventList  # noqa: PLC0415

    collected = EventList()
    reader = NarReader(collected)
    for chunk in chunks:
        reader.feed(chunk)
        yield from collected.take()
    reader.finish()


def _common(rest: bytes, choice: bytes) -> int:
    """How many leading bytes are equal."""
    size = min(len(rest), len(choice))
    if rest[:size] == choice[:size]:
        return size
    for index in range(size):
        if rest[index] != choice[index]:
            return index
    return size


def _shown(name: bytes) -> str:
    return display(to_str(name))
