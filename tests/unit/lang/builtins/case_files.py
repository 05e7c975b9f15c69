"""The tables in ``cases/``: expressions and what they are worth.

One case is an expression on one line, then ``= value`` (as ``nix-instantiate --eval --strict`` prints it) or ``! message``, and,
where Nix 2.8 says something else, ``~ = value`` or ``~ ! message`` (``~ ?``: 2.8 does not have it). Cases are separated by an
empty line. The unit tests hold imagetools to them, the oracle tests hold the tables to real Nix 2.8.
"""

from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent / "cases"


class Case(NamedTuple):
    """``expected`` and ``nix28`` begin with "= " or "! "; ``nix28`` is "?" where there is nothing to compare."""

    expression: str
    expected: str
    nix28: str


def topics(folder: Path = FOLDER) -> list[str]:
    """The names of the tables."""
    return sorted(path.stem for path in folder.glob("*.txt"))


def cases(topic: str, folder: Path = FOLDER) -> list[Case]:
    """The cases of a table."""
    found = []
    for block in (folder / f"{topic}.txt").read_text("utf-8").rstrip("\n").split("\n\n"):
        expression, expected, *rest = block.split("\n")
        assert expected[:2] in ("= ", "! ", "!"), block
        assert len(rest) <= 1, block
        found.append(Case(expression, expected, rest[0].removeprefix("~ ") if rest else expected))
    return found
