"""What the terminal can do: colours only on one, and only where nobody has switched them off (NO_COLOR, TERM=dumb)."""

from collections.abc import Mapping
from typing import TextIO


def is_live(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether lines can be redrawn on ``stream``."""
    return stream.isatty() and environment.get("TERM", "") not in {"", "dumb"}


def has_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to colour what goes to ``stream`` (https://no-color.org)."""
    return is_live(stream, environment) and not environment.get("NO_COLOR")


def clean(text: str) -> str:
    """Text of a builder or a definition without what would move the cursor or change the terminal."""
    return "".join(c if c in "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def human_size(count: float) -> str:
    """Bytes for people: ``12.3 MiB``."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
