"""Trees: what ``nix-instantiate --parse`` prints, for some hundreds of expressions."""

import itertools
import os
import subprocess
from pathlib import Path

import pytest

from imagetools.lang.syntax.parser import parse_file
from imagetools.lang.syntax.show import show
from tests.oracle.parse_output import normal
from tests.oracle.peers import need
from tests.unit.lang.syntax.sources import TREES
from tests.unit.lang.syntax.trees import GLOBALS, LETTERS

pytestmark = pytest.mark.oracle

SIGNS = ["->", "||", "&&", "==", "!=", "<", "<=", ">", ">=", "//", "+", "-", "*", "/", "++"]
NEITHER = (["==", "!="], ["<", "<=", ">", ">="])

# Nix 2.8 keeps the empty string before the interpolation, so that this is not a plain string yet.
OTHERWISE_IN_2_8 = {"''  ${\"x\"}''"}
CASES = Path(__file__).with_name("parse_cases.txt")


def sources() -> list[str]:
    """Expressions that Nix accepts, with every one-letter name bound."""
    found = [source for source, expected in TREES if expected is not None and source not in OTHERWISE_IN_2_8]
    for first, second in itertools.product(SIGNS, repeat=2):
        if not any(first in group and second in group for group in NEITHER):
            found.append(f"a {first} b {second} c")
    for sign in SIGNS:
        found += [
            f"!a {sign} b",
            f"-a {sign} b",
            f"a {sign} !b {sign if sign in '+*' else '++'} c",
            f"f a {sign} g b",
            f"a {sign} b ? c",
        ]
    found += CASES.read_text().splitlines()
    found += ['"a\nb"', '"a\r\nb\rc"', "''\r\n  a\r\n''", "a\r\nb", "a\rb"]
    for indent, body, end in itertools.product(
        ("", "\n", "  \n", " "), ("a", "  a\n b", "\n\n   a\n  \n", "  ${x}\n    b", "\ta\n"), ("", "\n", "  ")
    ):
        found.append(f"''{indent}{body}{end}''")
    found += ['"\xff\xe4\xc3\xa4"', "# \xff\n1"]
    return found


def test_trees_are_those_of_nix(tmp_path: Path) -> None:
    need("nix-instantiate")
    texts = [f"{': '.join(LETTERS)}:\n{source}" for source in sources()]
    assert len(texts) > 500
    names = []
    for number, text in enumerate(texts):
        name = tmp_path / f"{number}.nix"
        name.write_bytes(text.encode("latin-1"))
        names.append(str(name))
    environment = {**os.environ, "NIX_REMOTE": "dummy://", "HOME": "/home/me"}
    result = subprocess.run(["nix-instantiate", "--parse", *names], capture_output=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr.decode("utf-8", "replace")
    theirs = result.stdout.decode("latin-1").splitlines(keepends=True)
    ours = [show(parse_file(text.encode("latin-1"), "f", GLOBALS)[0], str(tmp_path), "/home/me") for text in texts]
    assert len(theirs) == len(ours)
    different = [(text, a, b) for text, a, b in zip(texts, ours, theirs, strict=True) if normal(a) != normal(b)]
    assert different == []
