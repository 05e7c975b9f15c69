"""The functions for forges beside those of nixpkgs 20.09 (IMAGETOOLS_NIXPKGS): the same addresses, the same paths."""

import json
import os
from pathlib import Path

import pytest

from tests.oracle.commands import nix
from tests.oracle.peers import need
from tests.unit.fetchers.forge_cases import OLD, SHOW

pytestmark = pytest.mark.oracle


def test_nixpkgs_answers_the_same(tmp_path: Path) -> None:
    need("nix-instantiate")
    nixpkgs = os.environ.get("IMAGETOOLS_NIXPKGS", "")
    if not nixpkgs:
        pytest.skip("IMAGETOOLS_NIXPKGS names no checkout of nixpkgs")
    items = "\n".join(f"(show (pkgs.{call}))" for call in OLD)
    text = f"let pkgs = import {nixpkgs} {{ config = {{ }}; }}; show = {SHOW}; in [ {items} ]"
    done = nix("nix-instantiate", "--eval", "--strict", "--json", "-E", text, root=tmp_path)
    assert dict(zip(OLD, json.loads(done.stdout), strict=True)) == OLD
