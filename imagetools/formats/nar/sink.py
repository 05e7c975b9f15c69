"""What a NAR says, in order: the one door between whoever reads a tree and whoever writes one.

``NarSink`` is pushed (fast; the writer is one, and whatever restores to a disk is one). Names and targets are bytes, sizes are
bytes, no file system is known here. Who prefers to pull finds the same facts as values in ``events``.
"""

from typing import Protocol


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
