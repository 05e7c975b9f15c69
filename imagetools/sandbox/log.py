"""A builder's output as lines: split at newlines, carriage returns honoured as a terminal would, the last few kept.

It refuses to keep more than that: a builder that writes one line of ten gigabytes costs at most ``MAX_LINE`` bytes here. Nix
quirk: a carriage return starts the line again, so that progress bars do not fill the log tail (oracle: none, read from Nix's
``BuildLog``).
"""

from collections import deque
from collections.abc import Callable
from typing import Final

MAX_LINE: Final = 16 * 1024


class LineLog:
    """Feed bytes, get lines: ``on_line`` hears of each line (bytestr, no newline), ``tail`` holds the last ``keep`` of them."""

    def __init__(self, on_line: Callable[[str], object], keep: int = 10) -> None:
        self._on_line = on_line
        self._pending = bytearray()
        self._tail: deque[str] = deque(maxlen=keep)
        self._cut = False

    @property
    def tail(self) -> tuple[str, ...]:
        return tuple(self._tail)

    def feed(self, data: bytes) -> None:
        start = 0
        while True:
            end = data.find(b"\n", start)
            if end < 0:
                self._append(data[start:])
                return
            self._append(data[start:end])
            self._flush()
            start = end + 1

    def finish(self) -> None:
        """The stream has ended: an unfinished last line counts."""
        if self._pending:
            self._flush()

    def _append(self, piece: bytes) -> None:
        room = MAX_LINE - len(self._pending)
        if len(piece) <= room:
            self._pending += piece
            return
        restart = piece.rfind(b"\r")
        if restart >= 0 and len(piece) - restart <= MAX_LINE:
            self._pending[:] = piece[restart:]
            return
        if room > 0:
            self._pending += piece[:room]
        self._cut = True

    def _flush(self) -> None:
        line = bytes(self._pending)
        self._pending.clear()
        if line.endswith(b"\r"):
            line = line.rstrip(b"\r")
        line = line[line.rfind(b"\r") + 1 :]
        text = line.decode("latin-1") + (" [...]" if self._cut else "")
        self._cut = False
        self._tail.append(text)
        self._on_line(text)
