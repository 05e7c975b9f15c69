"""File names in the headers of a patch: where they end, which of two is meant, what is left without leading folders."""

import re

from .text import until_nul
from .timestamps import begins_with_time

NOTHING = b"/dev/null"
_BLANK = b" \t\n"
_FOLDER = re.compile(rb"[^/]*/+")
_SLASHES = re.compile(rb"/+")


def header_name(header: bytes) -> bytes:
    """The name in what stands behind ``--- `` or ``+++ ``.

    It goes up to the first blank; spaces belong to it where a tab, a time or nothing at all follows in the end.
    """
    header = until_nul(header)
    ended = header.endswith(b"\n")
    first = end = _word_end(header, 0)
    while header[end : end + 1] == b" ":
        start = end
        while start < len(header) and header[start] in _BLANK:
            start += 1
        if (start == len(header) and not ended) or begins_with_time(header[start:]):
            return header[:end]
        end = _word_end(header, start)
    if end == len(header) or header[end : end + 1] == b"\t":
        return header[:end]
    return header[:first]


def better_name(old: bytes, new: bytes) -> bytes:
    """Which of two names a file is known by: the one in fewer folders, then with the shorter last part, then the shorter one,
    then the old one; ``/dev/null`` never if there is a choice."""
    if old == NOTHING:
        return new
    if new == NOTHING:
        return old
    return new if _weight(new) < _weight(old) else old


def without_folders(name: bytes, count: int) -> bytes:
    """The name without its first ``count`` folders; the last part always stays, and so does ``/dev/null``."""
    if name in (NOTHING, NOTHING + b"\n"):
        return name
    start = 0
    for _ in range(count):
        folder = _FOLDER.match(name, start)
        if folder is None:
            break
        start = folder.end()
    return name[start:]


def header_without_folders(header: bytes, count: int) -> bytes:
    """A header's text with its name shortened. Only a tab ends the name here, so that blanks in names do no harm."""
    name, tab, rest = header.partition(b"\t")
    return without_folders(name, count) + tab + rest


def _word_end(text: bytes, start: int) -> int:
    while start < len(text) and text[start] not in _BLANK:
        start += 1
    return start


def _weight(name: bytes) -> tuple[int, int, int]:
    return len(_SLASHES.findall(name)), len(name) - name.rfind(b"/") - 1, len(name)
