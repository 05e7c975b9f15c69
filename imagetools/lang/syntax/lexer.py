"""Text to tokens, the whole file at once.

One regular expression matches white space, comments and the next token outside of strings; its character classes are
possessive, so it does not backtrack over what it has taken. (Groups are not: Python 3.11 gets possessive groups wrong.)
Strings and paths with interpolation, and strings with escapes, are taken apart by smaller ones.

The source is a byte string (latin-1), so offsets are byte offsets. The lexer does not raise: what it cannot read becomes a
FAILURE token, because an error of syntax before it has to be reported first.

Nix quirks: the longest match wins, so ``x:y`` is a URI, ``a/b`` and ``1-2/3`` are paths; ``./a//b`` is ``./a/`` followed by
the part ``/b``, which the grammar refuses; a NUL outside of strings ends the file.
"""

import re
from typing import Final, cast

from imagetools.lang.syntax import tokens as k
from imagetools.lang.syntax.errors import SyntaxFailure
from imagetools.lang.syntax.numbers import float_value, int_value
from imagetools.lang.syntax.strings import strip_whole, unescape

_PATH_CHAR: Final = r"[a-zA-Z0-9._+\-]"
_URI_CHAR: Final = r"[a-zA-Z0-9%/?:@&=+$,\-_.!~*']"

# What group number stands for what; the numbers are the groups of _TOKEN in order.
_NAME: Final = 1
_SIGN: Final = 2
_STRING: Final = 3
_OPEN: Final = 4
_CLOSE: Final = 5
_INDENTED: Final = 6
_WHOLE_INT: Final = 7
_URI: Final = 8
_PATH: Final = 9
_PATH_START: Final = 10
_SLOW_NAME: Final = 11
_FLOAT: Final = 12
_INT: Final = 13
_HOME: Final = 14
_HOME_START: Final = 15
_SEARCH: Final = 16
_PIPE: Final = 17
_PATH_LIKE_SIGN: Final = 18
_INTERPOLATION: Final = 19
_QUOTE: Final = 20
_INDENTED_QUOTE: Final = 21
_OTHER: Final = 22

_TOKEN: Final = re.compile(
    r"(?:[ \t\r\n]++|#[^\r\n]*+|/\*(?:[^*]++|\*++[^*/])*\*++/)*(?:"
    r"([a-zA-Z_][a-zA-Z0-9_'\-]*+)(?![:+./])"
    r"|([;()\[\],:@?*]|==?|!=?|>=?|&&|\|\|)"
    r'|"((?:[^"$\\\r\0]++|\$[^{"$\\\r\0])*)"'
    r"|(\{)"
    r"|(\})"
    r"|(''(?:[^$'\0]++|\$[^{'\0]|'[^'$\0])*'')(?!['$\\])"
    r"|([0-9]++)(?![a-zA-Z0-9._+\-/])"
    rf"|([a-zA-Z][a-zA-Z0-9+\-.]*+:{_URI_CHAR}++)"
    rf"|({_PATH_CHAR}*+(?:/{_PATH_CHAR}++)+/?)"
    rf"|({_PATH_CHAR}*+/)(?=\$\{{)"
    r"|([a-zA-Z_][a-zA-Z0-9_'\-]*+)"
    r"|((?:[1-9][0-9]*+\.[0-9]*+|0?\.[0-9]++)(?:[Ee][+\-]?[0-9]++)?)"
    r"|([0-9]++)"
    rf"|(~(?:/{_PATH_CHAR}++)+/?)"
    r"|(~/)(?=\$\{)"
    rf"|<({_PATH_CHAR}++(?:/{_PATH_CHAR}++)*)>"
    r"|(<\||\|>)"
    r"|(\.\.\.|->|//|\+\+|<=|[.+\-/<])"
    r"|(\$\{)"
    r'|(")'
    r"|(''(?:[ ]*+\n)?)"
    r"|([^\0])"
    r"|)"  # nothing: the end, or a NUL
)
_STRING_RUN: Final = re.compile(r'(?:[^$"\\]++|\$[^{"\\]|\$\\[\s\S]|\\[\s\S])*(?:\$(?="))?')
_INDENTED_RUN: Final = re.compile(r"(?:[^$']++|\$[^{']|'[^'$])+")
_PATH_RUN: Final = re.compile(rf"{_PATH_CHAR}*+(?:/{_PATH_CHAR}++)+/?|{_PATH_CHAR}*+/|{_PATH_CHAR}++")

_IN_BRACES: Final = 0
_IN_STRING: Final = 1
_IN_INDENTED: Final = 2
_IN_PATH: Final = 3

PIPES: Final = "the pipe operator '%s' is an experimental feature of Nix that imagetools does not have"
_SYMBOL_FOR_NUL: Final = "\xe2\x90\x80"  # as a byte string
NUL: Final = "input string '%s' cannot be represented as Nix string because it contains null bytes"


class Lexer:
    """The tokens of one file: ``kinds``, ``values`` and ``positions`` have the same length and end with END or FAILURE."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.kinds: list[int] = []
        self.values: list[object] = []
        self.positions: list[int] = []
        self._modes: list[int] = []  # what each open brace will close

    def run(self) -> None:
        """Read the whole source."""
        at = 0
        try:
            while at >= 0:
                at = self._code(at)
        except SyntaxFailure as failure:
            self._add(k.FAILURE, failure, failure.pos)

    def _add(self, kind: int, value: object, pos: int) -> None:
        self.kinds.append(kind)
        self.values.append(value)
        self.positions.append(pos)

    def _end(self, pos: int) -> int:
        self._add(k.END, None, pos)
        return -1

    def _code(self, at: int) -> int:
        """Tokens from ``at`` until a string or path has to be read by other means; where to go on, or -1 at the end."""
        kinds, values, positions, modes = self.kinds, self.values, self.positions, self._modes
        keywords, signs = k.KEYWORDS, k.SIGNS
        for match in _TOKEN.finditer(self.source, at):
            group = match.lastindex
            if group is None:
                break
            text = match[group]
            if group == _NAME:
                kinds.append(keywords.get(text, k.ID))
            elif group == _SIGN:
                kinds.append(signs[text])
            elif group == _STRING:
                kinds.append(k.STRING)
                values.append(text)
                positions.append(match.start(group) - 1)
                continue
            elif group == _OPEN:
                kinds.append(k.LEFT_BRACE)
                modes.append(_IN_BRACES)
            elif group == _CLOSE:
                kinds.append(k.RIGHT_BRACE)
                mode = modes.pop() if modes else _IN_BRACES
                if mode != _IN_BRACES:
                    values.append(None)
                    positions.append(match.start(group))
                    return self._resume(mode, match.end())
            else:
                end = match.end()
                go_on = self._rare(group, text, match.start(group), end)
                if go_on != end:
                    return go_on
                continue
            values.append(text)
            positions.append(match.start(group))
        else:
            return self._end(len(self.source))
        end = match.end()
        return self._end(end + 1 if end < len(self.source) else end)

    def _resume(self, mode: int, at: int) -> int:
        """Go on behind the ``}`` of an interpolation."""
        if mode == _IN_STRING:
            return self._string(at)
        if mode == _IN_INDENTED:
            return self._indented(at)
        return self._path(at, False)

    def _rare(self, group: int, text: str, pos: int, end: int) -> int:
        """One of the less common tokens; where to go on: ``end``, unless more than the token was read."""
        go_on = end
        if group in (_PATH, _HOME):
            if text[-1] == "/" or self.source.startswith("${", end):
                self._add(k.PATH_OPEN if group == _PATH else k.HOME_OPEN, text, pos)
                go_on = self._path(end, text[-1] == "/")
            else:
                self._add(k.PATH if group == _PATH else k.HOME_PATH, text, pos)
        elif group in (_PATH_START, _HOME_START):
            self._add(k.PATH_OPEN if group == _PATH_START else k.HOME_OPEN, text, pos)
            go_on = self._path(end, True)
        elif group == _SLOW_NAME:
            self._add(k.KEYWORDS.get(text, k.ID), text, pos)
        elif group == _PATH_LIKE_SIGN:
            self._add(k.SIGNS[text], text, pos)
        elif group == _INDENTED:
            self._add(k.INDENTED, strip_whole(text), pos)
        elif group in (_WHOLE_INT, _INT):
            self._number(k.INT, int_value(text), text, pos)
        elif group == _FLOAT:
            self._number(k.FLOAT, float_value(text), text, pos)
        elif group == _INTERPOLATION:
            self._interpolation(_IN_BRACES, pos)
        elif group == _QUOTE:
            go_on = self._quoted(pos)
        elif group == _INDENTED_QUOTE:
            self._add(k.INDENTED_OPEN, None, pos)
            go_on = self._indented(end)
        elif group == _URI:
            self._add(k.URI, text, pos)
        elif group == _SEARCH:
            self._add(k.SEARCH_PATH, text, pos - 1)
        elif group == _PIPE:
            raise SyntaxFailure(PIPES % text, pos)
        else:
            self._add(k.INVALID, text, pos)
        return go_on

    def _number(self, kind: int, value: int | float | None, text: str, pos: int) -> None:
        if value is None:
            raise SyntaxFailure(f"invalid {'integer' if kind == k.INT else 'float'} '{text}'", pos)
        self._add(kind, value, pos)

    def _interpolation(self, mode: int, pos: int) -> int:
        """``${`` at ``pos``, whose ``}`` returns to ``mode``."""
        self._add(k.INTERPOLATION, None, pos)
        self._modes.append(mode)
        return pos + 2

    def _text(self, kind: int, text: str, pos: int) -> None:
        if "\0" in text:
            raise SyntaxFailure(NUL % text.replace("\0", _SYMBOL_FOR_NUL), pos)
        self._add(kind, text, pos)

    def _quoted(self, pos: int) -> int:
        """A ``"`` at ``pos`` that begins a string with escapes or interpolation."""
        match = cast(re.Match[str], _STRING_RUN.match(self.source, pos + 1))
        if self.source.startswith('"', match.end()):
            self._text(k.STRING, unescape(match[0]), pos)
            return match.end() + 1
        self._add(k.QUOTE, None, pos)
        return self._string(pos + 1)

    def _string(self, at: int) -> int:
        source = self.source
        match = cast(re.Match[str], _STRING_RUN.match(source, at))
        if match.end() > at:
            self._text(k.PART, unescape(match[0]), at)
            at = match.end()
        if source.startswith('"', at):
            self._add(k.QUOTE, None, at)
            return at + 1
        if source.startswith("${", at):
            return self._interpolation(_IN_STRING, at)
        return self._end(len(source))

    def _indented(self, at: int) -> int:
        source = self.source
        while True:
            match = _INDENTED_RUN.match(source, at)
            if match is not None:
                self._text(k.INDENTED_PART, match[0], at)
                at = match.end()
            sign = source[at : at + 3]
            if sign == "'''":
                self._add(k.INDENTED_ESCAPE, "''", at)
                at += 3
            elif sign == "''$":
                self._add(k.INDENTED_ESCAPE, "$", at)
                at += 3
            elif sign == "''\\" and at + 3 < len(source):
                self._text(k.INDENTED_ESCAPE, unescape(source[at + 2 : at + 4]), at)
                at += 4
            elif sign.startswith("''"):
                self._add(k.INDENTED_CLOSE, None, at)
                return at + 2
            elif sign.startswith("${"):
                return self._interpolation(_IN_INDENTED, at)
            elif sign:
                self._add(k.INDENTED_ESCAPE, sign[0], at)
                at += 1
            else:
                return self._end(at)

    def _path(self, at: int, slash: bool) -> int:
        """The rest of a path, up to ``${`` or its end; ``slash``: what was read last ends with a slash.

        Nix quirk: the end of a path stands where its last part begins.
        """
        source = self.source
        start = self.positions[-1]
        while True:
            if source.startswith("${", at):
                return self._interpolation(_IN_PATH, at)
            match = _PATH_RUN.match(source, at)
            if match is None:
                break
            self._add(k.PART, match[0], at)
            start = at
            at = match.end()
            slash = source[at - 1] == "/"
        if slash:
            raise SyntaxFailure("path has a trailing slash", at if at < len(source) else start)
        self._add(k.PATH_CLOSE, None, start)
        return at
