""".drv files against ``nix-instantiate``: bytes, output paths and .drv paths."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from imagetools.formats import aterm, modulo
from imagetools.formats.addressing import placeholder, text_path
from imagetools.formats.store_path import StoreDir
from imagetools.kernel.bytestr import to_bytes, to_str
from imagetools.kernel.hashes import Hash
from tests.oracle.peers import need
from tests.unit.formats.samples import GOLDEN

pytestmark = pytest.mark.oracle

STORE = StoreDir()

MORE = r"""
let
  drv = attrs: derivation ({ name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; } // attrs);
  bytes = builtins.readFile ./bytes;
  chain = builtins.foldl' (below: number: drv { name = "c${toString number}"; inherit below; }) null (builtins.genList (n: n) 30);
  wide = builtins.genList (number: drv { name = "w${toString number}"; outputs = [ "out" "b" "a" ]; }) 20;
in [
  chain
  (drv { inherit bytes wide; third = (builtins.elemAt wide 3).a; args = [ bytes "" "\\" "\"" "\n\r\t" ]; })
  (drv { outputs = [ "z" "y" ]; "" = "empty name"; z = "overwritten"; })
  (drv { __structuredAttrs = true; list = [ 1 "zwei" { drei = 3.5; } ]; text = "\"ü\n"; })
  (drv { outputHashMode = "recursive"; outputHashAlgo = "sha512"; outputHash = ""; })
  (drv { builder = ./bytes; src = builtins.path { path = ./bytes; name = "renamed"; }; whole = chain.drvPath; })
]
"""


def instantiated(expression: Path, root: Path) -> dict[str, str]:
    """Path of each .drv that real Nix writes for an expression to its text."""
    need("nix-instantiate")
    subprocess.run(["nix-instantiate", "--store", f"local?root={root}", expression], check=True, capture_output=True)
    return {f"/nix/store/{file.name}": to_str(file.read_bytes()) for file in (root / "nix/store").glob("*.drv")}


def check_all(texts: dict[str, str]) -> None:
    parsed = {path: aterm.parse(text, STORE.parse(path).name.removesuffix(".drv")) for path, text in texts.items()}
    cache: dict[str, Hash] = {}

    def known(path: str) -> Hash:
        if path not in cache:
            cache[path] = modulo.hash_modulo(parsed[path], known)
        return cache[path]

    for path, drv in parsed.items():
        assert aterm.serialise(drv) == texts[path]
        done = modulo.complete(STORE, drv, known)
        assert done.derivation == drv
        assert done.text == to_bytes(texts[path])
        assert done.modulo == known(path)
        references = [STORE.parse(text) for text in (*drv.input_drvs, *drv.input_srcs)]
        assert STORE.join(text_path(STORE, drv.name + ".drv", done.text, references)) == path


def test_the_golden_files_are_what_nix_writes(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "expression.nix", tmp_path)
    texts = instantiated(tmp_path / "expression.nix", tmp_path / "root")
    assert texts == {f"/nix/store/{file.name}": to_str(file.read_bytes()) for file in GOLDEN.glob("*.drv")}
    check_all(texts)


def test_more_shapes(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(bytes(range(1, 256)))
    (tmp_path / "more.nix").write_text(MORE)
    texts = instantiated(tmp_path / "more.nix", tmp_path / "root")
    assert len(texts) > 50
    check_all(texts)


def test_a_package_of_nixpkgs(tmp_path: Path) -> None:
    """Only where a nixpkgs is at hand: IMAGETOOLS_NIXPKGS."""
    nixpkgs = Path(os.environ.get("IMAGETOOLS_NIXPKGS", "/nonexistent"))
    if not nixpkgs.is_dir():
        pytest.skip("IMAGETOOLS_NIXPKGS names no folder")
    (tmp_path / "hello.nix").write_text(f"(import {nixpkgs} {{}}).hello")
    check_all(instantiated(tmp_path / "hello.nix", tmp_path / "root"))


def test_placeholders() -> None:
    need("nix-instantiate")
    names = ["out", "dev", "a-b", "ü"]
    listed = " ".join(f'(builtins.placeholder "{name}")' for name in names)
    command = ["nix-instantiate", "--eval", "--strict", "-E", f'builtins.concatStringsSep " " [ {listed} ]']
    peer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().strip('"')
    assert peer.split() == [placeholder(to_str(name.encode())) for name in names]
