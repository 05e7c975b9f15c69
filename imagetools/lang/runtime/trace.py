"""The trace of an error in short, for somebody who looks for the fault in files of their own.

``--show-trace`` shows every frame with its source lines; mostly they are of a library that is not to blame. Here the place in
an own file comes first, frames of a library in a row become one line that counts them, and what is left is a line a frame. Pure:
which files are own is decided by whoever asks.
"""

from collections.abc import Callable
from typing import Final

from imagetools.kernel.bytestr import display
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.positions import NO_FILES, Pos

INNER: Final = 5
OUTER: Final = 3

Own = Callable[[str], bool]


class Short:
    """``pos`` is the place to show first, ``steps`` the lines below it, innermost first."""

    def __init__(self, pos: Pos | None, steps: list[str]) -> None:
        self.pos = pos
        self.steps = steps


def shown_file(file: str) -> str:
    """How a message names the file of a position."""
    return NO_FILES.get(file) or display(file)


def spot(pos: Pos) -> str:
    """``file:line:column`` for people."""
    file, line, column = pos.resolve()
    return f"{shown_file(file)}:{line}:{column}"


def frames_of(count: int) -> str:
    return f"{count} {'frame' if count == 1 else 'frames'} of a library"


def shorten(error: EvalError, own: Own) -> Short:
    """What to show of the place and the trace of an error.

    Where it was found in a library, the innermost place in an own file that led there stands in its stead. A frame without a
    place belongs to where the one before it is; a frame on a line that was shown already says nothing new.
    """
    frames = error.frames
    pos = error.pos
    steps: list[str] = []
    begin = 0
    mine = pos is None or own(pos.source.file)
    if not mine or pos is None:
        for i in range(len(frames)):
            candidate = frames[i].pos
            if candidate is not None and own(candidate.source.file):
                if pos is not None:
                    steps.append(f"… from there {frames_of(i)}, to {spot(pos)}" if i else f"… and from there {spot(pos)}")
                    begin = i
                    mine = True
                pos = candidate
                break
    shown: set[tuple[str, int]] = set()
    files: set[str] = set()
    if pos is not None:
        file, line, _ = pos.resolve()
        shown.add((file, line))
        files.add(file)
    entries: list[str] = []
    folded = 0
    told = 0
    for i in range(begin, len(frames)):
        frame = frames[i]
        text = frame.text
        if frame.file is not None:
            mine = own(frame.file)
            if mine:
                if frame.file in files or frame.file in error.message:
                    continue
                files.add(frame.file)
                text = text.rstrip(":")
        elif frame.pos is not None:
            file, line, _ = frame.pos.resolve()
            mine = own(file)
            if mine:
                if (file, line) in shown:
                    continue
                shown.add((file, line))
                files.add(file)
                text = f"{text} at {spot(frame.pos)}"
        if not mine:
            folded += 1
            continue
        if folded:
            entries.append(frames_of(folded))
            folded = 0
        entries.append(display(text))
        told += 1
    if folded:
        entries.append(frames_of(folded))
    if not told:  # only frames of libraries: nothing that helps
        return Short(pos, steps)
    if len(entries) > INNER + OUTER + 1:
        left_out = len(entries) - INNER - OUTER
        entries[INNER : len(entries) - OUTER] = [f"{left_out} more steps"]
    for entry in entries:
        steps.append("… " + entry)
    return Short(pos, steps)
