"""Which hunks of each file to keep: ``1,3-5,8-``, counted from 1."""

import re
from dataclasses import dataclass

from imagetools.builtin.api import BuiltinError
from imagetools.kernel.bytestr import display

from .dialect import Dialect

_NUMBER = r"[ \t]*\+?(0[xX][0-9a-fA-F]+|\d+)"
_ITEM = re.compile(rf"(?:{_NUMBER})?(?:(-)(?:{_NUMBER})?)?\Z")


class HunkRangeError(BuiltinError):
    """``hunks`` says nothing that can be understood; ``text`` is all of it."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(
            f"the attribute 'hunks' is not understood: '{display(text)}' ({why})",
            'give numbers and ranges, counted from 1 in each file, such as [ 1 "3-5" "8-" ]',
        )
        self.text = text


@dataclass(frozen=True)
class HunkRanges:
    """Ranges with both ends, the second None where there is no end; ``inverted`` means all others."""

    ranges: tuple[tuple[int, int | None], ...]
    inverted: bool = False

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        return self.inverted != any(low <= number and (high is None or number <= high) for low, high in self.ranges)


def parse_hunk_ranges(text: str, dialect: Dialect) -> HunkRanges:
    """Raises HunkRangeError."""
    inverted = text.startswith("x")
    if inverted and not dialect.inverts_hunk_ranges:
        raise HunkRangeError(text, f"a leading x came after patchutils {dialect.release}; fetchpatch2 knows it")
    ranges = []
    for item in text[inverted:].split(","):
        found = _ITEM.match(item)
        if found is None or not item:
            raise HunkRangeError(text, f"'{display(item)}' is no range" if item else "a number is missing")
        low, dash, high = found.groups()
        first = _number(low) if low else 0
        last = None if dash and not high else _number(high) if dash else first
        if last is not None and last < first:
            raise HunkRangeError(text, f"'{item}' ends before it begins")
        ranges.append((first, last))
    return HunkRanges(tuple(ranges), inverted)


def _number(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text, 16)
    return int(text)
