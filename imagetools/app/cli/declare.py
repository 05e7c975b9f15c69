"""What a command is: its function, and of each of its parameters how a person writes it.

A command is a plain function; each parameter's annotation is ``Annotated[TYPE, Option(...)]`` or
``Annotated[TYPE, Argument(...)]``. Two parsers read the same declarations: ``quick``, which knows the ordinary words and nothing
else, and ``typer_app``, which hands them to typer for help, mistakes and completion. So this module, which every start imports,
does not import typer: that alone costs as much as a small command (decision 30).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Complete = Callable[[Mapping[str, object], Sequence[str], str], list[str]]
"""Suggestions for a shell, from the parameters that are known, the words left over, and the beginning of the word."""

Function = Callable[..., int | None]
"""What a command does; the exit code, where it is not 0."""


class Option:
    """A parameter with a name, ``-o VALUE``; of type bool a flag, of a list repeatable. ``--yes/--no`` names both flags."""

    __slots__ = ("autocompletion", "help", "max", "metavar", "min", "names")

    def __init__(
        self,
        *names: str,
        help: str,
        metavar: str | None = None,
        min: int | None = None,
        max: int | None = None,
        autocompletion: Complete | None = None,
    ) -> None:
        self.names: Final = names
        self.help: Final = help
        self.metavar: Final = metavar
        self.min: Final = min
        self.max: Final = max
        self.autocompletion: Final = autocompletion


class Argument:
    """A parameter by its place; of a list, all words that are left."""

    __slots__ = ("help", "metavar", "show_default")

    def __init__(self, *, help: str, metavar: str, show_default: bool = True) -> None:
        self.help: Final = help
        self.metavar: Final = metavar
        self.show_default: Final = show_default


class Command:
    """``function`` under a name; ``about`` is its help, if not its docstring. ``passes_on``: what follows the first word that is
    no option belongs to somebody else, options too."""

    __slots__ = ("about", "function", "name", "passes_on")

    def __init__(self, name: str, function: Function, *, about: str | None = None, passes_on: bool = False) -> None:
        self.name: Final = name
        self.function: Final = function
        self.about: Final = about
        self.passes_on: Final = passes_on


class Group:
    """Commands under a common first word."""

    __slots__ = ("about", "members", "name")

    def __init__(self, name: str, about: str, *members: Command) -> None:
        self.name: Final = name
        self.about: Final = about
        self.members: Final = members


class Parameter:
    """One parameter of a command's function. ``type`` is a key of ``KINDS``."""

    __slots__ = ("declared", "default", "name", "required", "type")

    def __init__(self, name: str, type: object, declared: Option | Argument, default: object, *, required: bool) -> None:
        self.name: Final = name
        self.type: Final = type
        self.declared: Final = declared
        self.default: Final = default
        self.required: Final = required


KINDS: Final[Mapping[object, tuple[type, bool]]] = {
    bool: (bool, False),
    int: (int, False),
    int | None: (int, False),
    float | None: (float, False),
    str: (str, False),
    str | None: (str, False),
    list[str]: (str, True),
    list[str] | None: (str, True),
    list[int] | None: (int, True),
}
"""The types that parameters have: what one word is, and whether there may be several."""


def parameters(function: Function) -> list[Parameter]:
    """The parameters in their order, read without ``inspect``, whose import costs milliseconds."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    defaults: tuple[object, ...] = getattr(function, "__defaults__", None) or ()
    first = len(names) - len(defaults)
    found = []
    for at, name in enumerate(names):
        annotation: Any = function.__annotations__[name]
        default = defaults[at - first] if at >= first else None
        found.append(Parameter(name, annotation.__origin__, annotation.__metadata__[0], default, required=at < first))
    return found


class Call:
    """A command line that was understood: a function, and what it is called with."""

    __slots__ = ("function", "values")

    def __init__(self, function: Function, values: Mapping[str, object]) -> None:
        self.function: Final = function
        self.values: Final = values

    def __call__(self) -> int:
        """Run it; returns the exit code."""
        return self.function(**self.values) or 0
