"""Trees as plain values, a strategy for them, and the reference encoding that the tests compare with."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

from imagetools.formats.nar.sink import NarSink


@dataclass(frozen=True)
class File:
    data: bytes
    executable: bool = False


@dataclass(frozen=True)
class Link:
    target: bytes


@dataclass(frozen=True)
class Folder:
    entries: Mapping[bytes, "Tree"] = field(default_factory=dict)


Tree = File | Link | Folder


def trees() -> st.SearchStrategy[Tree]:
    names = st.binary(min_size=1, max_size=10).filter(lambda name: name not in (b".", b"..") and not {0, 47} & set(name))
    targets = st.binary(min_size=1, max_size=20).filter(lambda target: 0 not in target)
    leaves: st.SearchStrategy[Tree] = st.one_of(st.builds(File, st.binary(max_size=30), st.booleans()), st.builds(Link, targets))
    return st.recursive(leaves, lambda below: st.builds(Folder, st.dictionaries(names, below, max_size=4)), max_leaves=8)


def push(tree: Tree, sink: NarSink, whole: bool = True) -> None:
    """Describe ``tree`` to ``sink``; ``whole`` says whether files go in one call."""
    if isinstance(tree, Folder):
        sink.directory()
        for name in sorted(tree.entries):
            sink.entry(name)
            push(tree.entries[name], sink, whole)
        sink.close()
    elif isinstance(tree, Link):
        sink.symlink(tree.target)
    elif whole:
        sink.contents(tree.data, tree.executable)
    else:
        sink.regular(len(tree.data), tree.executable)
        for start in range(0, len(tree.data), 7):
            sink.data(tree.data[start : start + 7])
        sink.end()


def s(*items: str | bytes) -> bytes:
    """Strings of the format, one after another, straight from its definition."""
    out = b""
    for item in items:
        data = item.encode() if isinstance(item, str) else item
        out += struct.pack("<Q", len(data)) + data + bytes(-len(data) % 8)
    return out


def encode(tree: Tree) -> bytes:
    """The NAR of ``tree``, straight from the definition of the format."""
    return s("nix-archive-1") + _node(tree)


def _node(tree: Tree) -> bytes:
    if isinstance(tree, File):
        mark = s("executable", "") if tree.executable else b""
        return s("(", "type", "regular") + mark + s("contents", tree.data, ")")
    if isinstance(tree, Link):
        return s("(", "type", "symlink", "target", tree.target, ")")
    out = s("(", "type", "directory")
    for name in sorted(tree.entries):
        out += s("entry", "(", "name", name, "node") + _node(tree.entries[name]) + s(")")
    return out + s(")")


class Collector:
    """A NarSink that builds the tree again, and counts how often ``regular`` and ``contents`` were called."""

    def __init__(self) -> None:
        self.root: Tree | None = None
        self.streamed = 0
        self.whole = 0
        self._open: list[dict[bytes, Tree]] = []
        self._names: list[bytes] = []
        self._file: list[bytes] = []
        self._announced = (0, False)

    def directory(self) -> None:
        self._open.append({})

    def entry(self, name: bytes) -> None:
        self._names.append(name)

    def close(self) -> None:
        self._add(Folder(self._open.pop()))

    def regular(self, size: int, executable: bool) -> None:
        self.streamed += 1
        self._file = []
        self._announced = (size, executable)

    def data(self, chunk: bytes) -> None:
        assert chunk
        self._file.append(chunk)

    def end(self) -> None:
        data = b"".join(self._file)
        assert len(data) == self._announced[0]
        self._add(File(data, self._announced[1]))

    def contents(self, data: bytes, executable: bool) -> None:
        self.whole += 1
        self._add(File(data, executable))

    def symlink(self, target: bytes) -> None:
        self._add(Link(target))

    def _add(self, tree: Tree) -> None:
        if self._open:
            self._open[-1][self._names.pop()] = tree
        else:
            self.root = tree
