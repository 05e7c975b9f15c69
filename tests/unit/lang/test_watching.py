"""Evaluations that are watched give what others give, and what was seen besides."""

import pytest

from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, printer, report
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.profile import OUTSIDE, Profile
from imagetools.lang.runtime.statistics import Statistics
from imagetools.lang.watching import Watching
from tests.unit.lang.memory_io import MemoryIO

PROGRAMS = (
    "let f = { a, b ? a, ... }@c: x: [ a b c x ]; in f { a = 1; d = 2; } 3",
    "let f = a: b: c: [ a b c ]; in map (f 1 2) [ 3 4 ] ++ [ ] ++ map (builtins.add 1) [ 1 ]",
    'rec { a = 1; b = a; __overrides = { a = 5; }; ${"c"} = b; }',
    "with { a = 1; b = { c = 2; }; }; with b; [ a c (b.d or 4) (b ? c) (b.c or 5) ]",
    "let s = { x = y: y + 1; }; inherit (s) x; in { inherit x; inherit (s) x2; } // { r = x 1 < 3 || -x 1 > 2; x2 = null; }",
    "builtins.sort builtins.lessThan [ 3 1 2 ] ++ builtins.sort (a: b: a > b) [ 1 2 3 ]",
    'builtins.tryEval (throw "a") // { b = builtins.functionArgs ({ a, b ? 1 }: a); c = x: x; }',
    '{ a = (import ./f.nix) 2; b = toString ./f.nix; p = builtins.unsafeGetAttrPos "q" { q = 1; }; l = __curPos.line; }',
    "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 5000",
    "{ a = 1; } { }",
    "let f = { a }: a; in f { b = 1; }",
    "(x: x.y.z) { y = { }; }",
    "builtins.length (map 1 [ 1 ]) + builtins.head [ (1 + { }) ]",
    "[ 1 ] ++ { } ++ 2",
    "let x = y; y = x; in x",
    '{ a.b = throw "deep"; }',
)


def files() -> MemoryIO:
    return MemoryIO({"/here/f.nix": b"x: with { y = x; }; [ y y ]"})


def outcome(text: str, watching: Watching | None) -> str:
    """What is printed, or the error with its whole trace."""
    io = files()
    evaluator = Evaluator(io, watcher=watching)

    def work() -> str:
        try:
            v = evaluator.eval_string(text.encode(), "/here")
            return printer.show(evaluator.machine, evaluator.machine.force_deep(v))
        except EvalError as error:
            return report.render(error, evaluator.read_source, show_trace=True)

    return bigstack.run(work)


class Clock:
    """A second passes whenever it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        self.now += 1.0
        return self.now


@pytest.mark.parametrize("text", PROGRAMS)
def test_watching_changes_nothing(text: str) -> None:
    plain = outcome(text, None)
    clock = Clock()
    profile = Profile(clock.read, 1.0)
    for watching in (Watching(profile, None), Watching(None, Statistics(True)), Watching(profile, Statistics())):
        assert outcome(text, watching) == plain
        assert profile.stack == []


def stacks(text: str) -> dict[tuple[str, ...], int]:
    """Seconds by stack, each event being a second."""
    profile = Profile(Clock().read, 1.0)
    outcome(text, Watching(profile, None))
    return {stack: spent // 1_000_000 for stack, spent in profile.stacks()}


def test_stacks_name_functions_builtins_and_files() -> None:
    found = stacks("let f = a: b: builtins.length [ a b ]; in f 1 2 + (x: x) 3 + builtins.length (import ./f.nix 1)")
    assert set(found) == {
        (OUTSIDE,),
        ("(string)",),
        ("(string)", "f (string):1:12"),
        ("(string)", "f (string):1:12", "builtins.length"),
        ("(string)", "«lambda» (string):1:52".encode().decode("latin-1")),
        ("(string)", "builtins.length"),
        ("(string)", "builtins.length", "builtins.import"),
        ("(string)", "builtins.length", "builtins.import", "/here/f.nix"),
        ("(string)", "builtins.length", "«lambda» /here/f.nix:1:1".encode().decode("latin-1")),
    }


def test_the_stack_is_right_after_a_failure_that_was_caught() -> None:
    found = stacks('let f = x: throw x; r = builtins.tryEval (f "1"); in if r.success then 1 else builtins.length [ ]')
    assert ("(string)", "builtins.length") in found
    assert ("(string)", "builtins.tryEval", "f (string):1:9", "builtins.throw") in found


def test_what_was_counted() -> None:
    statistics = Statistics(detailed=True)
    outcome(
        "let f = x: x.a + x.a; s = { a = 1; b = 2; }; in f s + f (s // { a = 2; }) + builtins.length [ 1 2 ]",
        Watching(None, statistics),
    )
    found = statistics.report(1.5)
    assert found["cpuTime"] == 1.5
    assert found["nrFunctionCalls"] == 2
    assert found["nrLookups"] == 5
    assert found["nrPrimOpCalls"] == 1
    assert found["nrOpUpdates"] == 1
    assert found["nrOpUpdateValuesCopied"] == 2
    assert found["list"] == {"elements": 2, "concats": 0}
    assert found["primops"] == {"length": 1}
    assert found["functions"] == [{"name": "f", "file": "(string)", "line": 1, "column": 9, "count": 2}]
    assert found["attributes"] == [
        {"file": "(string)", "line": 1, "column": 29, "count": 2},
        {"file": "(string)", "line": 1, "column": 65, "count": 2},
        {"count": 1},
    ]


def test_details_only_where_asked_for() -> None:
    statistics = Statistics()
    outcome("builtins.length [ ]", Watching(None, statistics))
    assert not {"primops", "functions", "attributes"} & set(statistics.report(0.0))
