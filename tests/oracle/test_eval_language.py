"""The language itself beside Nix 2.8: the tables of the nodes, printing, JSON, selection paths, positions, error texts."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, printer, report
from imagetools.lang.runtime.errors import EvalError
from tests.oracle.nix_eval import WORKERS, wrong_values
from tests.oracle.peers import need
from tests.oracle.sentences import in_words_of_2_8, without_place
from tests.unit.lang.builtins.case_files import Case, cases, topics
from tests.unit.lang.memory_io import MemoryIO
from tests.unit.lang.nodes.test_attr_positions import COLUMNS
from tests.unit.lang.nodes.test_cases import FOLDER
from tests.unit.lang.runtime import test_json as json_cases
from tests.unit.lang.runtime import test_printer as printer_cases

pytestmark = pytest.mark.oracle

PLACE: Final = re.compile(r"       at (?:«string»|/\S+?):(\d+:\d+):")
HINT: Final = "(use '--show-trace' to show detailed location information)"


def need_28() -> None:
    need("nix-instantiate")
    version = subprocess.run(["nix-instantiate", "--version"], capture_output=True, text=True, check=True).stdout
    if " 2.8." not in version:
        pytest.skip(f"the tables name differences to Nix 2.8; this is {version.strip()}")


def nix(*arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["nix-instantiate", "--eval", *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        env={**os.environ, "NIX_PATH": ""},
        cwd=cwd,
        check=False,
    )


@pytest.mark.parametrize("topic", topics(FOLDER))
def test_values(topic: str, tmp_path: Path) -> None:
    need_28()
    pairs = [(case.expression, case.nix28[2:]) for case in cases(topic, FOLDER) if case.nix28.startswith("= ")]
    assert wrong_values(pairs, tmp_path) == []


# What Nix 2.8 points elsewhere for: operators (at their first operand), inherited names (at the whole set), the scope of a
# ``with`` that needs itself, conditions (at the ``if``), what ``__toString`` cannot be (at the whole string).
ELSEWHERE: Final = re.compile(r"^-|^.+ ([-*/<]|&&|\|\||->|\+\+) |inherit \(|with x; y|^if |__toString")


def at_the_call(error: EvalError) -> None:
    """Move the place of a call with wrong arguments from the function, where current Nix shows it, to the call, as 2.8 does."""
    if error.frames and error.frames[0].text == "from call site":
        error.pos = error.frames.pop(0).pos


def test_failures() -> None:
    """The first line of the message, and line and column."""
    need_28()
    failing = [case for topic in topics(FOLDER) for case in cases(topic, FOLDER) if case.nix28.startswith("! ")]
    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(lambda case: nix("--strict", "-E", case.expression).stderr, failing))
    wrong = []
    for case, said in zip(failing, found, strict=True):
        first = next((line for line in said.split("\n") if line.startswith("error: ")), said)
        if without_place("! " + first.removeprefix("error: ")) != in_words_of_2_8(case.nix28):
            wrong.append((case.expression, said))
        place = PLACE.search(said)
        ours = _place(case)
        if place is not None and place[1] != ours and not ELSEWHERE.search(case.expression):
            wrong.append((case.expression, f"at {place[1]}, not at {ours}"))
    assert wrong == []


def _place(case: Case) -> str:
    evaluator = Evaluator(MemoryIO())

    def work() -> None:
        evaluator.machine.force_deep(evaluator.eval_string(case.expression.encode(), "/here"))

    try:
        bigstack.run(work)
    except ImagetoolsError as error:
        if isinstance(error, EvalError):
            at_the_call(error)
        pos = getattr(error, "pos", None)
        return str(pos).removeprefix("(string):") if pos is not None else "nowhere"
    return "a value"


def test_printing() -> None:
    need_28()
    for text, expected in printer_cases.LAZY:
        assert nix("-E", text).stdout == expected + "\n", text
    for text, expected in printer_cases.STRICT:
        assert nix("--strict", "-E", text).stdout == expected + "\n", text


def test_json() -> None:
    need_28()
    for text, expected in json_cases.VALUES:
        assert nix("--strict", "--json", "-E", text).stdout == expected, text


def test_attribute_positions(tmp_path: Path) -> None:
    need_28()
    files = []
    columns = [(text, column) for text, column in COLUMNS if "inherit" not in text]  # 2.8 points before the name
    for i, (text, _) in enumerate(columns):
        file = tmp_path / f"{i}.nix"
        file.write_text(text)
        files.append(file)
    together = "[ " + " ".join(f'(builtins.unsafeGetAttrPos "x" (import {file})).column' for file in files) + " ]"
    assert nix("--strict", "-E", together).stdout == f"[ {' '.join(str(column) for _, column in columns)} ]\n"


SELECTIONS: Final = [
    ("{ a.b = 1; }", "a.b"),
    ("{ a = [ 1 { b = 2; } ]; }", "a.1.b"),
    ('{ x."a.b".c = 1; }', 'x."a.b".c'),
    ("{ x ? 1 }: { y = x; }", "y"),
    ("{ __functor = self: { x ? 1 }: { y = x; }; }", "y"),
    ("x: 1", ""),
    ("{ a = { x ? 1 }: 2; }", "a"),
    ("{ a = 1; }", "x"),
    ("{ a.b = 1; }", "a.x"),
    ("{ a = 1; }", "a.b"),
    ("{ a = 1; }", "0"),
    ("[ 1 ]", "1"),
    ("{ a = 1; }", ".a"),
    ("{ a = 1; }", '"a'),
    ("{ x }: { y = x; }", "y"),
]


@pytest.mark.parametrize(("text", "path"), SELECTIONS)
def test_selection_paths(text: str, path: str) -> None:
    need_28()
    evaluator = Evaluator(MemoryIO())

    def work() -> str:
        return printer.show(evaluator.machine, evaluator.select_path(evaluator.eval_string(text.encode()), path, {}))

    try:
        ours = bigstack.run(work)
    except ImagetoolsError as error:
        ours = "error: " + error.message
    said = nix("-A", path, "-E", text)
    assert ours == (said.stdout or said.stderr).split("\n")[0]


PROGRAM: Final = """let
  f = x:
    let y = x + 1; in
    g y;
  g = { z }: z;
  h = a: b: a.missing + b;
in {
  formals = f 1;
  typo = h { missin = 1; } 2;
  assertion = assert f == g || false; 1;
  coercion = toString { };
  recursion = let x = x; in x;
  integer = "${1}";
  operator = 1 + { };
  called = h 1 2;
  attribute = { a = { b = "${null}"; }; }.a.b;
  unexpected = (import ./other.nix).y;
}
"""
OTHER: Final = """{
  x = 1 + "a";
  y = ({ z }: z) { z = 1; zz = 2; };

}"""


@pytest.mark.parametrize("name", re.findall(r"^  (\w+) = (?!.*:$)", PROGRAM.split("in {")[1], re.MULTILINE))
def test_whole_error_texts(name: str, tmp_path: Path) -> None:
    """With the trace, to the letter (but for what ``sentences`` tells); without it, up to the hint that there is one (which we
    give more often)."""
    need_28()
    (tmp_path / "p.nix").write_text(PROGRAM)
    (tmp_path / "other.nix").write_text(OTHER)
    files = {str(path): path.read_bytes() for path in tmp_path.iterdir()}
    evaluator = Evaluator(MemoryIO(files))

    def work() -> object:
        return evaluator.machine.force_deep(evaluator.select_path(evaluator.eval_file(str(tmp_path / "p.nix")), name, {}))

    with pytest.raises(EvalError) as caught:
        bigstack.run(work)
    at_the_call(caught.value)
    for options, show_trace in (((), False), (("--show-trace",), True)):
        said = nix("--strict", *options, "-A", name, "p.nix", cwd=tmp_path).stderr.rstrip("\n")
        ours = report.render(caught.value, evaluator.read_source, show_trace)
        first, _, rest = ours.removesuffix(HINT).rstrip("\n").partition("\n")
        nix_first, _, nix_rest = said.removesuffix(HINT).rstrip("\n").partition("\n")
        assert in_words_of_2_8(first.replace("error:", "!", 1)) == without_place(nix_first.replace("error:", "!", 1))
        assert rest == nix_rest
