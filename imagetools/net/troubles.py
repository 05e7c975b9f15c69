"""What can be the trouble with a program's fetching, found by its own words, each with a next step. Pure text.

Tables of troubles are their programs' (hg_failures, fetchsvn); git's have more to them (git_failures).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

LATER: Final = "try again later, or ask whoever runs the server"
LOGIN: Final = "name a login in a netrc file: --netrc-file FILE, a line `machine HOST login NAME password WORD`"


@dataclass(frozen=True, slots=True)
class Trouble:
    """``pattern`` finds it among the program's words; ``reason`` may hold the pattern's groups as {0}, {1} ..."""

    pattern: str
    reason: str
    hint: str
    may_pass: bool = False


def find(troubles: Iterable[Trouble], lines: Sequence[str]) -> Trouble | None:
    """The first that fits, with its reason filled in."""
    text = "\n".join(lines)
    for trouble in troubles:
        if found := re.search(trouble.pattern, text):
            return replace(trouble, reason=trouble.reason.format(*found.groups()))
    return None
