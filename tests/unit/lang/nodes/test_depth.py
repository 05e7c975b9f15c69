"""Programs that nest too deeply end in an error, never in a crash; deep ones that are still sane work."""

from collections.abc import Iterator

import pytest

from imagetools.lang.runtime.errors import InfiniteRecursion, StackOverflow
from imagetools.lang.values.model import STACK
from tests.unit.lang.evaluated import failure, shown

RUNAWAY = {
    "calls": "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 1000000",
    "endless": "let f = x: 1 + f x; in f 1",
    "thunks": "builtins.foldl' (a: x: [ (1 + builtins.head a) ]) [ 0 ] (builtins.genList (x: x) 300000)",
    "comparator": "let c = a: b: builtins.sort c [ a b ] == [ ]; in builtins.sort c [ 2 1 ]",
    "functor": "let s = { __functor = self: x: self x; }; in s 1",
    "to string": 'let s = { __toString = self: "${s}"; }; in "${s}"',
    "nested expressions": "let f = n: " + "1 + (" * 200 + "f n" + ")" * 200 + "; in f 1",
    "formals": "let f = { n }: 1 + f { inherit n; }; in f { n = 1; }",
    "selection": "let f = n: { a = (f (n + 1)).a; }; in (f 0).a",
}


@pytest.fixture
def low_limit() -> Iterator[None]:
    """A tenth of the real limit, so that the tests take a tenth of the time."""
    before = STACK.limit
    STACK.limit = before // 10
    yield
    STACK.limit = before


@pytest.mark.parametrize("name", ["calls", "comparator"])
def test_a_clean_end_at_the_real_limit(name: str) -> None:
    clean_end(name)


@pytest.mark.usefixtures("low_limit")
@pytest.mark.parametrize("name", sorted(RUNAWAY))
def test_a_clean_end(name: str) -> None:
    clean_end(name)


def clean_end(name: str) -> None:
    before = STACK.depth
    error = failure(RUNAWAY[name], StackOverflow)
    assert error.message == "stack overflow; max-call-depth exceeded"
    assert len(error.frames) < 2000
    assert STACK.depth == before


@pytest.mark.usefixtures("low_limit")
def test_values_nested_deeper_than_the_stack_cannot_be_printed_compared_or_forced() -> None:
    deep = "let d = builtins.foldl' (a: x: [ a ]) [ ] (builtins.genList (x: x) 25000); in "
    for use in ("d", "d == [ d ]", "builtins.deepSeq d 1", "builtins.toJSON d"):
        failure(deep + use, StackOverflow)


def test_deep_but_sane() -> None:
    assert shown("let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 50000") == "50000"
    assert shown("builtins.foldl' (a: x: a + x) 0 (builtins.genList (x: x) 100000)") == "4999950000"
    assert (
        shown("builtins.head (builtins.foldl' (a: x: [ (1 + builtins.head a) ]) [ 0 ] (builtins.genList (x: x) 50000))")
        == "50000"
    )


def test_long_chains_of_operators() -> None:
    assert shown(" + ".join(["1"] * 3000)) == "3000"
    assert shown("builtins.length (" + " ++ ".join(["[ 1 ]"] * 3000) + ")") == "3000"
    assert shown("(" + " // ".join(f"{{ a{i} = {i}; }}" for i in range(2000)) + ").a1999") == "1999"
    assert shown("let f = x: if x then 1 " + "else if x then 1 " * 1500 + "else 2; in f false") == "2"


@pytest.mark.usefixtures("low_limit")
def test_try_eval_gives_the_depth_back() -> None:
    text = (
        'let f = n: if n == 0 then throw "bottom" else 1 + f (n - 1);'
        " g = n: if n == 0 then 0 else builtins.seq (builtins.tryEval (f 1000)).success (g (n - 1)); in g 30"
    )
    assert shown(text) == "0"


@pytest.mark.parametrize(
    "text", ["let x = x; in x", "rec { a = b; b = a; }.a", "let a = b; b = c; c = a; in [ a ]", "let s = { x = s.x; }; in s.x"]
)
def test_a_value_that_needs_itself(text: str) -> None:
    error = failure(text, InfiniteRecursion)
    assert error.message == "infinite recursion encountered"
    assert error.pos is not None
