"""Which derivations a value means (what nix-build and nix-instantiate take)."""

from pathlib import Path

import pytest

from imagetools.instantiate.find import NoDerivationError
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.errors import AssertionFailed
from tests.unit.instantiate.session import Session

D = 'd = name: derivation { inherit name; system = "s"; builder = "b"; outputs = [ "out" "dev" ]; };'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('d "a"', ["a:out"]),
        ('(d "a").dev', ["a:dev"]),
        ('[ (d "a") (d "b").dev ]', ["a:out", "b:dev"]),
        ('{ z = d "z"; a = d "a"; }', ["a:out", "z:out"]),
        ('{ a = d "a"; n = { b = d "b"; }; }', ["a:out"]),
        (
            '{ n = { recurseForDerivations = true; b = d "b"; m = { recurseForDerivations = true; c = d "c"; }; }; }',
            ["b:out", "c:out"],
        ),
        ('{ "odd name" = d "x"; "1st" = d "y"; _ok = d "z"; }', ["z:out"]),
        ('{ x ? 1 }: d "f"', ["f:out"]),
        ('[ { a = d "a"; } [ (d "b") ] ({ }: d "c") ]', ["a:out", "b:out", "c:out"]),
        ('let x = d "x"; in [ x x ]', ["x:out"]),
        ("{ }", []),
        ('{ a = 1; b = "text"; }', []),
    ],
)
def test_found(text: str, names: list[str], tmp_path: Path) -> None:
    found = Session(tmp_path).found(f"let {D} in {text}")
    assert [f"{item.name}:{item.output}" for item in found] == names


@pytest.mark.parametrize("text", ["1", '"text"', "x: x", "[ 1 ]", "null"])
def test_what_means_no_derivation(text: str, tmp_path: Path) -> None:
    with pytest.raises(NoDerivationError, match="does not evaluate to a derivation") as caught:
        Session(tmp_path).found(text)
    assert "-A" in (caught.value.hint or "")


def test_failures_pass_through(tmp_path: Path) -> None:
    with pytest.raises(AssertionFailed):
        Session(tmp_path).found("{ a = assert false; 1; }")
    with pytest.raises(ImagetoolsError, match="drvPath"):
        Session(tmp_path).found('{ type = "derivation"; }')
