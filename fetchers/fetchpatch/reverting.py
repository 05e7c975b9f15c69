"""Turning a patch around: what ``interdiff PATCH /dev/null`` makes of it.

Reads stricter than the rest: a hunk ends by its counts of removed, added and common lines, any other line in it is dropped, and
text between files goes. Each file is introduced by ``reverted:``, which patch(1) passes over.
"""

import re
from collections.abc import Sequence

from imagetools.builtin.api import BuiltinError

from .context import begins_context_file, read_context_hunks
from .dialect import Dialect
from .patch import FilePatch
from .reading import HunkHeadingError, heading_counts
from .text import split_lines, until_nul
from .unifying import unified_lines

_RANGES = re.compile(rb"@@ -(\S+) \+(\S+)")


class NoRevertError(BuiltinError):
    """The patch cannot be turned around."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the patch cannot be reverted: {why}",
            "fetch it without `revert` and apply it with 'patch --reverse'",
        )


def revert_patch(data: bytes, dialect: Dialect) -> bytes:
    """Raises NoRevertError, HunkHeadingError."""
    lines = _unified(split_lines(data), dialect)
    out: list[bytes] = []
    at = 0
    while at < len(lines):
        if not lines[at].startswith(b"--- "):
            at += 1
        elif at + 1 < len(lines) and lines[at + 1].startswith(b"+++ "):
            out += [b"reverted:\n", b"--- " + until_nul(lines[at + 1][4:]), b"+++ " + until_nul(lines[at][4:])]
            at = _file(lines, at + 2, out, dialect)
        else:
            at += 2
    return b"".join(out)


def _unified(lines: list[bytes], dialect: Dialect) -> list[bytes]:
    """The lines with files of context diffs written as unified ones."""
    if not any(line.startswith(b"*** ") for line in lines):
        return lines
    out: list[bytes] = []
    at = 0
    while at < len(lines):
        if not begins_context_file(lines, at):
            out.append(lines[at])
            at += 1
            continue
        file = FilePatch((), lines[at][4:], lines[at + 1][4:], b"", True)
        at = read_context_hunks(lines, at + 2, file, dialect, [])
        out += [b"--- " + file.old, b"+++ " + file.new, *unified_lines(file)]
        if dialect.overlooks_file_behind_context and at < len(lines) and lines[at].startswith(b"--- "):
            at += 1
    return out


def _file(lines: Sequence[bytes], at: int, out: list[bytes], dialect: Dialect) -> int:
    if at == len(lines) or (at == len(lines) - 1 and not lines[at].endswith(b"\n")):
        raise NoRevertError("it ends behind the names of a file")
    blind = False
    while at < len(lines) and lines[at].startswith(b"@@ "):
        ranges = _RANGES.match(lines[at])
        if ranges is None:
            raise HunkHeadingError(lines[at])
        out.append(b"@@ -" + ranges[2] + b" +" + ranges[1] + b" @@\n")
        _, old, _, new = heading_counts(lines[at])
        at, blind = _body(lines, at + 1, (old, new), out, dialect, blind)
    return at


def _body(
    lines: Sequence[bytes], at: int, counts: tuple[int, int], out: list[bytes], dialect: Dialect, blind: bool
) -> tuple[int, bool]:
    """The lines of one hunk, turned around; where it ends, and whether half a line would go unseen from here on.

    It does behind a remark, and behind a line that was dropped out of the middle of a hunk, for the rest of the file.
    """
    old, new = counts
    first = at
    remarked = dropped = False
    while (old or new) and at < len(lines):
        line = lines[at]
        if blind and not line.endswith(b"\n") and not line.startswith(b"\\"):
            return len(lines), blind
        blind = blind or dropped
        mark = line[:1]
        at += 1
        if mark == b" ":
            out.append(line)
            old, new = max(0, old - 1), max(0, new - 1)
        elif mark == b"-":
            out.append(b"+" + line[1:])
            old = max(0, old - 1)
        elif mark == b"+":
            out.append(b"-" + line[1:])
            new = max(0, new - 1)
        elif mark == b"\\":
            out.append(line)
            remarked = blind = True
        elif mark == b"\n" and dialect.refuses_blank_context:
            raise NoRevertError("an empty line stands where a line with one space belongs")
        else:
            dropped = at - 1 > first
    if at == len(lines) and not remarked and lines[-1].startswith(b"@@ "):
        raise NoRevertError("its last hunk has no lines")
    if not remarked and at < len(lines) and lines[at].startswith(b"\\"):
        out.append(lines[at])
        at += 1
    return at, blind
