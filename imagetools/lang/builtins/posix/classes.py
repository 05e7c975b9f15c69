"""Sets of bytes for bracket expressions, in the "C" locale.

A set is an int of 256 bits, bit n for byte n: union, complement and "have these anything in common" are one operation
each. It is never a table of Unicode properties: Nix's strings are bytes, and only ASCII has classes.

Nix quirk: comparison of range ends is that of *signed* bytes (``[a-é]`` is an invalid range), because C++'s ``char`` is
signed.
"""

from typing import Final

ALL: Final[int] = (1 << 256) - 1
NOT_NUL: Final[int] = ALL ^ 1


def of_text(chars: str) -> int:
    """The set of the characters of a text."""
    mask = 0
    for c in chars:
        mask |= 1 << ord(c)
    return mask


def between(low: int, high: int) -> int:
    """The set of the bytes ``low`` to ``high``, both included, as unsigned numbers."""
    if high < low:
        return 0
    return ((1 << (high + 1)) - 1) & ~((1 << low) - 1)


def signed_range(low: str, high: str) -> int | None:
    """``low-high`` in a bracket; None when the range is upside down."""
    first = ord(low)
    last = ord(high)
    signed_first = first - 256 if first > 127 else first
    signed_last = last - 256 if last > 127 else last
    if signed_first > signed_last:
        return None
    if signed_first < 0 <= signed_last:
        return between(first, 255) | between(0, last)
    return between(first, last)


UPPER: Final[int] = between(65, 90)
LOWER: Final[int] = between(97, 122)
DIGIT: Final[int] = between(48, 57)
ALPHA: Final[int] = UPPER | LOWER
ALNUM: Final[int] = ALPHA | DIGIT
SPACE: Final[int] = of_text(" \t\n\r\x0b\x0c")
GRAPH: Final[int] = between(33, 126)

CLASSES: Final[dict[str, int]] = {
    "d": DIGIT,
    "w": ALNUM | of_text("_"),
    "s": SPACE,
    "alnum": ALNUM,
    "alpha": ALPHA,
    "blank": of_text(" \t"),
    "cntrl": between(0, 31) | (1 << 127),
    "digit": DIGIT,
    "graph": GRAPH,
    "lower": LOWER,
    "print": between(32, 126),
    "punct": GRAPH & ~ALNUM,
    "space": SPACE,
    "upper": UPPER,
    "xdigit": DIGIT | of_text("abcdefABCDEF"),
}

# The names that "[[.name.]]" and "[[=name=]]" know, in the order of ASCII; letters are their own names.
_CONTROL: Final[str] = (
    "NUL SOH STX ETX EOT ENQ ACK alert backspace tab newline vertical-tab form-feed carriage-return SO SI "
    "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC IS4 IS3 IS2 IS1"
)
_SIGNS: Final[str] = (
    "space exclamation-mark quotation-mark number-sign dollar-sign percent-sign ampersand apostrophe left-parenthesis "
    "right-parenthesis asterisk plus-sign comma hyphen period slash zero one two three four five six seven eight nine colon "
    "semicolon less-than-sign equals-sign greater-than-sign question-mark commercial-at"
)
_LATER_SIGNS: Final[str] = "left-square-bracket backslash right-square-bracket circumflex underscore grave-accent"
_LAST_SIGNS: Final[str] = "left-curly-bracket vertical-line right-curly-bracket tilde DEL"


def _names() -> dict[str, str]:
    ordered = [*_CONTROL.split(), *_SIGNS.split()]
    ordered += [chr(n) for n in range(65, 91)]
    ordered += _LATER_SIGNS.split()
    ordered += [chr(n) for n in range(97, 123)]
    ordered += _LAST_SIGNS.split()
    table: dict[str, str] = {}
    for number, name in enumerate(ordered):
        table[name] = chr(number)
    return table


COLLATING: Final[dict[str, str]] = _names()


def equivalence(char: str) -> int:
    """``[[=x=]]``: both cases of a letter (Nix quirk, from the C++ library), else the character itself."""
    return of_text(char.lower() + char.upper()) if char.isascii() else of_text(char)
