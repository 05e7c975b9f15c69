"""What a program of the host meant when it could not fetch, by its own words; and trying again where that may help.

Shared by fetchhg and fetchsvn, whose errors come from tables of troubles; fetchgit tries again in the same way.
Refuses to hide the program's words: the error shows the line that tells most.
"""

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, TypeVar

from imagetools.builtin.api import BuiltinError
from imagetools.net.redact import redact
from imagetools.net.troubles import Trouble, find

T = TypeVar("T")

TRIES: Final = 3
FIRST_DELAY: Final = 1.0
"""Seconds; twice as many the next time."""


class ProgramFailedError(BuiltinError):
    """A program of the host could not fetch; ``lines`` are its last words, ``may_pass`` whether another try may well succeed."""

    fault = "host"
    program: ClassVar[str]
    troubles: ClassVar[Sequence[Trouble]]

    def __init__(self, url: str, lines: Sequence[str], said: str) -> None:
        """``said`` is the line that tells most, without what stands before each."""
        reason, hint = said or f"{self.program} failed without a word", "look at the URL, and at what was said before"
        trouble = find(self.troubles, lines)
        if trouble is not None:
            reason, hint = f"{trouble.reason} ({self.program}: {said})", trouble.hint
        super().__init__(f"cannot fetch from '{redact(url)}': {reason}", hint)
        self.may_pass = trouble is not None and trouble.may_pass
        self.lines = tuple(lines)


def patiently(work: Callable[[], T], may_pass: Callable[[BuiltinError], bool], log: Callable[[str], object]) -> T:
    """Do ``work``, and again where it fails in a way that may pass. Raises what it raises in the end."""
    delay = FIRST_DELAY
    for _ in range(TRIES - 1):
        try:
            return work()
        except BuiltinError as error:
            if not may_pass(error):
                raise
            log(f"{error.message}; trying again")
        time.sleep(delay)
        delay *= 2
    return work()
