"""Our lib beside nixpkgs' own (IMAGETOOLS_NIXPKGS names a checkout): the same values wherever it has the function."""

import json
import os
from pathlib import Path

import pytest

from tests.oracle.commands import nix
from tests.oracle.peers import need
from tests.unit.pkgs.lib_cases import VALUES

pytestmark = pytest.mark.oracle

# what nixpkgs got later than 20.09, or words otherwise there
YOUNGER = ("composeManyExtensions", "sanitizeDerivationName", "escapeNixString")


@pytest.fixture(scope="module")
def nixpkgs() -> str:
    path = os.environ.get("IMAGETOOLS_NIXPKGS", "")
    if not path:
        pytest.skip("IMAGETOOLS_NIXPKGS names no checkout of nixpkgs")
    need("nix-instantiate")
    return path


def test_values(nixpkgs: str, tmp_path: Path) -> None:
    old = not os.path.exists(f"{nixpkgs}/lib/fileset")
    cases = {
        expression: value
        for expression, value in VALUES.items()
        if value is not None and not (old and any(name in expression for name in YOUNGER))
    }
    items = "\n".join(f"({expression})" for expression in cases)
    expression = f"let lib = import {nixpkgs}/lib; in [ {items} ]"
    done = nix("nix-instantiate", "--eval", "--strict", "--json", "-E", expression, root=tmp_path)
    assert dict(zip(cases, json.loads(done.stdout), strict=True)) == cases
