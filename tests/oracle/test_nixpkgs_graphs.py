"""nixpkgs' own functions over graphs of references (IMAGETOOLS_NIXPKGS names a checkout of 20.09), built by Nix and by us.

The stdenv is a small one that runs the host's bash; ``closureInfo`` wants jq.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.builds import Pair, pair
from tests.oracle.peers import need
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

STDENV = """
let
  a = builtins.toFile "a" "a";
  tree = derivation { name = "tree"; system = "x86_64-linux"; builder = "/bin/sh"; PATH = "/bin";
    args = [ "-c" "mkdir $out; echo ${a} > $out/b; echo $out > $out/self" ]; };
  bash = args: derivation ({ system = "x86_64-linux"; builder = "/bin/bash"; PATH = "/usr/bin:/bin"; } // args);
  mkDerivation = args: bash (removeAttrs args [ "builder" ] // { args = [ "-e" args.builder ]; PATH = "/usr/bin:/bin"; });
  buildPackages = { coreutils = "/usr"; jq = "/usr"; };
"""


@pytest.fixture(scope="module")
def stores() -> Iterator[Pair]:
    need("nix-store", "nix-instantiate")
    need_namespaces()
    with pair() as made:
        yield made


@pytest.fixture(scope="module")
def nixpkgs() -> Path:
    folder = os.environ.get("IMAGETOOLS_NIXPKGS", "")
    if not folder:
        pytest.skip("IMAGETOOLS_NIXPKGS names no checkout of nixpkgs")
    return Path(folder)


def test_closure_info(stores: Pair, nixpkgs: Path) -> None:
    if shutil.which("jq") is None:
        pytest.skip("no jq here")
    file = nixpkgs / "pkgs/build-support/closure-info.nix"
    info = f"import {file} {{ stdenv = {{ inherit mkDerivation; }}; inherit buildPackages; }} {{ rootPaths = [ tree a ]; }}"
    expression = STDENV + f'  info = {info};\nin bash {{ name = "all"; args = [ "-ec" "cd ${{info}}; tail -n 100 * > $out" ]; }}'
    theirs, ours = stores.both(expression)
    assert (theirs.exit_code, ours.exit_code) == (0, 0), (theirs.said, ours.said)
    assert ours.text == theirs.text
    assert "store-paths" in (ours.text or "")


def test_write_references_to_file(stores: Pair, nixpkgs: Path) -> None:
    text = (nixpkgs / "pkgs/build-support/trivial-builders.nix").read_text()
    function = text.partition("writeReferencesToFile = ")[2].partition("'';")[0] + "''"
    run = '  runCommand = name: env: text: bash ({ inherit name; args = [ "-ec" text ]; } // env);\n'
    theirs, ours = stores.both(f"{STDENV}{run}in ({function}) tree")
    assert (theirs.exit_code, ours.exit_code) == (0, 0), (theirs.said, ours.said)
    assert ours.text == theirs.text
    assert len((ours.text or "").splitlines()) == 2
