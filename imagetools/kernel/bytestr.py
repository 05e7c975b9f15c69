"""Byte strings as ``str``: every code point is one byte (latin-1).

Nix strings are bytes without an encoding, and so are names in a NAR, environment values and .drv texts. Carried as ``str`` of
code points 0-255 their length, slicing and order are exactly Nix's, and Python's fast text functions work on them. This module is
the only place where the two worlds meet; it refuses to guess an encoding, except in ``display``, which is for eyes only.
"""

from .errors import ImagetoolsError


class NotBytesError(ImagetoolsError):
    """A text holds a code point above 255: somebody decoded it as UTF-8 instead of carrying its bytes.

    ``text`` is the text, ``index`` the position of the first such code point.
    """

    fault = "ours"

    def __init__(self, text: str, index: int) -> None:
        super().__init__(f"the text {text!r} is not a byte string: character {index} is U+{ord(text[index]):04X}")
        self.text = text
        self.index = index


def to_bytes(text: str) -> bytes:
    """The bytes that ``text`` stands for. Raises NotBytesError for a code point above 255."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise NotBytesError(text, error.start) from None


def to_str(data: bytes) -> str:
    """``data`` as one code point per byte; the inverse of ``to_bytes``."""
    return data.decode("latin-1")


def from_unicode(text: str) -> str:
    """The UTF-8 bytes of real text (a file name from the command line, a message) as a byte string.

    Lone surrogates of Python's file system encoding become the bytes that they stand for.
    """
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def display(text: str) -> str:
    """``text`` for people: its bytes read as UTF-8, U+FFFD where they are not; control characters stay."""
    if text.isascii():
        return text
    return text.encode("latin-1", "replace").decode("utf-8", "replace")
