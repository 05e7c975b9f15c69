"""Writing a file's part of a patch: with other names, without comments, with some hunks left out."""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

from .context import STARS
from .dialect import Dialect
from .names import header_without_folders, without_folders
from .patch import ContextHunk, FilePatch, Hunk
from .text import until_nul

_SEPARATOR = re.compile(rb"([ \t])")
_WORD = 1 << 64  # starts of hunks are unsigned


@dataclass(frozen=True)
class Manner:
    """How to write. ``strip`` folders are taken off each name before the prefixes are put on."""

    strip: int = 0
    old_prefix: bytes = b""
    new_prefix: bytes = b""
    clean: bool = False
    """Leave out comments behind headings, and text between files."""
    hunks: Container[int] | None = None
    """Numbers of the hunks to keep; None for all. Later ones are moved by what is missing before them."""


def print_file(file: FilePatch, manner: Manner, dialect: Dialect) -> bytes:
    """A file's headers and hunks; only its early remarks where no hunk is left."""
    hunks = b"".join(_context_hunks(file, manner) if file.in_context else _hunks(file, manner, dialect))
    early = b"".join(file.early)
    if not hunks:
        return early
    return b"".join(
        [
            early,
            *(until_nul(_renamed(line, manner) if line.startswith(b"diff ") else line) for line in file.git),
            *_headers(file, manner, dialect),
            hunks,
        ]
    )


def _headers(file: FilePatch, manner: Manner, dialect: Dialect) -> tuple[bytes, bytes]:
    old, new = (until_nul(header_without_folders(header, manner.strip)) for header in (file.old, file.new))
    if not file.in_context:
        return b"--- " + manner.old_prefix + old, b"+++ " + manner.new_prefix + new
    # patchutils looks at the mark alone: `---` is the old file's, even where it stands before the new one
    return b"*** " + (old if dialect.strips_starred_names else until_nul(file.old)), b"--- " + manner.old_prefix + new


def _hunks(file: FilePatch, manner: Manner, dialect: Dialect) -> Iterator[bytes]:
    missing = 0
    for number, hunk in enumerate(file.hunks, 1):
        if manner.hunks is not None and number not in manner.hunks:
            missing += hunk.new_count - hunk.old_count
            continue
        yield _heading(hunk, hunk.new_start - missing, manner, dialect)
        yield from hunk.lines


def _heading(hunk: Hunk, new_start: int, manner: Manner, dialect: Dialect) -> bytes:
    comment = b"\n" if manner.clean else until_nul(hunk.comment) if dialect.comments_end_at_nul else hunk.comment
    old, new = _range(hunk.old_start, hunk.old_count), _range(new_start % _WORD, hunk.new_count)
    return b"@@ -" + old + b" +" + new + b" @@" + comment


def _range(start: int, count: int) -> bytes:
    return b"%d" % start if count == 1 else b"%d,%d" % (start, count)


def _context_hunks(file: FilePatch, manner: Manner) -> Iterator[bytes]:
    missing = 0
    for number, hunk in enumerate(file.context_hunks, 1):
        if manner.hunks is not None and number not in manner.hunks:
            missing += sum(line.startswith((b"+", b"!")) for line in hunk.new_lines)
            missing -= sum(line.startswith((b"-", b"!")) for line in hunk.old_lines)
            continue
        yield from _context_hunk(hunk, hunk.new_start - missing)


def _context_hunk(hunk: ContextHunk, new_start: int) -> Iterator[bytes]:
    yield STARS + b"\n*** " + _span(hunk.old_start, hunk.old_count) + b" ****" + hunk.ending
    yield from hunk.old_lines
    if hunk.has_new:
        yield b"--- " + _span(new_start, hunk.new_count) + b" ----\n"
        yield from hunk.new_lines


def _span(start: int, count: int) -> bytes:
    return b"%d" % (start % _WORD) if count <= 1 else b"%d,%d" % (start % _WORD, (start + count - 1) % _WORD)


def _renamed(line: bytes, manner: Manner) -> bytes:
    """A ``diff`` line with other names: its first two words that are no options are the old and the new one. A name with a
    space in it counts as two words, as it does for patchutils."""
    ending = b"\n" if line.endswith(b"\n") else b""
    words = _SEPARATOR.split(line.removesuffix(b"\n"))  # words at even places, what separates them at odd ones
    prefixes = [manner.new_prefix, manner.old_prefix]
    for at in range(2, len(words), 2):
        if words[at].startswith(b"-"):
            continue
        words[at] = (prefixes.pop() if prefixes else b"") + without_folders(words[at], manner.strip)
    return b"".join(words) + ending
