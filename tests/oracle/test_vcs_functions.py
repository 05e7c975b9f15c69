"""fetchgit, fetchhg and fetchsvn beside those of nixpkgs 20.09 (IMAGETOOLS_NIXPKGS): the same calls give the same paths."""

import json
import os
from pathlib import Path

import pytest

from tests.oracle.commands import nix
from tests.oracle.peers import need
from tests.unit.fetchers.vcs_cases import OLD
from tests.unit.pkgs.evaluate import values

pytestmark = pytest.mark.oracle


def test_the_same_paths(tmp_path: Path) -> None:
    need("nix-instantiate")
    nixpkgs = os.environ.get("IMAGETOOLS_NIXPKGS", "")
    if not nixpkgs:
        pytest.skip("IMAGETOOLS_NIXPKGS names no checkout of nixpkgs")
    items = "\n".join(f"(pkgs.{call}).outPath" for call in OLD)
    text = f"let pkgs = import {nixpkgs} {{ config = {{ }}; }}; in [ {items} ]"
    done = nix("nix-instantiate", "--eval", "--strict", "--json", "-E", text, root=tmp_path)
    ours = values([f"(pkgs.{call}).outPath" for call in OLD], tmp_path)
    assert list(ours.values()) == json.loads(done.stdout)
