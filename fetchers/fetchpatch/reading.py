"""Reading a patch into its files: headers, and hunks by the counts in their own headings.

Refuses only a heading that begins with ``@@ `` and cannot be understood: everything else is taken as it comes, since what is no
patch is text between the files. Lines in a hunk are counted, not looked at, so ``--- `` in one is a removed line.
"""

import re
from collections.abc import Sequence

from imagetools.builtin.api import BuiltinError

from .context import read_context_hunks
from .dialect import Dialect
from .names import better_name, header_name
from .patch import Between, FilePatch, Hunk, Piece
from .text import split_lines, until_nul

_NUMBER = re.compile(rb"[ \t-\r]*([+-]?)(\d+)")
_WORD = 1 << 64
_GIT_HEADERS = (
    b"old mode ",
    b"new mode ",
    b"deleted file mode ",
    b"copy from ",
    b"copy to ",
    b"rename from ",
    b"rename to ",
    b"similarity index ",
    b"dissimilarity index ",
    b"index ",
)


class HunkHeadingError(BuiltinError):
    """A line looks like the heading of a hunk and is none."""

    def __init__(self, line: bytes) -> None:
        shown = line.decode("utf-8", "replace").rstrip("\n")
        super().__init__(
            f"the patch has a line that is not understood: '{shown}'",
            "a hunk begins with a line such as '@@ -1,3 +1,4 @@'; use fetchurl to take the file as it is",
        )
        self.line = line


def read_patch(data: bytes, dialect: Dialect) -> list[Piece]:
    """All of a patch in order. Raises HunkHeadingError."""
    lines = split_lines(data)
    pieces: list[Piece] = []
    git: list[bytes] = []

    def let_go() -> None:
        pieces.extend(map(Between, git))
        git.clear()

    at = 0
    while at < len(lines):
        line = lines[at]
        if dialect.keeps_git_headers and line.startswith(b"diff "):
            if git:  # it closes the headers before it, counts as one of them, and opens its own
                let_go()
                pieces.append(Between(line))
            git.append(line)
            at += 1
        elif git and line.startswith(_GIT_HEADERS):
            git.append(line)
            at += 1
        elif _begins_file(lines, at):
            old, new = lines[at][4:], lines[at + 1][4:]
            file = FilePatch(tuple(git), old, new, better_name(header_name(old), header_name(new)), line.startswith(b"*"))
            git.clear()
            pieces.append(file)
            if file.in_context:
                at = read_context_hunks(lines, at + 2, file, dialect, pieces)
            else:
                at = _read_hunks(lines, at + 2, file)
        elif git and at + 1 == len(lines) and line.startswith((b"--- ", b"*** ")):
            pieces.append(Between(git[0]))
            break
        else:
            let_go()
            pieces.append(Between(line))
            at += 1
    return pieces


def heading_counts(line: bytes) -> tuple[int, int, int, int]:
    """Old start and count, new start and count; a count that is not there is 1. Raises HunkHeadingError."""
    return *_start_and_count(line, b"-"), *_start_and_count(line, b"+")


def _start_and_count(line: bytes, sign: bytes) -> tuple[int, int]:
    """The numbers behind the first ``sign``, wherever it is."""
    line = until_nul(line)
    at = line.find(sign) + 1
    start = _number(line, at) if at else None
    if start is None:
        raise HunkHeadingError(line)
    while at < len(line) and line[at] not in b", \n":
        at += 1
    if line[at : at + 1] != b",":
        return start, 1
    return start, _number(line, at + 1) or 0


def _number(line: bytes, at: int) -> int | None:
    """As C reads an unsigned number: blanks and a sign are fine, too much is the most."""
    found = _NUMBER.match(line, at)
    if found is None:
        return None
    value = min(int(found[2]), _WORD - 1)
    return -value % _WORD if found[1] == b"-" else value


def _begins_file(lines: Sequence[bytes], at: int) -> bool:
    mark = {b"--- ": b"+++ ", b"*** ": b"--- "}.get(lines[at][:4])
    return mark is not None and at + 1 < len(lines) and lines[at + 1].startswith(mark)


def _read_hunks(lines: Sequence[bytes], at: int, file: FilePatch) -> int:
    while at < len(lines) and lines[at].startswith(b"\\"):
        file.early.append(lines[at])
        at += 1
    while at < len(lines) and lines[at].startswith(b"@@ "):
        old_start, old_count, new_start, new_count = heading_counts(lines[at])
        comment = _comment(lines[at])
        start = at = at + 1
        old, new = old_count, new_count
        while at < len(lines):
            mark = lines[at][:1]
            if mark != b"\\":
                if not old and not new:
                    break
                if mark != b"+":
                    old = max(0, old - 1)
                if mark != b"-":
                    new = max(0, new - 1)
            at += 1
        file.hunks.append(Hunk(old_start, old_count, new_start, new_count, comment, tuple(lines[start:at])))
    return at


def _comment(heading: bytes) -> bytes:
    """What follows the ranges and the closing ``@@``, with the line feed."""
    at = heading.index(b"+")
    while at < len(heading) and heading[at] not in b" \n":
        at += 1
    return heading[at:].removeprefix(b" ").lstrip(b"@")
