"""What the text between quotes stands for: escapes, and the indentation that ``''strings''`` lose (rows 5.002, 5.003).

Pure functions on text; the lexer finds the parts, the parser the expressions between them.

The rules for indentation are Nix's: only spaces count, lines of nothing but spaces do not count, an interpolation or an escape
ends the white space at the start of its line, and a last line of nothing but spaces is dropped.
"""

import re
from typing import Final

_ESCAPE: Final = re.compile(r"\\[\s\S]|\r\n?")
_ESCAPED: Final[dict[str, str]] = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\r": "\n", "\r\n": "\n"}

NO_INDENT: Final = 1000000


def _unescaped(match: re.Match[str]) -> str:
    text = match[0]
    return _ESCAPED.get(text, text[1:])


def unescape(text: str) -> str:
    """``text`` from between double quotes with its escapes done; CR and CR LF become LF.

    >>> unescape(r"a\\n\\${b}")
    'a\\n${b}'
    """
    return _ESCAPE.sub(_unescaped, text)


def strip_whole(literal: str) -> str:
    """The value of a whole ``''literal''``, quotes included, that has neither interpolation nor escapes.

    >>> strip_whole("''\\n  a\\n    b\\n''")
    'a\\n  b\\n'
    """
    text = literal[2:-2]
    start = text.lstrip(" ")
    if start[:1] == "\n":
        text = start[1:]
    lines = text.split("\n")
    indent = NO_INDENT
    for line in lines:
        content = line.lstrip(" ")
        if content:
            indent = min(indent, len(line) - len(content))
    if len(lines) > 1 and not lines[-1].strip(" "):
        lines[-1] = ""
    if indent == 0:
        return "\n".join(lines)
    return "\n".join([line[indent:] for line in lines])


def indentation(parts: list[str | None], escapes: list[bool]) -> int:
    """The spaces that all lines have in common. A part is text, or None for an interpolation; ``escapes`` marks escaped text."""
    indent = NO_INDENT
    current = 0
    at_start = True
    for index, part in enumerate(parts):
        if part is None or escapes[index]:
            if at_start:
                at_start = False
                indent = min(indent, current)
            continue
        lines = part.split("\n")
        for number, line in enumerate(lines):
            if number:
                at_start = True
                current = 0
            if at_start:
                content = line.lstrip(" ")
                current += len(line) - len(content)
                if content:
                    at_start = False
                    indent = min(indent, current)
    return indent


def strip(parts: list[str | None], escapes: list[bool]) -> list[str | None]:
    """The parts of an indented string without their indentation; interpolations (None) stay where they are.

    >>> strip(["  a ", None, "\\n    b\\n"], [False, False, False])
    ['a ', None, '\\n  b\\n']
    """
    indent = indentation(parts, escapes)
    stripped: list[str | None] = []
    dropped = 0
    at_start = True
    for part in parts:
        if part is None:
            at_start = False
            dropped = 0
            stripped.append(None)
            continue
        lines = part.split("\n")
        for number, line in enumerate(lines):
            if number:
                at_start = True
                dropped = 0
            if at_start:
                content = line.lstrip(" ")
                spaces = len(line) - len(content)
                lines[number] = line[min(spaces, max(indent - dropped, 0)) :]
                dropped += spaces
                if content:
                    at_start = False
                    dropped = 0
        stripped.append("\n".join(lines))
    last = stripped[-1] if stripped else None
    if last is not None:
        cut = last.rfind("\n")
        if cut >= 0 and not last[cut + 1 :].strip(" "):
            stripped[-1] = last[: cut + 1]
    return stripped
