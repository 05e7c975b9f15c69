"""From JSON text to values.

The quick way is Python's own parser, which is given the bytes as they are; whatever it refuses goes to ``json_checker``,
which is slow, knows exactly what Nix refuses and says so in Nix's words. Nix quirks: of equal names the last wins; a whole
number that does not fit 64 bits becomes a float, but one between 2^63 and 2^64 is an error; a string with a NUL is an
error.
"""

import json
import math
from typing import Final, cast

from imagetools.kernel.bytestr import to_bytes, to_str
from imagetools.lang.builtins.json_checker import Checker, JsonError
from imagetools.lang.runtime.machine import INT_MAX, INT_MIN
from imagetools.lang.values.model import Attrs

UINT_MAX: Final = 18446744073709551615


class UnsignedOutOfRange(JsonError):
    """A whole number that fits 64 bits only without a sign."""

    def __init__(self, number: str) -> None:
        super().__init__(f"unsigned json number {number} outside of Nix integer range")


class NulInString(JsonError):
    """A string has a NUL, which Nix strings cannot have."""

    def __init__(self, text: str) -> None:
        shown = text.replace("\0", to_str("␀".encode()))
        super().__init__(f"input string '{shown}' cannot be represented as Nix string because it contains null bytes")


def whole(text: str) -> int | float:
    """A number without fraction and exponent."""
    if len(text) <= 18:
        return int(text)
    if len(text) > 21:
        return real(text)
    number = int(text)
    if INT_MIN <= number <= INT_MAX:
        return number
    if INT_MAX < number <= UINT_MAX:
        raise UnsignedOutOfRange(text)
    return float(number)


def real(text: str) -> float:
    """A number with a fraction or an exponent."""
    number = float(text)
    if math.isinf(number):
        raise JsonError(f"[json.exception.out_of_range.406] number overflow parsing '{text}'")
    return number


def refused(text: str) -> object:
    """Python's parser takes NaN and Infinity, which are no JSON."""
    raise ValueError(text)


BYTES: Final = json.JSONDecoder(object_hook=Attrs, parse_float=real, parse_int=whole, parse_constant=refused)


def parse(text: str) -> object:
    """The value of a JSON text (bytestr). Raises JsonError."""
    try:
        if "\\u" in text:
            return recoded(BYTES.decode(to_bytes(text).decode("utf-8")))
        if not text.isascii():
            to_bytes(text).decode("utf-8")
        return cast(object, BYTES.decode(text))
    except (ValueError, RecursionError):
        return Parser(text).parse()


def recoded(value: object) -> object:
    """A parsed value whose strings are Unicode, with strings of bytes."""
    if type(value) is str:
        return text_of(value)
    if type(value) is list:
        items: list[object] = []
        for item in cast(list[object], value):
            items.append(recoded(item))
        return items
    if type(value) is Attrs:
        d: dict[str, object] = {}
        for name, item in value.d.items():
            d[text_of(name)] = recoded(item)
        return Attrs(d)
    return value


def text_of(text: str) -> str:
    if "\0" in text:
        raise NulInString(to_str(text.encode("utf-8")))
    return text if text.isascii() else to_str(text.encode("utf-8"))


class Parser:
    """The slow way, without recursion: texts nested deeper than Python's parser goes, and all errors."""

    def __init__(self, text: str) -> None:
        self.lexer = Checker(text)

    def parse(self) -> object:
        lexer = self.lexer
        lists: list[list[object]] = []  # open lists and, for open sets, [the set's dict, the name that waits]
        token = lexer.token()
        while True:
            value: object = None
            if token in ("{", "["):
                opened: list[object] = [] if token == "[" else [{}, ""]
                following = lexer.token()
                if token == "[" and following != "]":
                    lists.append([opened])
                    token = following
                    continue
                if token == "{" and following != "}":
                    opened[1] = self.name(following)
                    lists.append(opened)
                    token = lexer.token()
                    continue
                value = Attrs({}) if token == "{" else opened
            else:
                value = self.scalar(token)
            while True:
                if not lists:
                    lexer.expect(lexer.token(), "end of input", "value")
                    return value
                top = lists[-1]
                token = lexer.token()
                if len(top) == 1:
                    cast(list[object], top[0]).append(value)
                    if token == ",":
                        token = lexer.token()
                        break
                    lexer.expect(token, "]", "array")
                    value = top[0]
                else:
                    d = cast(dict[str, object], top[0])
                    d[cast(str, top[1])] = value
                    if token == ",":
                        top[1] = self.name(lexer.token())
                        token = lexer.token()
                        break
                    lexer.expect(token, "}", "object")
                    value = Attrs(d)
                lists.pop()

    def name(self, token: str) -> str:
        """The name of an attribute, and over its colon."""
        lexer = self.lexer
        lexer.expect(token, "string literal", "object key")
        name = self.text()
        lexer.expect(lexer.token(), ":", "object separator")
        return name

    def text(self) -> str:
        text = self.lexer.string
        if "\0" in text:
            raise NulInString(text)
        return text

    def scalar(self, token: str) -> object:
        if token == "string literal":
            return self.text()
        if token == "number literal":
            number = self.lexer.string
            return real(number) if "." in number or "e" in number or "E" in number else whole(number)
        if token == "true literal":
            return True
        if token == "false literal":
            return False
        if token == "null literal":
            return None
        raise self.lexer.unexpected(token, "'[', '{', or a literal", "value")
