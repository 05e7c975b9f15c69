"""Shell wildcards over whole names, slashes and leading periods being ordinary: POSIX fnmatch without flags, in bytes."""

import re
from functools import lru_cache

_CLASSES = {
    b"alnum": rb"0-9A-Za-z",
    b"alpha": rb"A-Za-z",
    b"blank": rb" \t",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": rb"0-9",
    b"graph": rb"\x21-\x7e",
    b"lower": rb"a-z",
    b"print": rb"\x20-\x7e",
    b"punct": rb"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    b"space": rb"\t-\r ",
    b"upper": rb"A-Z",
    b"xdigit": rb"0-9A-Fa-f",
}
_NEVER = rb"(?!)"


class _BadBracket(Exception):
    """The pattern can match nothing at all."""


def matches(pattern: bytes, name: bytes) -> bool:
    return _compiled(pattern).fullmatch(name) is not None


def quoted(name: bytes) -> bytes:
    """A name as nixpkgs makes a pattern of it: stars and question marks are taken literally, brackets are not."""
    return re.sub(rb"[*?]", rb"\\\g<0>", name)


@lru_cache(maxsize=1024)
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    try:
        return re.compile(_translated(pattern), re.DOTALL)
    except _BadBracket:
        return re.compile(_NEVER)


def _translated(pattern: bytes) -> bytes:
    out = b""
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        at += 1
        if char == b"*":
            out += b".*" if not out.endswith(b".*") else b""
        elif char == b"?":
            out += b"."
        elif char == b"\\":
            if at == len(pattern):
                return _NEVER
            out += re.escape(pattern[at : at + 1])
            at += 1
        elif char == b"[":
            piece, at = _bracket(pattern, at)
            out += piece
        else:
            out += re.escape(char)
    return out


def _bracket(pattern: bytes, start: int) -> tuple[bytes, int]:
    """The set that begins behind ``[``, as a piece of a regular expression; a bracket that never ends is just a bracket."""
    at = start
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    inside = b""
    first = True
    while True:
        if at >= len(pattern):
            return re.escape(b"["), start
        if pattern[at : at + 1] == b"]" and not first:
            break
        first = False
        low, at = _member(pattern, at)
        if len(low) != 1:
            inside += low
            continue
        high = low
        if pattern[at : at + 1] == b"-" and pattern[at + 1 : at + 2] not in (b"]", b""):
            high, at = _member(pattern, at + 1)
            if len(high) != 1:
                raise _BadBracket
        if low <= high:
            inside += b"\\x%02x-\\x%02x" % (low[0], high[0])
    if not inside:
        return (b"." if negated else _NEVER), at + 1
    return b"[" + (b"^" if negated else b"") + inside + b"]", at + 1


def _member(pattern: bytes, at: int) -> tuple[bytes, int]:
    """One byte of a set, or (longer) the inside of a class, and where the next begins."""
    char = pattern[at : at + 1]
    if char == b"\\":
        return pattern[at + 1 : at + 2] or b"\\", at + 2
    if char == b"[" and pattern[at + 1 : at + 2] in (b":", b".", b"="):
        kind = pattern[at + 1 : at + 2]
        end = pattern.find(kind + b"]", at + 2)
        name = pattern[at + 2 : end]
        if kind == b":":
            if end >= 0 and name.isalpha() and name.islower():
                if name not in _CLASSES:
                    raise _BadBracket
                return _CLASSES[name], end + 2
        elif end >= 0 and len(name) == 1:
            return name, end + 2
        elif kind == b"." or end >= 0:
            raise _BadBracket
    return char, at + 1
