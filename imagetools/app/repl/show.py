"""Values as an interactive session shows them: one level deep and forced, or all of it (``:p``).

Other than ``lang.runtime.printer`` it forces what it shows and names what has no text (functions, derivations); an error inside
a set or list is shown in its place. What does not fit the line is spread over several. Texts are bytestrs.
"""

from typing import Final

from imagetools.instantiate.find import is_derivation
from imagetools.kernel.bytestr import from_unicode
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.errors import EvalError, StackOverflow
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.positions import STRING
from imagetools.lang.runtime.printer import show_name
from imagetools.lang.values.model import STACK, Attrs, Builtin, Lambda, PartialBuiltin
from imagetools.lang.values.scalars import show_scalar

MAX_MEMBERS: Final = 100
INDENT: Final = "  "
OPENING: Final = from_unicode("«")
CLOSING: Final = from_unicode("»")


def show(machine: Machine, value: object, *, deep: bool, width: int) -> str:
    """The text of a value, which may have several lines of up to ``width`` characters where possible.

    ``deep``: everything, else one level and ``MAX_MEMBERS`` members. Raises EvalError where the value itself fails.
    """
    return _Shower(machine, width, deep).show(machine.force(value), 1, 0)


class _Shower:
    def __init__(self, machine: Machine, width: int, deep: bool) -> None:
        self.machine = machine
        self.width = width
        self.deep = deep
        self.seen: set[int] = set()

    def show(self, value: object, levels: int, column: int) -> str:
        """``levels`` may still be opened; ``column`` is where the text starts."""
        if isinstance(value, Attrs):
            return self.attrs(value, levels, column)
        if isinstance(value, list):
            return self.items(value, levels, column)
        if isinstance(value, Lambda):
            return guillemets("lambda @ " + place(value))
        if isinstance(value, Builtin):
            return guillemets(f"primop {value.name}")
        if isinstance(value, PartialBuiltin):
            return guillemets(f"partially applied primop {value.builtin.name}")
        return show_scalar(value)

    def member(self, value: object, levels: int, column: int) -> str:
        try:
            return self.show(self.machine.force(value), levels, column)
        except StackOverflow:
            raise
        except ImagetoolsError as error:
            text = error.message if isinstance(error, EvalError) else from_unicode(error.message)
            return guillemets("error: " + text.partition("\n")[0])

    def attrs(self, value: Attrs, levels: int, column: int) -> str:
        if not value.d:
            return "{ }"
        if is_derivation(self.machine, value):
            return self.derivation(value)
        if levels == 0 and not self.deep:
            return "{ ... }"
        if id(value) in self.seen:
            return guillemets("repeated")
        self.seen.add(id(value))
        STACK.enter()
        parts = []
        for name in self.some(sorted(value.d)):
            shown = show_name(name) + " = "
            parts.append(shown + self.member(value.d[name], levels - 1, column + len(INDENT) + len(shown)) + ";")
        STACK.depth -= 1
        return self.joined("{", parts, len(value.d), "}", column)

    def items(self, value: list[object], levels: int, column: int) -> str:
        if not value:
            return "[ ]"
        if levels == 0 and not self.deep:
            return "[ ... ]"
        if id(value) in self.seen:
            return guillemets("repeated")
        self.seen.add(id(value))
        STACK.enter()
        count = len(value) if self.deep else MAX_MEMBERS
        parts = [self.member(item, levels - 1, column + len(INDENT)) for item in value[:count]]
        STACK.depth -= 1
        return self.joined("[", parts, len(value), "]", column)

    def some(self, names: list[str]) -> list[str]:
        return names if self.deep else names[:MAX_MEMBERS]

    def joined(self, opening: str, parts: list[str], count: int, closing: str, column: int) -> str:
        if count > len(parts):
            parts.append(guillemets(f"{count - len(parts)} more, :p shows all"))
        line = f"{opening} {' '.join(parts)} {closing}"
        if "\n" not in line and column + len(line) <= self.width:
            return line
        lines = [opening, *(INDENT + part.replace("\n", "\n" + INDENT) for part in parts), closing]
        return "\n".join(lines)

    def derivation(self, value: Attrs) -> str:
        if "drvPath" not in value.d:
            return guillemets("derivation ???")
        try:
            return guillemets("derivation " + self.machine.string_ctx(value.d["drvPath"])[0])
        except StackOverflow:
            raise
        except ImagetoolsError:
            return guillemets("derivation ???")


def place(function: Lambda) -> str:
    """Where a function is written: file, line and column, as errors name it."""
    text = function.code.place()
    return guillemets("string") + text.removeprefix(STRING) if text.startswith(STRING) else text


def guillemets(text: str) -> str:
    """``«text»`` as a bytestr."""
    return OPENING + text + CLOSING
