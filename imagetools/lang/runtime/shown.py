"""Values inside messages: as much of them as a person reads.

Nothing is forced: a message must not run the program further. As in current Nix, a message shows ten attributes, ten elements and
1,024 bytes of each string, ten levels deep, and says how many are left out; ``type`` and ``_type`` come first, since they say
what a set is meant to be. Values printed for themselves are the business of ``printer.py``.
"""

import re
from typing import Final

from imagetools.kernel.bytestr import to_str
from imagetools.lang.runtime.positions import NO_FILES
from imagetools.lang.values.model import (
    BLACKHOLE,
    Attrs,
    Builtin,
    Lambda,
    NixString,
    PartialBuiltin,
    Thunk,
    describe,
)
from imagetools.lang.values.scalars import show_scalar, show_string

MOST_DEEP: Final = 10
MOST_ATTRIBUTES: Final = 10
MOST_ITEMS: Final = 10
MOST_BYTES: Final = 1024
IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
KEYWORDS: Final = frozenset(["if", "then", "else", "assert", "with", "let", "in", "rec", "inherit"])
FIRST: Final = ("type", "_type")
OPEN: Final = to_str("«".encode())
CLOSE: Final = to_str("»".encode())


def shown(v: object) -> str:
    """The value in short (bytestr)."""
    shower = _Shower()
    shower.value(v, 0)
    return "".join(shower.out)


def described(v: object) -> str:
    """The kind of a value and the value: ``an integer: 1``."""
    return f"{describe(v)}: {shown(v)}"


def lambda_name(v: Lambda) -> str:
    """What ``«lambda ... »`` says between its quotes: the name that a function was bound to, and where it is written."""
    name = "" if v.code.name is None else f" {v.code.name}"
    pos = v.code.written()
    if pos is None:
        return f"lambda{name}"
    file, line, column = pos.resolve()
    place = to_str(NO_FILES[file].encode()) if file in NO_FILES else file
    return f"lambda{name} @ {place}:{line}:{column}"


class _Shower:
    """Writes one value into ``out``; counts over all of it what there is room for."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.attributes = 0
        self.items = 0
        self.seen: set[int] = set()

    def value(self, v: object, depth: int) -> None:
        if type(v) is Thunk:
            if v.code is not None:
                self.out.append(_quoted("potential infinite recursion" if v.code is BLACKHOLE else "thunk"))
                return
            v = v.slot
        if type(v) is Attrs:
            self.attrs(v, depth)
        elif type(v) is list:
            self.list(v, depth)
        else:
            self.out.append(_scalar(v))

    def again(self, v: object) -> bool:
        """Whether the value has been written already."""
        if id(v) in self.seen:
            self.out.append(_quoted("repeated"))
            return True
        self.seen.add(id(v))
        return False

    def attrs(self, v: Attrs, depth: int) -> None:
        if v.d and self.again(v):
            return
        if depth >= MOST_DEEP:
            self.out.append("{ ... }")
            return
        names: list[str] = [name for name in FIRST if name in v.d] if len(v.d) > 1 else []
        names.sort()
        for name in sorted(v.d):
            if name not in names:
                names.append(name)
        self.out.append("{ ")
        for i in range(len(names)):
            if self.attributes >= MOST_ATTRIBUTES:
                self.out.append(_left_out(len(names) - i, "attribute") + " ")
                break
            self.out.append(_name(names[i]) + " = ")
            self.value(v.d[names[i]], depth + 1)
            self.out.append("; ")
            self.attributes += 1
        self.out.append("}")

    def list(self, items: "list[object]", depth: int) -> None:
        if items and self.again(items):
            return
        if depth >= MOST_DEEP:
            self.out.append("[ ... ]")
            return
        self.out.append("[ ")
        for i in range(len(items)):
            if self.items >= MOST_ITEMS:
                self.out.append(_left_out(len(items) - i, "item") + " ")
                break
            self.value(items[i], depth + 1)
            self.out.append(" ")
            self.items += 1
        self.out.append("]")


def _scalar(v: object) -> str:
    """A value that holds no others."""
    if isinstance(v, (str, NixString)):
        text = v if isinstance(v, str) else v.text
        if len(text) <= MOST_BYTES:
            return show_string(text)
        return f"{show_string(text[:MOST_BYTES])} {_left_out(len(text) - MOST_BYTES, 'byte')}"
    if isinstance(v, Lambda):
        return _quoted(lambda_name(v))
    if isinstance(v, Builtin):
        return _quoted(f"primop {v.name}")
    if isinstance(v, PartialBuiltin):
        return _quoted(f"partially applied primop {v.builtin.name}")
    return show_scalar(v)


def _name(name: str) -> str:
    if IDENTIFIER.fullmatch(name) and name not in KEYWORDS:
        return name
    return show_string(name)


def _left_out(count: int, what: str) -> str:
    return _quoted(f"{count} {what} elided" if count == 1 else f"{count} {what}s elided")


def _quoted(text: str) -> str:
    return OPEN + text + CLOSE
