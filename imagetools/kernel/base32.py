"""Nix's base 32: its own alphabet (no e, o, u, t) and its own order.

Nix quirk: the digest is one little-endian number, written with the most significant digit first; the last bytes of the digest
therefore come first in the text. No RFC 4648 codec does that, so this one is written here. It knows nothing of hashes.
"""

import re
from typing import Final

from .errors import ImagetoolsError

ALPHABET: Final = "0123456789abcdfghijklmnpqrsvwxyz"

_PAIRS: Final[list[str]] = [high + low for high in ALPHABET for low in ALPHABET]
_TO_PYTHON: Final = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_INVALID: Final = f"[^{ALPHABET}]"


class Base32Error(ImagetoolsError):
    """``text`` is not base 32 in Nix's form; ``reason`` says why."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"invalid base-32 text '{text}': {reason}")
        self.text = text
        self.reason = reason


def encoded_length(size: int) -> int:
    """Number of characters for ``size`` bytes."""
    return (size * 8 + 4) // 5


def encode(data: bytes) -> str:
    """``data`` in Nix's base 32: 20 bytes give 32 characters, 32 bytes give 52."""
    size = len(data)
    digits = bytes(-size % 5) + data[::-1]
    pairs = _PAIRS
    parts: list[str] = []
    for i in range(0, len(digits), 5):  # 40 bits, 8 characters: small numbers are fast ones
        high = digits[i] << 12 | digits[i + 1] << 4 | digits[i + 2] >> 4
        low = (digits[i + 2] & 15) << 16 | digits[i + 3] << 8 | digits[i + 4]
        parts.append(pairs[high >> 10])
        parts.append(pairs[high & 1023])
        parts.append(pairs[low >> 10])
        parts.append(pairs[low & 1023])
    return "".join(parts)[-encoded_length(size) :] if size else ""


def decode(text: str) -> bytes:
    """The bytes of a base-32 text.

    Raises Base32Error for a foreign character, for a length that no number of bytes has, and for unused bits that are set.
    """
    if not text:
        return b""
    bad = re.search(_INVALID, text)
    if bad is not None:
        raise Base32Error(text, f"character '{bad.group()}' is not in Nix's alphabet")
    size = len(text) * 5 // 8
    if encoded_length(size) != len(text):
        raise Base32Error(text, f"no number of bytes has {len(text)} characters")
    number = int(text.translate(_TO_PYTHON), 32)
    if number >> (size * 8):
        raise Base32Error(text, "its first character has bits beyond the last byte")
    return number.to_bytes(size, "little")
