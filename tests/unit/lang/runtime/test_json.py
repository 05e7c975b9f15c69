"""Values as JSON."""

from typing import Final

import pytest

from imagetools.kernel.bytestr import display
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, json
from imagetools.lang.runtime.errors import EvalError, TypeErrorNix
from tests.unit.lang.memory_io import MemoryIO

VALUES: Final = [
    ("[ 1 (-1) 1.5 null true false ]", "[1,-1,1.5,null,true,false]"),
    ("[ 1.23456789 1.0e100 123456789.0 1.0 ]", "[1.23457,1e+100,1.23457e+08,1]"),
    ("{ b = 1; a = { }; c = [ ]; B = 2; }", '{"B":2,"a":{},"b":1,"c":[]}'),
    ('"a\\"b\\\\c\\n\\r\\td/é"', '"a\\"b\\\\c\\n\\r\\td/é"'),
    ('builtins.fromJSON "\\"\\\\u0001\\\\u001f\\""', '"\\u0001\\u001f"'),
    ('{ a = { __toString = self: "t"; outPath = 1; }; b.outPath = 3; }', '{"a":"t","b":3}'),
    ('{ "a b" = 1; "" = 2; }', '{"":2,"a b":1}'),
    ("[ [ [ ] ] { a.b.c = 1; } ]", '[[[]],{"a":{"b":{"c":1}}}]'),
]


def dumped(text: str, context: set[str] | None = None, io: MemoryIO | None = None, *, strict: bool = True) -> str:
    evaluator = Evaluator(io or MemoryIO())
    found = context if context is not None else set()
    return display(
        bigstack.run(lambda: json.dump(evaluator.machine, evaluator.eval_string(text.encode(), "/here"), found, strict))
    )


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_values(text: str, expected: str) -> None:
    assert dumped(text) == expected


def test_paths_are_copied_and_give_context() -> None:
    context: set[str] = set()
    text = dumped("{ p = ./a; }", context, MemoryIO({"/here/a": ""}))
    (path,) = context
    assert text == f'{{"p":"{path}"}}'


def test_contexts_of_strings_are_collected() -> None:
    context: set[str] = set()
    dumped('[ "${./a}" { outPath = "${./b}"; } ]', context, MemoryIO({"/here/a": "", "/here/b": ""}))
    assert len(context) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[ (x: x) ]", "cannot convert a function to JSON"),
        ("{ a = map; }", "cannot convert the built-in function 'map' to JSON"),
        ("map 1", "cannot convert the partially applied built-in function 'map' to JSON"),
    ],
)
def test_functions_have_no_json(text: str, message: str) -> None:
    with pytest.raises(TypeErrorNix) as caught:
        dumped(text)
    assert caught.value.message == message


def test_lazy_without_strict() -> None:
    with pytest.raises(EvalError) as caught:
        dumped("[ (1 + 1) ]", strict=False)
    assert caught.value.message == "cannot convert a thunk to JSON"
    assert dumped("[ 1 ]", strict=False) == "[1]"
