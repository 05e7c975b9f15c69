"""Reads the ordinary words of a command line, straight from the declarations.

It refuses to say anything: what it does not understand completely (help, an option that there is not, a missing or superfluous
word, a number that is none) is nothing to it, and typer reads the line from the start. So each sentence about a command line is
typer's, and where this parser gives an answer it is the one that typer would give (``tests/unit/app/test_quick.py``).
"""

from collections.abc import Sequence
from typing import Final

from imagetools.app.cli.declare import KINDS, Argument, Call, Command, Function, Group, Option, Parameter, parameters

_DIGITS: Final = 15
"""Longer numbers are typer's."""


class _Strange(Exception):
    """Something that only typer understands."""


def parse(words: Sequence[str], declared: Command | Group) -> Call | None:
    """What ``words`` (those after the command's name) mean; None where typer has to say it."""
    try:
        if isinstance(declared, Group):
            if not words:
                return None
            found = [member for member in declared.members if member.name == words[0]]
            return _parse(words[1:], found[0]) if found else None
        return _parse(words, declared)
    except _Strange:
        return None


def _parse(words: Sequence[str], command: Command) -> Call:
    known = parameters(command.function)
    given, left = _Options(known).read(words, passes_on=command.passes_on)
    places = [parameter for parameter in known if isinstance(parameter.declared, Argument)]
    for parameter in places:
        if _is_list(parameter):
            given[parameter.name] = left  # the last of its kind: nothing comes after all that is left
            left = []
        elif left:
            given[parameter.name] = left[:1]
            left = left[1:]
    if left:
        raise _Strange
    return _call(command.function, known, given)


def _call(function: Function, known: Sequence[Parameter], given: dict[str, "list[str] | bool"]) -> Call:
    values: dict[str, object] = {}
    for parameter in known:
        value = given.get(parameter.name)
        if not value and value is not False:
            if parameter.required:
                raise _Strange
            values[parameter.name] = parameter.default
        elif isinstance(value, bool):
            values[parameter.name] = value
        elif _is_list(parameter):
            values[parameter.name] = [_one(parameter, text) for text in value]
        else:
            values[parameter.name] = _one(parameter, value[-1])
    return Call(function, values)


def _is_list(parameter: Parameter) -> bool:
    return KINDS[parameter.type][1]


def _one(parameter: Parameter, text: str) -> object:
    """One word as a value of the parameter's type."""
    kind = KINDS[parameter.type][0]
    if kind is str:
        return text
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise _Strange
    number = int(text)
    least, most = (parameter.declared.min, parameter.declared.max) if isinstance(parameter.declared, Option) else (None, None)
    if (least is not None and number < least) or (most is not None and number > most):
        raise _Strange
    return kind(number)


class _Options:
    """The options of a command by their names, and what has been read of them."""

    def __init__(self, known: Sequence[Parameter]) -> None:
        self._flags: Final[dict[str, tuple[str, bool]]] = {}
        self._valued: Final[dict[str, str]] = {}
        for parameter in known:
            if isinstance(parameter.declared, Option):
                for written in parameter.declared.names:
                    yes, _, no = written.partition("/")
                    if parameter.type is not bool:
                        self._valued[yes] = parameter.name
                        continue
                    self._flags[yes] = (parameter.name, True)
                    if no:
                        self._flags[no] = (parameter.name, False)

    def read(self, words: Sequence[str], *, passes_on: bool) -> "tuple[dict[str, list[str] | bool], list[str]]":
        """What was given of each option, and the words that are none. Raises _Strange."""
        given: dict[str, list[str] | bool] = {}
        left: list[str] = []
        todo = list(reversed(words))
        while todo:
            word = todo.pop()
            if word == "--":
                break
            if len(word) < 2 or word[0] != "-":
                left.append(word)
                if passes_on:
                    break
                continue
            name, equals, value = word.partition("=")
            if name in self._valued and (not equals or len(name) > 2):
                if equals:
                    todo.append(value)
                self._take(name, todo, given)
            elif name in self._flags and not equals:
                where, on = self._flags[name]
                given[where] = on
            elif name.startswith("--"):
                raise _Strange
            else:
                self._letters(word, todo, given)
        return given, left + todo[::-1]

    def _take(self, name: str, todo: list[str], given: "dict[str, list[str] | bool]") -> None:
        """The next word is the option's value, whatever it looks like."""
        if not todo:
            raise _Strange
        values = given.setdefault(self._valued[name], [])
        if isinstance(values, list):
            values.append(todo.pop())

    def _letters(self, word: str, todo: list[str], given: "dict[str, list[str] | bool]") -> None:
        """``-Ej4``: several options of one letter, the last with its value."""
        for at, letter in enumerate(word[1:], 2):
            name = f"-{letter}"
            if name in self._flags:
                where, on = self._flags[name]
                given[where] = on
            elif name in self._valued:
                if at < len(word):
                    todo.append(word[at:])
                self._take(name, todo, given)
                return
            else:
                raise _Strange
