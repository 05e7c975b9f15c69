"""Hunks of context diffs (``diff -c``): both sides one after the other."""

import re
from collections.abc import Sequence

from imagetools.builtin.api import BuiltinError

from .dialect import Dialect
from .patch import Between, ContextHunk, FilePatch, Piece

STARS = b"***************"
_NEW_MARKS = (b" ", b"+", b"!", b"\\")
_RANGE = re.compile(rb"(?:\*\*\*|---) (\d+)(?:,(\d+))?")


class ContextHeadingError(BuiltinError):
    """The heading of one side of a hunk is none."""

    def __init__(self, line: bytes) -> None:
        shown = line.decode("utf-8", "replace").rstrip("\n")
        super().__init__(f"the patch has a line that is not understood: '{shown}'", "use fetchurl to take the file as it is")
        self.line = line


def read_context_hunks(lines: Sequence[bytes], at: int, file: FilePatch, dialect: Dialect, pieces: list[Piece]) -> int:
    """The hunks that follow a file's two header lines, and where they end. Raises ContextHeadingError."""
    while at + 1 < len(lines) and lines[at].startswith(STARS) and lines[at + 1].startswith(b"*** "):
        old_start, old_count = _range(lines[at + 1])
        at += 2
        shown = 0 if at < len(lines) and lines[at].startswith(b"--- ") else old_count
        start, at = at, _skip(lines, at, shown)
        old_lines = tuple(lines[start:at])
        if at == len(lines) or not lines[at].startswith(b"--- "):
            file.context_hunks.append(ContextHunk(old_start, old_count, old_lines, 0, 0, (), False))
            break
        new_start, new_count = _range(lines[at])
        heading, at = lines[at], at + 1
        omitted = new_count == 0 or at == len(lines) or lines[at][:1] not in _NEW_MARKS
        start, at = at, at if omitted else _skip(lines, at, new_count)
        file.context_hunks.append(
            ContextHunk(old_start, old_count, old_lines, new_start, new_count, tuple(lines[start:at]), True)
        )
        if omitted and dialect.stops_at_omitted_lines:
            pieces.append(Between(heading))
            break
    return at


def _skip(lines: Sequence[bytes], at: int, count: int) -> int:
    while at < len(lines) and (count or lines[at].startswith(b"\\")):
        count -= not lines[at].startswith(b"\\")
        at += 1
    return at


def _range(line: bytes) -> tuple[int, int]:
    """First line and number of lines."""
    found = _RANGE.match(line)
    if found is None:
        raise ContextHeadingError(line)
    first = int(found[1])
    if found[2] is not None:
        return first, int(found[2]) - first + 1
    return first, 1 if first else 0
