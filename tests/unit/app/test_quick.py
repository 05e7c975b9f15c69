"""The quick parser says what typer says, or nothing."""

import contextlib
import io
from functools import cache
from inspect import signature
from typing import Any

import pytest
import typer.main
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.app.cli import quick
from imagetools.app.cli.declare import KINDS, Argument, Call, Command, Group, Option, Parameter, parameters
from imagetools.app.cli.run import COMMANDS, declared
from imagetools.app.cli.typer_app import application


def _every() -> list[tuple[tuple[str, ...], Command]]:
    found: list[tuple[tuple[str, ...], Command]] = []
    for module in COMMANDS.values():
        item = declared(module)
        members = item.members if isinstance(item, Group) else (item,)
        above = (item.name,) if isinstance(item, Group) else ()
        found += [((*above, member.name), member) for member in members]
    return found


EVERY = _every()
WORDS = st.sampled_from(["x", "", "-", "a=b", "<n>", "x y", "é", "--x", "-E", "-1", "7", "result", "\udcff"])
_STRANGE = """
-- --help -h - -x --nope --nope=1 --js -Ex -j -j=4 -A= -A=x -EA --= -= = --json=1 --no-json -1 +1 1_0 1.5 nan ٣
999999999999999999 --- -é / --store= x
"""
STRANGE = st.sampled_from([*_STRANGE.split(), "", " ", "- ", " 1"])
TYPERS = """
hash; hash --help; hash fil; hash file; eval --stri; eval --strict=1; eval --help; build -j x; build -j; build -j -1;
image inspect --depth 9; log a b; run; key generate a
"""


@cache
def _typer(name: str) -> tuple[Any, list[Call]]:
    found: list[Call] = []
    return typer.main.get_command(application([declared(COMMANDS[name])], "about", found.append)), found


def by_typer(words: list[str]) -> Call | None:
    """What typer calls, if anything."""
    command, found = _typer(words[0])
    found.clear()
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        command.main(words, prog_name="imagetools")
    return found[0] if found else None


def by_quick(words: list[str]) -> Call | None:
    return quick.parse(words[1:], declared(COMMANDS[words[0]]))


def _value(parameter: Parameter) -> st.SearchStrategy[str]:
    item = parameter.declared
    least, most = (item.min or 0, item.max or 3) if isinstance(item, Option) else (0, 3)
    return WORDS if KINDS[parameter.type][0] is str else st.integers(least, most).map(str)


def _option(parameter: Parameter, item: Option) -> st.SearchStrategy[list[str]]:
    names = [name for written in item.names for name in written.split("/")]
    name = st.sampled_from(names)
    if parameter.type is bool:
        return name.map(lambda one: [one])

    def written(one: str, text: str, form: int) -> list[str]:
        if form == 0 or (len(one) == 2 and not text):
            return [one, text]
        return [one + text] if len(one) == 2 else [f"{one}={text}"]

    return st.builds(written, name, _value(parameter), st.integers(0, 1))


@st.composite
def ordinary(draw: st.DrawFn, command: Command) -> list[str]:
    """Words that this command takes."""
    places: list[list[str]] = []
    pieces: list[list[str]] = []
    for parameter in parameters(command.function):
        if isinstance(parameter.declared, Argument):
            word = _value(parameter).filter(lambda text: not text.startswith("-") or text == "-")
            if KINDS[parameter.type][1]:
                places += [[text] for text in draw(st.lists(word, min_size=int(parameter.required), max_size=3))]
            elif parameter.required or draw(st.booleans()):
                places.append([draw(word)])
            else:
                break
        elif draw(st.integers(0, 3)) == 0:
            pieces += draw(st.lists(_option(parameter, parameter.declared), max_size=2))
    pieces = draw(st.permutations(pieces))
    if command.passes_on:
        return [word for piece in [*pieces, *places] for word in piece]
    for place in places:
        pieces.insert(draw(st.integers(0, len(pieces))), place)
    if draw(st.booleans()):
        return [word for piece in pieces for word in piece]
    rest = draw(st.lists(WORDS, max_size=2)) if _takes_more(command) else []
    return [*(word for piece in pieces for word in piece), "--", *rest]


def _takes_more(command: Command) -> bool:
    return any(isinstance(item.declared, Argument) and KINDS[item.type][1] for item in parameters(command.function))


@st.composite
def mutated(draw: st.DrawFn, command: Command) -> list[str]:
    """Words that this command may refuse."""
    words = draw(ordinary(command))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(words)))
        match draw(st.integers(0, 3)):
            case 0:
                words = words[:at] + words[at + 1 :]
            case 1:
                words = [*words[:at], draw(STRANGE), *words[at:]]
            case 2:
                words = [*words[:at], "".join(words[at : at + 2]), *words[at + 2 :]]
            case _:
                words = [*words[:at], *(word[: draw(st.integers(0, len(word)))] for word in words[at : at + 1]), *words[at + 1 :]]
    return words


def _same(one: Call, other: Call) -> bool:
    return one.function is other.function and repr(one.values) == repr(other.values)  # by repr: 1 is not 1.0, nor True


@pytest.mark.parametrize(("names", "command"), EVERY, ids=[" ".join(names) for names, _ in EVERY])
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_ordinary_words_are_understood(names: tuple[str, ...], command: Command, data: st.DataObject) -> None:
    words = [*names, *data.draw(ordinary(command))]
    said, expected = by_quick(words), by_typer(words)
    assert said is not None and expected is not None
    assert _same(said, expected)
    signature(said.function).bind(**said.arguments())


@pytest.mark.parametrize(("names", "command"), EVERY, ids=[" ".join(names) for names, _ in EVERY])
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_what_is_understood_is_what_typer_understands(names: tuple[str, ...], command: Command, data: st.DataObject) -> None:
    words = [*names, *data.draw(mutated(command))]
    said = by_quick(words)
    if said is not None:
        expected = by_typer(words)
        assert expected is not None
        assert _same(said, expected)


@pytest.mark.parametrize("line", TYPERS.split(";"))
def test_what_is_typers_to_say(line: str) -> None:
    assert by_quick(line.split()) is None


@pytest.mark.parametrize(("names", "command"), EVERY, ids=[" ".join(names) for names, _ in EVERY])
def test_declarations_are_what_both_parsers_expect(names: tuple[str, ...], command: Command) -> None:
    known = parameters(command.function)
    assert all(parameter.type in KINDS for parameter in known)
    assert len({parameter.name for parameter in known}) == len(known), f"{names}: two groups declare the same"
    places = [KINDS[parameter.type][1] for parameter in known if isinstance(parameter.declared, Argument)]
    assert not any(places[:-1]), f"{names}: what takes all words comes last"
    written = [
        name for item in known if isinstance(item.declared, Option) for names in item.declared.names for name in names.split("/")
    ]
    assert len(set(written)) == len(written)
    assert all(name.startswith("--") or (len(name) == 2 and name[0] == "-") for name in written)


@pytest.mark.parametrize(("names", "command"), EVERY, ids=[" ".join(names) for names, _ in EVERY])
def test_suggestions_are_lists_of_words(names: tuple[str, ...], command: Command) -> None:
    for item in parameters(command.function):
        if isinstance(item.declared, Option) and item.declared.autocompletion is not None:
            assert isinstance(item.declared.autocompletion({"files": ["-"]}, [], "s"), list), names  # unchecked in Annotated
