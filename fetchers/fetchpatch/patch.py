"""A patch that was read: text between files, and files with their hunks. Bytes are those of the input."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hunk:
    """``@@ -old_start,old_count +new_start,new_count @@comment`` and its lines."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    comment: bytes
    lines: tuple[bytes, ...]


@dataclass
class ContextHunk:
    """A hunk of a context diff: both sides one after the other; a side that shows no change may have no lines.

    ``ending`` is what ends the old side's heading, most often a line feed.
    """

    old_start: int
    old_count: int
    ending: bytes
    old_lines: tuple[bytes, ...]
    new_start: int = 0
    new_count: int = 0
    new_lines: tuple[bytes, ...] = ()
    has_new: bool = False
    whole: bool = False
    """Both sides have as many lines as they should."""


@dataclass
class FilePatch:
    """One file's part. ``old`` and ``new`` are what stands behind the marks of its two header lines.

    ``git`` are the lines of ``diff`` and git before them; ``early`` are remarks (``\\``) between headers and first hunk.
    """

    git: tuple[bytes, ...]
    old: bytes
    new: bytes
    name: bytes
    in_context: bool = False
    early: list[bytes] = field(default_factory=list)
    hunks: list[Hunk] = field(default_factory=list)
    context_hunks: list[ContextHunk] = field(default_factory=list)


@dataclass(frozen=True)
class Between:
    """A line that belongs to no file."""

    line: bytes


Piece = FilePatch | Between
