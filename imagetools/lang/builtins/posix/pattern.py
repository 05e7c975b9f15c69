"""A compiled pattern: match a whole text, or cut a text at its matches.

It chooses between Python's ``re`` and the exact matcher, and keeps what was compiled. It knows bytestr only, no values of
the language.
"""

import re
from typing import Final

from imagetools.lang.builtins.posix.matcher import Program, Run
from imagetools.lang.builtins.posix.syntax import Parser, Tree
from imagetools.lang.builtins.posix.translate import compiled, runs_away, same_when_searching, same_when_whole


class Match:
    """One match in a text: where, and what its groups hold (None: the group has no part in it)."""

    def __init__(self, start: int, end: int, groups: list[str | None]) -> None:
        self.start = start
        self.end = end
        self.groups = groups


class Pattern:
    """A valid pattern. ``whole`` and ``search`` are Python's patterns, None where those would differ from Nix."""

    def __init__(self, text: str) -> None:
        self.tree: Tree = Parser(text).parse()
        self.program: Program | None = None
        fast = same_when_whole(self.tree.root) and not runs_away(self.tree.root)
        self.whole: re.Pattern[str] | None = compiled(self.tree) if fast else None
        self.search: re.Pattern[str] | None = self.whole if fast and same_when_searching(self.tree) else None

    def match(self, text: str) -> list[str | None] | None:
        """The groups, if the whole text matches."""
        if self.whole is not None and "\0" not in text:
            found = self.whole.fullmatch(text)
            return None if found is None else list(found.groups())
        spans = self.run(text).spans(0, True, 0, False)
        return None if spans is None else groups_of(text, spans)

    def matches(self, text: str) -> list[Match]:
        """All matches, left to right, none overlapping."""
        if self.search is not None and "\0" not in text:
            return [Match(found.start(), found.end(), list(found.groups())) for found in self.search.finditer(text)]
        return self.scan(text)

    def run(self, text: str) -> Run:
        if self.program is None:
            self.program = Program(self.tree)
        return Run(self.program, text)

    def scan(self, text: str) -> list[Match]:
        """``matches`` with the exact matcher. After an empty match, first one at the same place that is not empty is
        tried; as long as only that has happened, ``^`` matches at such a place too (Nix quirk: the iterator of the C++
        library does so)."""
        run = self.run(text)
        again = self.run(text)
        size = len(text)
        result: list[Match] = []
        anchor = 0
        spans = find_from(run, 0, anchor, size)
        while spans is not None:
            at = spans[1]
            result.append(Match(spans[0], at, groups_of(text, spans)))
            if spans[0] == at:
                if at == size:
                    break
                spans = again.spans(at, False, at if anchor == 0 else -1, True)
                if spans is not None:
                    continue
                at += 1
            anchor = -1
            spans = find_from(run, at, anchor, size)
        return result


def find_from(run: Run, at: int, anchor: int, size: int) -> list[int] | None:
    """The first match at or after ``at``; ``^`` matches at ``anchor`` only."""
    while at <= size:
        spans = run.spans(at, False, anchor, False)
        if spans is not None:
            return spans
        at += 1
    return None


def groups_of(text: str, spans: list[int]) -> list[str | None]:
    """The texts of the groups."""
    groups: list[str | None] = []
    for number in range(2, len(spans), 2):
        start = spans[number]
        groups.append(None if start < 0 else text[start : spans[number + 1]])
    return groups


CACHE: Final[dict[str, Pattern]] = {}


def pattern(text: str) -> Pattern:
    """The compiled pattern of a text; raises PatternError. Kept for the life of the process, as Nix does."""
    found = CACHE.get(text)
    if found is None:
        found = Pattern(text)
        CACHE[text] = found
    return found
