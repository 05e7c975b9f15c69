"""A file of a context diff as lines of a unified one."""

from collections.abc import Iterator

from .patch import ContextHunk, FilePatch


def unified_lines(file: FilePatch) -> list[bytes]:
    """Headings and lines. A range of one line and an empty one look the same in a context diff; both become one line.

    A hunk that ends early goes, and so do all where the old side has a remark (``\\``): patchutils loses them.
    """
    if any(line.startswith(b"\\") for hunk in file.context_hunks for line in hunk.old_lines):
        return []
    return [line for hunk in file.context_hunks if hunk.whole for line in _unified(hunk)]


def _unified(hunk: ContextHunk) -> Iterator[bytes]:
    old_range = _range(hunk.old_start, hunk.old_count)
    yield b"@@ -" + old_range + b" +" + _range(hunk.new_start, hunk.new_count) + b" @@\n"
    yield from _merged(list(hunk.old_lines), list(hunk.new_lines))


def _merged(old: list[bytes], new: list[bytes]) -> Iterator[bytes]:
    """Common lines once, what was removed before what was added, in runs."""
    old.reverse()
    new.reverse()
    while old or new:
        if old and old[-1].startswith(b"-"):
            yield b"-" + old.pop()[2:]
        elif new and new[-1].startswith(b"+"):
            yield b"+" + new.pop()[2:]
        elif any(side and side[-1].startswith(b"!") for side in (old, new)):
            while old and old[-1].startswith(b"!"):
                yield b"-" + old.pop()[2:]
            while new and new[-1].startswith(b"!"):
                yield b"+" + new.pop()[2:]
        elif new and (not old or new[-1].startswith(b"\\")):
            line = new.pop()
            yield line if line.startswith(b"\\") else line[1:]
        else:
            yield old.pop()[1:]
            if new:
                new.pop()


def _range(start: int, count: int) -> bytes:
    return b"%d" % start if count == 1 else b"%d,%d" % (start, count)
