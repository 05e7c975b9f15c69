"""What is not needed is not evaluated, what is needed is evaluated once, and what failed fails again."""

import pytest

from imagetools.lang.runtime.errors import InfiniteRecursion, ThrownError
from tests.unit.lang.evaluated import failure, shown
from tests.unit.lang.memory_io import MemoryIO

ONCE = 'builtins.trace "evaluated" 1'


@pytest.mark.parametrize(
    "text",
    [
        f"let x = {ONCE}; in x + x",
        f"let x = {ONCE}; y = x; in x + y",
        f"let x = {ONCE}; f = a: a + a; in f x",
        f"let s = {{ x = {ONCE}; }}; in s.x + s.x",
        f"rec {{ x = {ONCE}; y = x + x; }}.y",
        f"with {{ x = {ONCE}; }}; x + x",
        f"let s = {{ inherit ({{ x = {ONCE}; }}) x; }}; in s.x + s.x",
        f"let inherit (builtins.seq ({ONCE}) {{ a = 1; b = 1; }}) a b; in a + b",
        f"let xs = [ ({ONCE}) ]; h = builtins.head; in h xs + h xs",
        f"let a = {{ x = {ONCE}; }}; b = a // {{ y = 1; }}; in a.x + b.x",
        f"(args@{{ x, ... }}: x + args.x) {{ x = {ONCE}; }}",
        f"({{ x ? {ONCE} }}: x + x) {{ }}",
        f"let t = {{ x = {ONCE}; }}; in (t.x or 0) + (t.x or 0)",
        f"let n = {{ x.y = {ONCE}; }}; in n.x.y + n.x.y",
    ],
)
def test_once(text: str) -> None:
    io = MemoryIO()
    assert shown(text, io) == "2"
    assert io.traces == ["trace: evaluated"]


@pytest.mark.parametrize(
    "text",
    [
        f"let x = {ONCE}; in 2",
        f"(x: 2) ({ONCE})",
        f"({{ x }}: 2) {{ x = {ONCE}; }}",
        f"({{ x ? {ONCE} }}: 2) {{ }}",
        f"if true then 2 else {ONCE}",
        f"with ({ONCE}); 2",
        f"{{ a = 2; b = {ONCE}; }}.a",
        f"{{ a = 2; }}.a or ({ONCE})",
        f"builtins.length [ ({ONCE}) 1 ]",
        f"(rec {{ a = 2; inherit ({ONCE}) b; }}).a",
        f"if true || ({ONCE}) == 1 then 2 else 3",
    ],
)
def test_never(text: str) -> None:
    io = MemoryIO()
    assert shown(text, io) == "2"
    assert io.traces == []


def test_a_failed_thunk_fails_the_same_way_again() -> None:
    text = 'let x = throw "no"; t = builtins.tryEval x; in builtins.seq t.success x'
    assert failure(text, ThrownError).message == "no"


def test_a_thunk_that_failed_below_can_succeed_later() -> None:
    """Nix quirk: after ``tryEval`` a thunk is as it was, not a black hole."""
    text = 'let x = builtins.seq y 1; y = throw "y"; in [ (builtins.tryEval x) (builtins.tryEval x) ]'
    assert shown(text).count("success = false") == 2


def test_a_black_hole_is_no_black_hole_after_the_failure() -> None:
    error = failure("let x = x; in builtins.seq (builtins.tryEval 1) x", InfiniteRecursion)
    assert error.message == "infinite recursion encountered"


def test_a_file_without_reaching_an_attribute_never_makes_its_nodes() -> None:
    text = "{ a = 1; b = " + "(" * 50 + "1" + ")" * 50 + "; }.a"
    assert shown(text) == "1"
