"""Selection paths and automatic calls, as on the command line."""

import pytest

from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, printer
from imagetools.lang.runtime.selection import parse_path
from tests.unit.lang.memory_io import MemoryIO


def select(text: str, path: str, **args: object) -> str:
    evaluator = Evaluator(MemoryIO())

    def work() -> str:
        v = evaluator.select_path(evaluator.eval_string(text.encode()), path, args)
        return printer.show(evaluator.machine, evaluator.machine.force_deep(v))

    return bigstack.run(work)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("{ a.b = 1; }", "a.b", "1"),
        ("{ a = [ 1 { b = 2; } ]; }", "a.1.b", "2"),
        ('{ "a.b" = 1; }', '"a.b"', "1"),
        ('{ x."a.b".c = 1; }', 'x."a.b".c', "1"),
        ("1 + 1", "", "2"),
        ("{ x ? 1 }: { y = x; }", "y", "1"),
        ("{ f = { x ? 1 }: { y = x; }; }", "f.y", "1"),
        ("{ __functor = self: { x ? 1 }: { y = x; }; }", "y", "1"),
        ("x: 1", "", "<LAMBDA>"),
        ("{ x ? 1 }: 1", "", "<LAMBDA>"),
    ],
)
def test_paths(text: str, path: str, expected: str) -> None:
    assert select(text, path) == expected


def test_arguments() -> None:
    assert select("{ x, y ? 2 }: { z = [ x y ]; }", "z", x=1, unknown=3) == "[ 1 2 ]"
    assert select("{ x, ... }@args: { z = args; }", "z", x=1, other=3) == "{ other = 3; x = 1; }"


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("{ a = 1; }", "x", "attribute 'x' in selection path 'x' not found"),
        ("{ a.b = 1; }", "a.x", "attribute 'x' in selection path 'a.x' not found"),
        ("{ a = 1; }", "a.b", "the expression selected by the selection path 'a.b' should be a set but is an integer"),
        ("{ a = 1; }", "0", "the expression selected by the selection path '0' should be a list but is a set"),
        ("[ 1 ]", "1", "list index 1 in selection path '1' is out of range"),
        ("{ a = 1; }", ".a", "empty attribute name in selection path '.a'"),
        ("{ a = 1; }", '"a', "missing closing quote in selection path '\"a'"),
        ("{ x }: { y = x; }", "y", "cannot evaluate a function that has an argument without a value ('x')"),
    ],
)
def test_failures(text: str, path: str, message: str) -> None:
    with pytest.raises(ImagetoolsError) as caught:
        select(text, path)
    assert caught.value.message == message


def test_the_missing_argument_is_named_with_its_place_and_the_way_out() -> None:
    with pytest.raises(ImagetoolsError) as caught:
        select("{ x }: { y = x; }", "y")
    assert "--arg x" in (caught.value.hint or "")
    assert str(getattr(caught.value, "pos", "")) == "(string):1:3"


def test_parse_path() -> None:
    assert parse_path("") == []
    assert parse_path("a.b.0") == ["a", "b", "0"]
    assert parse_path('a."b.c"d') == ["a", "b.cd"]
    assert parse_path("a.") == ["a"]
