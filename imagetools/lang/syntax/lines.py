"""Lines and columns, computed from byte offsets only when somebody wants to see them.

Nodes carry an offset, because an offset costs nothing; the table of line starts is made once a file and stored with its tree.

Nix quirk: a lone carriage return ends a line, as do a line feed and the two together; columns count bytes, from 1.
"""

from array import array
from bisect import bisect_right
from itertools import accumulate


def line_starts(source: bytes) -> bytes:
    """The offsets at which the lines of ``source`` begin, as the bytes of an ``array('I')``; there is at least one line."""
    starts = array("I", [0])
    starts.extend(accumulate(map(len, source.splitlines(keepends=True))))
    if source and source[-1] not in b"\r\n":
        starts.pop()
    return starts.tobytes()


def line_col(starts: bytes, pos: int) -> tuple[int, int]:
    """Line and column, both from 1, of the byte at ``pos``; ``(0, 0)`` for an unknown position (-1)."""
    if pos < 0:
        return (0, 0)
    table = memoryview(starts).cast("I")
    line = bisect_right(table, pos)
    return (line, pos - int(table[line - 1]) + 1)
