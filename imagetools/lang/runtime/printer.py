"""Values as ``nix-instantiate --eval`` prints them.

Nothing is forced here: what is still lazy shows as ``<CODE>`` (``--strict`` is ``Machine.force_deep`` first). Nix 2.8 quirks
that force the shape: a set
or list that was shown before is ``«repeated»``, even where it is no cycle; empty ones never are; lists of one or two
elements count
by the place that holds them, longer ones by themselves; of the keywords only ``if`` is quoted as a name; floats have six digits.
"""

import re
from typing import Final

from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import STACK, Attrs, Lambda, Thunk
from imagetools.lang.values.scalars import show_scalar, show_string

IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
REPEATED: Final = "«repeated»".encode().decode("latin-1")


def show(_machine: Machine, v: object, repeated: bool = False) -> str:
    """The text of a value (bytestr). ``repeated``: write out again what was shown before (never for cyclic values)."""
    out: list[str] = []
    if type(v) is Lambda:
        return "<LAMBDA>"
    _Printer(out, repeated).value(v)
    return "".join(out)


class _Printer:
    """Writes one value; ``seen`` are the ids of sets and lists already written."""

    def __init__(self, out: list[str], repeated: bool) -> None:
        self.out = out
        self.repeated = repeated
        self.seen: set[int] = set()

    def value(self, v: object) -> None:
        cell = v
        if type(v) is Thunk:
            if v.code is not None:
                self.out.append("<CODE>")
                return
            v = v.slot
        if type(v) is Lambda and v.late:
            self.out.append("<CODE>")
        elif type(v) is Attrs:
            self.attrs(v)
        elif type(v) is list:
            self.list(v, v if len(v) > 2 else cell)
        else:
            self.out.append(show_scalar(v))

    def again(self, v: object) -> bool:
        """Whether the value has been written already."""
        if self.repeated:
            return False
        if id(v) in self.seen:
            self.out.append(REPEATED)
            return True
        self.seen.add(id(v))
        return False

    def attrs(self, v: Attrs) -> None:
        if v.d and self.again(v):
            return
        STACK.enter()
        self.out.append("{ ")
        for name in sorted(v.d):
            self.out.append(show_name(name))
            self.out.append(" = ")
            self.value(v.d[name])
            self.out.append("; ")
        self.out.append("}")
        STACK.depth -= 1

    def list(self, items: "list[object]", cell: object) -> None:
        if items and self.again(cell):
            return
        STACK.enter()
        self.out.append("[ ")
        for item in items:
            self.value(item)
            self.out.append(" ")
        self.out.append("]")
        STACK.depth -= 1


def show_name(name: str) -> str:
    """An attribute name, quoted where it is no identifier (or ``if``)."""
    if name != "if" and IDENTIFIER.fullmatch(name):
        return name
    return show_string(name)
