"""Numbers in a file: 64-bit integers and doubles, refused where Nix refuses them.

Nix quirk: Nix asks C for ``errno``, so a float that is too large, or so small that it cannot be held exactly, is an error and
not an infinity or zero.
"""

from typing import Final

INT_MAX: Final = 9223372036854775807
_SMALLEST_NORMAL: Final = 2.2250738585072014e-308


def int_value(text: str) -> int | None:
    """The value of a run of digits; None if it does not fit into 64 bits (row 5.008)."""
    digits = text.lstrip("0")
    if len(digits) > 19:
        return None
    value = int(digits or "0")
    return value if value <= INT_MAX else None


def float_value(text: str) -> float | None:
    """The value of a float literal; None where it over- or underflows."""
    value = float(text)
    if value < _SMALLEST_NORMAL and not _is_exact(text, value):
        return None
    return value if value <= 1.7976931348623157e308 else None


def _is_exact(text: str, value: float) -> bool:
    """Whether ``value``, zero or below the normal doubles, is precisely what ``text`` says."""
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = int((whole + fraction) or "0")
    if digits == 0 or value == 0.0:
        return digits == 0
    scale = int(exponent or "0") - len(fraction)
    top, bottom = value.as_integer_ratio()
    up, down = int("1" + "0" * max(scale, 0)), int("1" + "0" * max(-scale, 0))
    return digits * up * bottom == top * down
