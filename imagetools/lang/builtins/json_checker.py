"""The lexer of the slow JSON parser: it says what is wrong with a text in the words, and at the line and column, that Nix
says it.

Nix's JSON comes from the nlohmann library, whose messages people know; the counting of columns (bytes read so far in this
line, the end of input being one) and the "last read" text (since the last string or number began) are that library's. It
makes no values.
"""

import re
from typing import Final

from imagetools.kernel.bytestr import to_str
from imagetools.kernel.errors import ImagetoolsError

NUMBER: Final = re.compile("-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
PLAIN: Final = re.compile('[^"\\\\\x00-\x1f\x7f-\xff]+')
LITERALS: Final = {"t": "true", "f": "false", "n": "null"}
ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
CONTROL: Final = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"
)
SHORT: Final = {8: "b", 9: "t", 10: "n", 12: "f", 13: "r"}
QUOTED: Final = "{}[]:,"


class JsonError(ImagetoolsError):
    """The text is no JSON that Nix takes."""


class Checker:
    """Gives one token after the other. ``string`` is the content of the last string (bytestr) or the text of the last
    number."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.token_start = 0
        self.string = ""
        self.where = "value"
        self.wanted = ""
        self.past_end = False

    def token(self, where: str = "value", wanted: str = "") -> str:
        """The next token: a sign as it is, "string literal", "number literal", "true literal", ..., "end of input". An
        error says what was being read (``where``) and the one token that could have come (``wanted``, empty where several
        could)."""
        self.where = where
        self.wanted = wanted
        text = self.text
        if self.at == 0 and text.startswith("\xef"):
            self.skip_mark()
        while self.at < len(text) and text[self.at] in " \t\n\r":
            self.at += 1
        if self.at >= len(text) or text[self.at] == "\0":
            self.past_end = True
            return "end of input"
        c = text[self.at]
        if c in QUOTED:
            self.at += 1
            return c
        if c in LITERALS:
            word = LITERALS[c]
            for expected in word:
                self.step(expected, "invalid literal")
            return word + " literal"
        if c == '"':
            self.token_start = self.at
            self.at += 1
            self.read_string()
            return "string literal"
        if c == "-" or c in "0123456789":
            self.token_start = self.at
            self.read_number()
            return "number literal"
        self.at += 1
        raise self.invalid("invalid literal")

    def skip_mark(self) -> None:
        """Over a byte order mark."""
        self.at = 1
        self.step("\xbb", "invalid BOM; must be 0xEF 0xBB 0xBF if given")
        self.step("\xbf", "invalid BOM; must be 0xEF 0xBB 0xBF if given")

    def step(self, expected: str, problem: str) -> None:
        """Over one character that must be one of ``expected``."""
        c = self.text[self.at : self.at + 1]
        if c == "":
            self.past_end = True
            raise self.invalid(problem)
        self.at += 1
        if c not in expected:
            raise self.invalid(problem)

    def read_number(self) -> None:
        found = NUMBER.match(self.text, self.at)
        if found is None:
            self.at += 1
            self.step("0123456789", "invalid number; expected digit after '-'")
            return
        self.string = found.group()
        self.at = found.end()
        following = self.text[self.at : self.at + 1]
        if following == "." and not any(c in self.string for c in ".eE"):
            self.at += 1
            self.step("0123456789", "invalid number; expected digit after '.'")
        elif following and following in "eE" and not any(c in self.string for c in "eE"):
            self.at += 1
            if self.text[self.at : self.at + 1] and self.text[self.at] in "+-":
                self.at += 1
                self.step("0123456789", "invalid number; expected digit after exponent sign")
            self.step("0123456789", "invalid number; expected '+', '-', or digit after exponent")

    def read_string(self) -> None:
        parts: list[str] = []
        while True:
            run = PLAIN.match(self.text, self.at)
            if run is not None:
                parts.append(run.group())
                self.at = run.end()
            c = self.text[self.at : self.at + 1]
            if c == "":
                self.past_end = True
                raise self.invalid("invalid string: missing closing quote")
            self.at += 1
            if c == '"':
                self.string = "".join(parts)
                return
            if c == "\\":
                parts.append(self.escape())
            elif c < " ":
                raise self.invalid(control_problem(ord(c)))
            else:
                parts.append(self.utf8(c))

    def escape(self) -> str:
        c = self.text[self.at : self.at + 1]
        if c == "":
            self.past_end = True
            raise self.invalid("invalid string: forbidden character after backslash")
        self.at += 1
        if c in ESCAPES:
            return ESCAPES[c]
        if c != "u":
            raise self.invalid("invalid string: forbidden character after backslash")
        code = self.four_digits()
        if 0xD800 <= code <= 0xDBFF:
            alone = "invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF"
            self.step("\\", alone)
            self.step("u", alone)
            low = self.four_digits()
            if not 0xDC00 <= low <= 0xDFFF:
                raise self.invalid(alone)
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        elif 0xDC00 <= code <= 0xDFFF:
            raise self.invalid("invalid string: surrogate U+DC00..U+DFFF must follow U+D800..U+DBFF")
        return to_str(chr(code).encode("utf-8"))

    def four_digits(self) -> int:
        start = self.at
        for _ in range(4):
            self.step("0123456789abcdefABCDEF", "invalid string: '\\u' must be followed by 4 hex digits")
        return int(self.text[start : self.at], 16)

    def utf8(self, first: str) -> str:
        """One character of more bytes; ``first`` has been read."""
        ranges = utf8_ranges(ord(first))
        problem = "invalid string: ill-formed UTF-8 byte"
        if ranges is None:
            raise self.invalid(problem)
        start = self.at - 1
        for low, high in ranges:
            c = self.text[self.at : self.at + 1]
            if c == "":
                self.past_end = True
                raise self.invalid(problem)
            self.at += 1
            if not low <= ord(c) <= high:
                raise self.invalid(problem)
        return self.text[start : self.at]

    def expect(self, wanted: str, where: str) -> None:
        """Over the next token, which must be ``wanted``."""
        self.check(self.token(where, wanted), wanted, where)

    def check(self, token: str, wanted: str, where: str) -> None:
        """Refuse any other token than ``wanted``."""
        if token != wanted:
            raise self.unexpected(token, wanted, where)

    def unexpected(self, token: str, wanted: str, where: str) -> JsonError:
        return self.error(f"syntax error while parsing {where} - unexpected {shown(token)}; expected {shown(wanted)}")

    def invalid(self, problem: str) -> JsonError:
        """What was read is no token."""
        read: list[str] = []
        for c in self.text[self.token_start : self.at]:
            read.append(f"<U+{ord(c):04X}>" if c < " " else c)
        expected = f"; expected {shown(self.wanted)}" if self.wanted else ""
        return self.error(f"syntax error while parsing {self.where} - {problem}; last read: '{''.join(read)}'{expected}")

    def error(self, sentence: str) -> JsonError:
        before = self.text[: self.at]
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + (1 if self.past_end else 0)
        return JsonError(f"[json.exception.parse_error.101] parse error at line {line}, column {column}: {sentence}")


def shown(token: str) -> str:
    return f"'{token}'" if token in QUOTED else token


def control_problem(code: int) -> str:
    """What the message says of a bare control character in a string."""
    escapes = f"\\u{code:04X}" + (f" or \\{SHORT[code]}" if code in SHORT else "")
    return f"invalid string: control character U+{code:04X} ({CONTROL.split()[code]}) must be escaped to {escapes}"


def utf8_ranges(first: int) -> list[tuple[int, int]] | None:
    """What may follow the first byte of a character; None where nothing begins with it. A plain 0x7F is followed by
    nothing."""
    if first == 0x7F:
        return []
    if 0xC2 <= first <= 0xDF:
        return [(0x80, 0xBF)]
    if 0xE0 <= first <= 0xEF:
        low = 0xA0 if first == 0xE0 else 0x80
        high = 0x9F if first == 0xED else 0xBF
        return [(low, high), (0x80, 0xBF)]
    if 0xF0 <= first <= 0xF4:
        low = 0x90 if first == 0xF0 else 0x80
        high = 0x8F if first == 0xF4 else 0xBF
        return [(low, high), (0x80, 0xBF), (0x80, 0xBF)]
    return None
