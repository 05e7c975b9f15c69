"""What a NAR says, as values: for those who prefer to pull (``reader.events``). Names and targets are bytes, sizes are bytes.

Imported only by them: making six classes of values takes longer than reading a small NAR.
"""

from dataclasses import dataclass
from typing import TypeAlias


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
