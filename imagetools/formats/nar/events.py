"""What a NAR says, in order: the one door between whoever reads a tree and whoever writes one.

``NarSink`` is pushed (fast; the writer is one, and whatever restores to a disk is one); the event values are the same facts for
those who prefer to pull (``reader.events``). Names and targets are bytes, sizes are bytes, no file system is known here.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias


class NarSink(Protocol):
    """Gets one node (the root), in the order of the NAR."""

    def directory(self) -> None:
        """The node is a directory: ``entry`` and a node for each child follow, then ``close``."""

    def entry(self, name: bytes) -> None:
        """The next node is this child of the open directory. Names come sorted by bytes and are valid."""

    def close(self) -> None:
        """The innermost open directory is complete."""

    def regular(self, size: int, executable: bool) -> None:
        """The node is a file: ``data`` follows, ``size`` bytes in all, then ``end``."""

    def data(self, chunk: bytes) -> None:
        """Some bytes of the open file (never empty)."""

    def end(self) -> None:
        """The open file is complete."""

    def contents(self, data: bytes, executable: bool) -> None:
        """The node is a file with these bytes: ``regular``, ``data`` and ``end`` in one call, for small files."""

    def symlink(self, target: bytes) -> None:
        """The node is a symbolic link."""


@dataclass(frozen=True)
class Directory:
    """A directory begins."""


@dataclass(frozen=True)
class Entry:
    """The next node is this child of the open directory."""

    name: bytes


@dataclass(frozen=True)
class Close:
    """The innermost open directory is complete."""


@dataclass(frozen=True)
class Regular:
    """A file begins; Data events with ``size`` bytes in all follow."""

    size: int
    executable: bool


@dataclass(frozen=True)
class Data:
    """Some bytes of the open file."""

    chunk: bytes


@dataclass(frozen=True)
class Symlink:
    """A symbolic link."""

    target: bytes


Event: TypeAlias = Directory | Entry | Close | Regular | Data | Symlink


class EventList:
    """A NarSink that collects events; ``take`` hands them over and starts anew."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def take(self) -> list[Event]:
        taken = self._events
        self._events = []
        return taken

    def directory(self) -> None:
        self._events.append(Directory())

    def entry(self, name: bytes) -> None:
        self._events.append(Entry(name))

    def close(self) -> None:
        self._events.append(Close())

    def regular(self, size: int, executable: bool) -> None:
        self._events.append(Regular(size, executable))

    def data(self, chunk: bytes) -> None:
        self._events.append(Data(chunk))

    def end(self) -> None:
        pass

    def contents(self, data: bytes, executable: bool) -> None:
        self._events.append(Regular(len(data), executable))
        if data:
            self._events.append(Data(data))

    def symlink(self, target: bytes) -> None:
        self._events.append(Symlink(target))
