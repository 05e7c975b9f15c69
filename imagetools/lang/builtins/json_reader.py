"""From JSON text to values.

The quick way is Python's own parser, which is given the bytes as they are; whatever it refuses goes to ``json_checker``,
which is slow, knows exactly what Nix refuses and says so in Nix's words. Nix quirks: of equal names the last wins; a whole
number that does not fit 64 bits becomes a float, but one between 2^63 and 2^64 is an error; a string with a NUL is an
error.
"""

import json
import math
import re
from typing import Final, cast

from imagetools.kernel.bytestr import to_bytes, to_str
from imagetools.lang.builtins.json_checker import Checker, JsonError
from imagetools.lang.runtime.machine import INT_MAX, INT_MIN
from imagetools.lang.values.model import STACK, Attrs

DEEP: Final = 1000
SIGNS: Final = re.compile('[\\[\\]{}]|"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"', re.DOTALL)
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
    if too_deep(text):
        return Parser(text).parse()
    try:
        if "\\u" in text:
            return recoded(BYTES.decode(to_bytes(text).decode("utf-8")))
        if not text.isascii():
            to_bytes(text).decode("utf-8")
        return cast(object, BYTES.decode(text))
    except (JsonError, ValueError, RecursionError):
        return Parser(text).parse()  # which knows what is wrong first


def too_deep(text: str) -> bool:
    """Whether Python's parser, which recurses through C, must not see a text."""
    if text.count("[") + text.count("{") <= DEEP:
        return False
    depth = 0
    for found in SIGNS.finditer(text):
        sign = found.group()
        if sign in ("[", "{"):
            depth += 1
            if depth > DEEP:
                return True
        elif sign in ("]", "}"):
            depth -= 1
    return False


def recoded(value: object) -> object:
    """A parsed value whose strings are Unicode, with strings of bytes."""
    if type(value) is str:
        return text_of(value)
    if type(value) is list:
        STACK.enter()
        items: list[object] = []
        for item in cast(list[object], value):
            items.append(recoded(item))
        STACK.depth -= 1
        return items
    if type(value) is Attrs:
        STACK.enter()
        d: dict[str, object] = {}
        for name, item in value.d.items():
            d[text_of(name)] = recoded(item)
        STACK.depth -= 1
        return Attrs(d)
    return value


def text_of(text: str) -> str:
    if "\0" in text:
        raise NulInString(to_str(text.encode("utf-8")))
    return text if text.isascii() else to_str(text.encode("utf-8"))


class Opened:
    """A set or list that is being read; ``name`` waits for its value."""

    def __init__(self, is_set: bool) -> None:
        self.is_set = is_set
        self.items: list[object] = []
        self.d: dict[str, object] = {}
        self.name = ""

    def add(self, value: object) -> None:
        if self.is_set:
            self.d[self.name] = value
        else:
            self.items.append(value)

    def value(self) -> object:
        return Attrs(self.d) if self.is_set else self.items


class Parser:
    """The slow way, without recursion: texts nested deeper than Python's parser goes, and all errors."""

    def __init__(self, text: str) -> None:
        self.lexer = Checker(text)

    def parse(self) -> object:
        lexer = self.lexer
        opened: list[Opened] = []
        token = lexer.token()
        while True:
            value: object
            if token == "[":
                token = lexer.token()
                if token != "]":
                    opened.append(Opened(False))
                    continue
                value = []
            elif token == "{":
                token = lexer.token("object key", "string literal")
                if token != "}":
                    opened.append(Opened(True))
                    token = self.after_name(opened[-1], token)
                    continue
                value = Attrs({})
            else:
                value = self.scalar(token)
            while True:
                if not opened:
                    lexer.expect("end of input", "value")
                    return value
                top = opened[-1]
                where = "object" if top.is_set else "array"
                end = "}" if top.is_set else "]"
                top.add(value)
                token = lexer.token(where, end)
                if token == ",":
                    token = self.after_name(top, lexer.token("object key", "string literal")) if top.is_set else lexer.token()
                    break
                lexer.check(token, end, where)
                value = top.value()
                opened.pop()

    def after_name(self, top: "Opened", token: str) -> str:
        """Take the name of an attribute; the token after its colon."""
        self.lexer.check(token, "string literal", "object key")
        top.name = self.text()
        self.lexer.expect(":", "object separator")
        return self.lexer.token()

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
