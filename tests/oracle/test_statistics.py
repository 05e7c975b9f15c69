"""What --show-stats counts, against what Nix counts for the same program."""

import json
from pathlib import Path

import pytest

from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack
from imagetools.lang.runtime.statistics import Statistics
from imagetools.lang.watching import Watching
from tests.oracle.commands import nix
from tests.oracle.peers import need
from tests.unit.lang.memory_io import MemoryIO

pytestmark = pytest.mark.oracle

PROGRAMS = {
    "calls": "let fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2); in fib 12",
    "a fold": "builtins.foldl' (a: x: a + x * 2) 0 (builtins.genList (x: x) 300)",
    "map": "let f = x: x + 1; in builtins.map f [ 1 2 3 ]",
    "formals": "let f = { a, b ? a + 1, ... }@args: args.a + b; in f { a = 1; } + f { a = 1; b = 2; c = 3; }",
    "a default from outside": "let d = 1; f = { a ? d, b ? [ d ] }: [ a b ]; in f { }",
    "curried": "let f = a: b: c: a + b + c; g = f 1; in g 2 3 + f 1 2 3",
    "partial builtins": "let add = builtins.add 1; in add 2 + add 3",
    "rec": "let s = rec { a = 1; b = a + c.d; c.d = 2; }; in s.b + s.c.d",
    "__overrides": "let s = rec { a = 1; b = a; __overrides = { a = 2; }; }; in s.b",
    "inherit": "let s = { a = 1; b = 2; }; t = { inherit (s) a b; inherit s; }; in t.a + t.b + t.s.a",
    "inherit in let": "let s = { a = x: x; b = 2; }; inherit (s) a b; in a b",
    "with": "let s = { a = 1; b = x: x; }; in with s; b a",
    "with in with": "let s = { a = 1; b = { c = x: x; }; }; in with s; with b; c a",
    "or and ?": "let s = { a.b = 1; }; in s.a.b or 2 + s.a.c or 3 + (if s ? a.b then s.x.y or 4 else 0)",
    "//": "let a = { x = 1; }; b = { y = 2; }; in (a // b // { x = 3; } // { }).x + ({ } // a).x",
    "++": "[ 1 2 ] ++ [ ] ++ [ 3 ] ++ [ 4 5 ]",
    "nothing ++ something": "[ ] ++ [ 1 ] ++ [ ]",
    "lists by builtins": "builtins.concatLists [ [ 1 ] [ 2 ] [ ] ] ++ builtins.filter (x: x > 1) [ 1 2 ] ++ builtins.tail [ 1 ]",
    "a filter that drops nothing": "builtins.filter (x: true) [ 1 2 ]",
    "strings": 'builtins.concatStringsSep "," (map (i: "a${toString i}") (builtins.genList (x: x) 10))',
    "arithmetic": "let x = 7; in -x + x * 2 - x / 2 + (if x <= 3 || x > 5 then 1 else 0)",
    "a functor": "let s = { __functor = self: x: x + self.n; n = 1; }; in s 2 + s 3",
    "sets by builtins": 'builtins.mapAttrs (n: v: v) (builtins.listToAttrs [ { name = "a"; value = 1; } ])',
    "a fixed point": """
      let
        fix = f: let x = f x; in x;
        extends = f: r: self: let super = r self; in super // f self super;
        base = self: { n = 1; a = self.n + 1; };
      in (fix (extends (self: super: { n = super.n + 5; }) base)).a""",
    "a dynamic name": 'let n = "a"; in { ${n} = 1; b = 2; }.${n}',
    "tryEval": 'builtins.tryEval (throw "x")',
    "getAttr": 'builtins.getAttr "a" { a = 1; }',
    "deepSeq": "builtins.seq 1 (builtins.deepSeq [ 1 (x: x) ] 3)",
    "assert": "assert 1 < 2; let x = ! true; in x",
}
NUMBERS = (
    *("nrThunks", "nrAvoided", "nrLookups", "nrPrimOpCalls", "nrFunctionCalls", "nrOpUpdates", "nrOpUpdateValuesCopied"),
    *("envs.number", "envs.elements", "list.elements", "list.concats", "sets.number", "sets.elements"),
)


def theirs(text: str, home: Path) -> dict[str, object]:
    counted = {"NIX_SHOW_STATS": "1", "NIX_COUNT_CALLS": "1"}
    said = nix("nix-instantiate", "--eval", "--strict", "-E", text, root=home, variables=counted).stderr
    found = json.loads(said[said.index("{\n") :])
    assert isinstance(found, dict)
    return found


def ours(text: str) -> dict[str, object]:
    statistics = Statistics(detailed=True)
    evaluator = Evaluator(MemoryIO(), watcher=Watching(None, statistics))
    bigstack.run(lambda: evaluator.machine.force_deep(evaluator.eval_string(text.encode())))
    return statistics.report(0.0)


def number(report: dict[str, object], name: str) -> int:
    group, _, key = name.rpartition(".")
    found: object = report
    for step in (group, key) if group else (key,):
        assert isinstance(found, dict)
        found = found[step]
    assert isinstance(found, int)
    return found


def calls(report: dict[str, object], name: str) -> list[tuple[object, ...]]:
    """Entries without the file, which Nix 2.8 calls by the whole text."""
    found = report[name]
    assert isinstance(found, list)
    return sorted((str(entry.get("name")), entry.get("line", 0), entry.get("column", 0), entry["count"]) for entry in found)


@pytest.mark.parametrize("name", PROGRAMS)
def test_counts_are_those_of_nix(name: str, tmp_path: Path) -> None:
    need("nix-instantiate")
    text = PROGRAMS[name]
    nothing = theirs("1", tmp_path), ours("1")
    found = theirs(text, tmp_path), ours(text)
    counts = [
        {key: number(report, key) - number(base, key) for key in NUMBERS} for report, base in zip(found, nothing, strict=True)
    ]
    assert counts[1] == counts[0]
    assert found[1]["primops"] == found[0]["primops"]
    assert calls(found[1], "functions") == calls(found[0], "functions")
    if "inherit" not in text:  # where an inherited attribute stands is another matter
        assert calls(found[1], "attributes") == calls(found[0], "attributes")
