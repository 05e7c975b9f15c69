import json
from pathlib import Path

from tests.unit.pkgs.evaluate import PACKAGE, run
from tests.unit.pkgs.lib_table import as_list, rows, wrong

LIB = f"let lib = import {PACKAGE}/pkgs/lib; in "

TRACES = {
    "lib.traceVal { a = 1; }": "{ a = 1; }",
    "lib.traceValFn (v: v + 1) 1": "2",
    "lib.traceSeq { a.b = 3; } null": "{ a = { b = 3; }; }",
    "lib.traceSeqN 1 { a.b = 3; l = [ 1 ]; n = 2; } null": "{\n  a = {…};\n  l = […];\n  n = 2;\n}",
    "lib.traceValSeqFn (v: v // { b = 2; }) { a = 1; }": "{ a = 1; b = 2; }",
    'lib.traceFnSeqN 1 "f" (x: [ x ]) 1': '{\n  fn = "f";\n  from = 1;\n  to = [\n    1\n  ];\n}',
    'lib.traceIf true "yes" 1': "yes",
    "lib.traceShowVal [ 1 2 ]": "[ 1, … ]",
    'lib.traceCall "f" (x: x + 1) 1': "f result:2",
}


def test_values(tmp_path: Path) -> None:
    table = rows()
    (tmp_path / "table.nix").write_text(LIB + as_list(table), "utf-8")
    done = run("eval", "--strict", "--json", "table.nix", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert wrong(table, json.loads(done.stdout)) == []


def test_what_is_shown_on_the_way(tmp_path: Path) -> None:
    items = " ".join(f"(builtins.deepSeq ({expression}) 0)" for expression in TRACES)
    done = run("eval", "--strict", "-E", f"{LIB} [ {items} ]", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [text for text in TRACES.values() if f"trace: {text}\n" not in done.stderr] == [], done.stderr
