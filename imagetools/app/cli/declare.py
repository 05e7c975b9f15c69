"""What a command is: its function, and of each of its parameters how a person writes it.

A command is a plain function; each parameter's annotation is ``Annotated[TYPE, Option(...)]`` or
``Annotated[TYPE, Argument(...)]``. Two parsers read the same declarations: ``quick``, which knows the ordinary words and nothing
else, and ``typer_app``, which hands them to typer for help, mistakes and completion. So this module, which every start imports,
does not import typer: that alone costs as much as a small command (decision 30). Hence strings as annotations, too.

What several commands take is declared once, as a subclass of ``Options``, and is one parameter of theirs (decision 34).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeGuard, dataclass_transform

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


KINDS: "Final[Mapping[object, tuple[type, bool]]]" = {
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


DEBUG: Final = Parameter(
    "debug", bool, Option("--debug", help="Show Python's traceback when something fails."), False, required=False
)
"""What every command takes, last of all; none has it as a parameter, since it is about what comes after a command (``run``)."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Options:
    """What several commands take, declared once: the annotated fields of a subclass, each with its default.

    A command has one parameter of such a class, and the fields are its parameters, in that place. A class that goes on from
    another declares more, behind those of its base; ``without`` are names that it has not: their values are the defaults.
    """

    declared: "ClassVar[tuple[Parameter, ...]]" = ()

    def __init_subclass__(cls, *, without: tuple[str, ...] = ()) -> None:
        own = vars(cls)
        more = [_parameter(name, annotation, own) for name, annotation in cls.__annotations__.items()]
        cls.declared = tuple(parameter for parameter in (*cls.declared, *more) if parameter.name not in without)

    def __init__(self, **values: object) -> None:
        vars(self).update(values)


def parameters(function: Function) -> list[Parameter]:
    """What a command takes, in order, ``Options`` one by one; read without ``inspect``, whose import costs milliseconds."""
    defaults = _defaults(function)
    found: list[Parameter] = []
    for name, annotation in function.__annotations__.items():
        if _are_options(annotation):
            found += annotation.declared
        elif name != "return":
            found.append(_parameter(name, annotation, defaults))
    return [*found, DEBUG]


def _parameter(name: str, annotation: Any, defaults: Mapping[str, object]) -> Parameter:
    return Parameter(name, annotation.__origin__, annotation.__metadata__[0], defaults.get(name), required=name not in defaults)


def _defaults(function: Any) -> dict[str, object]:
    code = function.__code__
    values: tuple[object, ...] = function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
    return {**dict(zip(names, values, strict=True)), **(function.__kwdefaults__ or {})}


def _are_options(annotation: object) -> "TypeGuard[type[Options]]":
    return isinstance(annotation, type) and issubclass(annotation, Options)


class Call:
    """A command line that was understood: a function, and the values of its ``parameters`` by their names."""

    __slots__ = ("function", "values")

    def __init__(self, function: Function, values: Mapping[str, object]) -> None:
        self.function: Final = function
        self.values: Final = values

    def arguments(self) -> dict[str, object]:
        """What the function is called with: ``Options`` as one."""
        taken = {name: value for name, value in self.values.items() if name != DEBUG.name}
        gathered: dict[str, object] = {}
        for name, annotation in self.function.__annotations__.items():
            if _are_options(annotation):
                gathered[name] = annotation(**{parameter.name: taken.pop(parameter.name) for parameter in annotation.declared})
        return taken | gathered

    def __call__(self) -> int:
        """Run it; returns the exit code."""
        return self.function(**self.arguments()) or 0
