"""What the terminal can do: colours only on one, and only where nobody has switched them off (NO_COLOR, TERM=dumb)."""

import sys
from collections.abc import Mapping
from typing import Final, TextIO

from imagetools.kernel.bytestr import to_bytes

_ESCAPES: Final = (
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor (ECMA-48 control sequences)
    r"|\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links (control strings)
    r"|\x1b[ -/]*[0-~]"
)
_COLOUR: Final = r"\x1b\[[0-9;]*m"


def is_live(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether lines can be redrawn on ``stream``."""
    return stream.isatty() and environment.get("TERM", "") not in {"", "dumb"}


def has_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to colour what goes to ``stream`` (https://no-color.org)."""
    return is_live(stream, environment) and not environment.get("NO_COLOR")


def clean(text: str) -> str:
    """One line of a builder or a definition without what would move the cursor, change the terminal or colour it."""
    if text.isprintable():
        return text
    return "".join(c if c in "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in _without_escapes(text))


def shown(text: str, *, colour: bool) -> str:
    """What an evaluation says, as Nix shows it: colours stay where there are any, all else that would steer the terminal goes."""
    if "\x1b" not in text and "\r" not in text and "\a" not in text:
        return text
    import re

    coloured = re.compile(_COLOUR)
    kept = re.sub(_ESCAPES, lambda match: match[0] if colour and coloured.fullmatch(match[0]) else "", text)
    return kept.replace("\r", "").replace("\a", "")


def _without_escapes(text: str) -> str:
    if "\x1b" not in text:
        return text
    import re

    return re.sub(_ESCAPES, "", text)


def say(text: str) -> None:
    """A line for the person, on standard error, as bytes of the definition."""
    sys.stdout.flush()
    sys.stderr.buffer.write(to_bytes(shown(text, colour=sys.stderr.isatty())) + b"\n")
    sys.stderr.buffer.flush()


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """What a command says, at once, on standard output or error; colours only on a terminal."""
    stream = sys.stderr if err else sys.stdout
    stream.write((text if stream.isatty() else _without_escapes(text)) + ("\n" if nl else ""))
    stream.flush()
