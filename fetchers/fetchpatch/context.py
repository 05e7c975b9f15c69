"""Hunks of context diffs (``diff -c``): both sides one after the other.

Lines are counted, not looked at, as in other hunks. One side may be left out where it shows no change: the old one if the
heading of the new one comes at once, the new one if it would be all common lines. Refuses nothing: what is no hunk ends the file.
"""

import re
from collections.abc import Sequence

from .dialect import Dialect
from .patch import Between, ContextHunk, FilePatch, Piece

STARS = b"***************"
_OLD = re.compile(rb"\*\*\* (\d+)(?:,(\d+))?")
_NEW = re.compile(rb"--- (\d+)(?:,(\d+))?")


def begins_context_file(lines: Sequence[bytes], at: int) -> bool:
    """Whether the two header lines of a file are here."""
    return lines[at].startswith(b"*** ") and at + 1 < len(lines) and lines[at + 1].startswith(b"--- ")


def read_context_hunks(lines: Sequence[bytes], at: int, file: FilePatch, dialect: Dialect, pieces: list[Piece]) -> int:
    """The hunks that follow a file's two header lines, and where they end."""
    while at < len(lines) and (file.context_hunks or lines[at].startswith(STARS)):
        while at < len(lines) and lines[at].startswith(STARS):  # only the first hunk of a file needs such a line
            at += 1
        heading = _OLD.match(lines[at]) if at < len(lines) else None
        if heading is None:
            break
        old_start, old_count = _range(heading)
        ending = lines[at][heading.end() :]
        ending = ending[5:] if ending.startswith(b" ") else ending
        start = at = at + 1
        if not (at < len(lines) and lines[at].startswith(b"--- ")):
            at = _skip(lines, at, old_count)
        hunk = ContextHunk(old_start, old_count, ending, tuple(lines[start:at]))
        file.context_hunks.append(hunk)
        heading = _NEW.match(lines[at]) if at < len(lines) else None
        if heading is None:
            break
        line = lines[at]
        hunk.has_new = True
        hunk.new_start, hunk.new_count = _range(heading)
        start = at = at + 1
        common = sum(line.startswith(b" ") for line in hunk.old_lines)
        omitted = hunk.new_count == common
        if not omitted:
            at = _skip(lines, at, hunk.new_count)
            hunk.new_lines = tuple(lines[start:at])
        hunk.whole = omitted or len(hunk.new_lines) >= hunk.new_count
        if omitted and dialect.stops_at_omitted_lines:
            pieces.append(Between(line))
            break
    return at


def _skip(lines: Sequence[bytes], at: int, count: int) -> int:
    """Past ``count`` lines and the remarks behind them."""
    while at < len(lines) and (count or lines[at].startswith(b"\\")):
        count = max(0, count - 1)
        at += 1
    return at


def _range(heading: re.Match[bytes]) -> tuple[int, int]:
    """First line and number of lines."""
    first = int(heading[1])
    if heading[2] is not None:
        return first, max(0, int(heading[2]) - first + 1)
    return first, 1 if first else 0
