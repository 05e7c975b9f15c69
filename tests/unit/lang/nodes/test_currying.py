"""``x: y: z: body``: arguments share frames, however they come."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.lang.evaluated import shown


@st.composite
def groupings(draw: st.DrawFn) -> tuple[int, list[int], int | None]:
    """How many arguments a function takes, how many of them come at once, and which argument is written as a set (None: none)."""
    groups = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    size = sum(groups)
    return size, groups, draw(st.none() | st.integers(0, size - 1))


@settings(deadline=None)
@given(groupings())
def test_arguments_come_in_any_groups(case: tuple[int, list[int], int | None]) -> None:
    size, groups, formal = case
    names = [f"{{ a{i} }}: " if i == formal else f"a{i}: " for i in range(size)]
    function = "".join(names) + "[ " + " ".join(f"a{i}" for i in range(size)) + " ]"
    text = f"let f0 = {function}; "
    given_so_far = 0
    for step, group in enumerate(groups):
        arguments = [f"{{ a{i} = {i}; }}" if i == formal else str(i) for i in range(given_so_far, given_so_far + group)]
        text += f"f{step + 1} = f{step} {' '.join(arguments)}; "
        given_so_far += group
    expected = "[ " + " ".join(str(i) for i in range(size)) + " ]"
    assert shown(f"{text} in f{len(groups)}") == expected
    assert shown(f"{text} in builtins.deepSeq f{len(groups)} [ f{len(groups)} (f{len(groups) - 1} {' '.join(arguments)}) ]") == (
        f"[ {expected} {expected} ]"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let f = x: y: z: [ x y z ]; g = f 1; in [ (g 2 3) (g 4 5) ]", "[ [ 1 2 3 ] [ 1 4 5 ] ]"),
        ("let f = x: y: z: u: v: w: t: [ x y z u v w t ]; in f 1 2 3 4 5 6 7", "[ 1 2 3 4 5 6 7 ]"),
        ("let f = x: x: x: x; in f 1 2 3", "3"),
        ("let f = x: y: let x = y; in w: [ x y w ]; in f 1 2 3", "[ 2 2 3 ]"),
        ("let f = x: y: z: with { a = x; y = 0; }; [ a y z ]; in f 1 2 3", "[ 1 2 3 ]"),
        ("builtins.foldl' (a: b: c: a (b + c)) (x: x) [ 1 2 3 ] 10", "16"),
        ('builtins.mapAttrs (n: v: w: n + v + w) { a = "b"; } // { }', "{ a = <LAMBDA>; }"),
        ("map (f: f 3) (map (x: y: z: [ x y z ]) [ 1 2 ]) == [ ]", "false"),
        ("let s = { __functor = self: x: y: [ x y ]; }; in s 1 2", "[ 1 2 ]"),
        ('let f = x: y: z: throw x; in builtins.tryEval (f "a" 1 2)', "{ success = false; value = false; }"),
        ("let fix = f: let x = f x; in x; in (fix (self: a: b: if a == 0 then b else self (a - 1) (b + a))) 100 0", "5050"),
    ],
)
def test_values(text: str, expected: str) -> None:
    assert shown(text) == expected
