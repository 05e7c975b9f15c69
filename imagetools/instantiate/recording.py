"""What an evaluation has learnt of the world, so that it need not be repeated while the world stays as it is.

Everything comes through ``StoreIO``, whose methods tell a ``Recorder``. A fact is a question and its answer; ``replay`` asks the
questions again. What cannot be asked again for little (the time, a download without a hash) spoils the record. Only evaluations
that end well are recorded, so failures are no facts; that something is missing is one.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from typing import Final

from imagetools.kernel.bytestr import to_str

Stat = tuple[int, int, int, int]
"""Inode, size in bytes, times of change of contents and of the inode in nanoseconds."""
Member = tuple[str, str, Stat, str]
"""Of a tree: name relative to it (bytestr), kind, state, where a symlink leads."""

FILE: Final = "file"
LISTING: Final = "listing"
KIND: Final = "kind"
LINK: Final = "link"
VARIABLE: Final = "variable"
REFERENCES: Final = "references"
VALID: Final = "valid"
TREE: Final = "tree"


class Recorder:
    """``facts``: (kind of question, what was asked about) to the answer. ``said``: lines for the person (bytestr). ``spoiled``:
    why there can be no record, empty as long as there can be one. ``began``: the clock before the first question, in
    nanoseconds."""

    def __init__(self, began: int) -> None:
        self.began: Final = began
        self.facts: dict[tuple[str, str], object] = {}
        self.said: list[str] = []
        self.spoiled = ""

    def spoil(self, reason: str) -> None:
        """There can be no record, since ``reason`` (bytestr)."""
        self.spoiled = self.spoiled or reason

    def file(self, path: str, state: os.stat_result, data: bytes) -> None:
        """The bytes of a file, and its state before they were read."""
        self.facts[FILE, path] = (short(state), digest(data))

    def listing(self, path: str, state: os.stat_result, entries: dict[str, str]) -> None:
        """The entries of a folder, and its state before they were listed."""
        self.facts[LISTING, path] = (short(state), digest_of_listing(entries))

    def kind(self, path: str, kind: str | None) -> None:
        self.facts[KIND, path] = kind

    def link(self, path: str, target: str) -> None:
        self.facts[LINK, path] = target

    def variable(self, name: str, value: str) -> None:
        self.facts[VARIABLE, name] = value

    def references(self, path: str, found: Iterable[str]) -> None:
        self.facts[REFERENCES, path] = tuple(sorted(found))

    def valid(self, path: str) -> None:
        """A store path (logical) that was valid."""
        self.facts[VALID, path] = True

    def tree(self, path: str, name: str, method: str, filtered: bool, members: "tuple[Member, ...] | None", made: str) -> None:
        """``path`` is ``made`` in the store; ``members`` is its snapshot from before, None where one was not to be had."""
        if members is None:
            self.spoil(f"'{path}' could not be listed")
            return
        self.facts[TREE, f"{path}\0{name}\0{method}\0{made}"] = (filtered, members)


def short(state: os.stat_result) -> Stat:
    """What tells whether a file is still the one that it was."""
    return (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data, usedforsecurity=False).digest()


def digest_of_listing(entries: dict[str, str]) -> bytes:
    return digest("\0".join(f"{name}\0{entries[name]}" for name in sorted(entries)).encode("latin-1"))


def snapshot(place: bytes) -> "tuple[Member, ...] | None":
    """The state of everything at and below a physical path; None where something cannot be looked at."""
    try:
        return tuple(_members(place))
    except OSError:
        return None


def _members(place: bytes) -> Iterator[Member]:
    todo = [(b"", place)]
    while todo:
        name, path = todo.pop()
        state = os.lstat(path)
        mode = state.st_mode
        if stat.S_ISLNK(mode):
            yield (to_str(name), "symlink", short(state), to_str(os.readlink(path)))
        elif stat.S_ISDIR(mode):
            yield (to_str(name), "directory", short(state), "")
            with os.scandir(path) as entries:
                found = sorted((entry.name for entry in entries), reverse=True)
            todo += [(name + b"/" + child, path + b"/" + child) for child in found]
        else:
            kind = "executable" if mode & stat.S_IXUSR else "regular" if stat.S_ISREG(mode) else "unknown"
            yield (to_str(name), kind, short(state), "")
