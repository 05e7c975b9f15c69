"""The embedded set through real Nix: the same values, and the same derivations by path."""

import json
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix
from tests.oracle.peers import need
from tests.unit.pkgs.evaluate import PACKAGE, all_in_one
from tests.unit.pkgs.lib_cases import NEWER
from tests.unit.pkgs.lib_cases import VALUES as LIB
from tests.unit.pkgs.set_cases import DERIVATIONS
from tests.unit.pkgs.set_cases import VALUES as SET

pytestmark = pytest.mark.oracle
NIX_PATH = f"nixpkgs={PACKAGE}/pkgs"


def test_values(tmp_path: Path) -> None:
    need("nix-instantiate")
    cases = list(LIB | NEWER | SET)
    expression = all_in_one(cases)
    theirs = nix("nix-instantiate", "--eval", "--strict", "--json", "-E", expression, root=tmp_path, nix_path=NIX_PATH)
    ours = imagetools("eval", "--strict", "--json", "-E", expression, home=tmp_path)
    assert dict(zip(cases, json.loads(ours.stdout), strict=True)) == dict(zip(cases, json.loads(theirs.stdout), strict=True))


def test_derivations(tmp_path: Path) -> None:
    need("nix-instantiate")
    expression = all_in_one(DERIVATIONS)
    theirs = nix("nix-instantiate", "-E", expression, root=tmp_path, nix_path=NIX_PATH)
    ours = imagetools("instantiate", "-E", expression, home=tmp_path)
    assert set(ours.stdout.split()) == set(theirs.stdout.split())
    assert len(ours.stdout.split()) >= len(DERIVATIONS) - 3
