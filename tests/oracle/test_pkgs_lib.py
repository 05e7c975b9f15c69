"""Our lib beside nixpkgs' own: the same names, and the same values wherever it has the function.

IMAGETOOLS_NIXPKGS names a checkout of nixpkgs (20.09), IMAGETOOLS_NIXPKGS_LIB the folder ``lib`` of a current one.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix
from tests.oracle.peers import need
from tests.unit.pkgs.evaluate import PACKAGE
from tests.unit.pkgs.lib_cases import NEWER, VALUES
from tests.unit.pkgs.lib_table import Row, as_list, rows, wrong

pytestmark = pytest.mark.oracle

# what nixpkgs got later than 20.09, or words otherwise there
YOUNGER = ("composeManyExtensions", "sanitizeDerivationName", "escapeNixString")

TOPICS = (
    *("asserts", "attrsets", "cli", "customisation", "debug", "derivations", "filesystem", "fixedPoints", "generators", "lists"),
    *("meta", "path", "strings", "stringsWithDeps", "trivial", "versions"),
)
# Not here: GVariant with its generators, and a word of NixOS about packages.
LEFT_OUT = {"mkDconfKeyValue", "toDconfINI", "cpeFullVersionWithVendor"}


def old_lib() -> str:
    path = os.environ.get("IMAGETOOLS_NIXPKGS", "")
    if not path:
        pytest.skip("IMAGETOOLS_NIXPKGS names no checkout of nixpkgs")
    return f"{path}/lib"


def current_lib() -> str:
    path = os.environ.get("IMAGETOOLS_NIXPKGS_LIB", "")
    if not path:
        pytest.skip("IMAGETOOLS_NIXPKGS_LIB names no folder with the lib of nixpkgs")
    return path


def is_old(lib: str) -> bool:
    return not os.path.exists(f"{lib}/fileset")


def evaluate(text: str, root: Path) -> object:
    file = root / "expression.nix"
    file.write_text(text, "utf-8")
    return json.loads(nix("nix-instantiate", "--eval", "--strict", "--json", str(file), root=root).stdout)


def values(lib: str, table: list[Row], root: Path) -> list[object]:
    found = evaluate(f"let lib = import {lib}; in {as_list(table)}", root)
    assert isinstance(found, list)
    return found


def test_the_table_in_real_nix(tmp_path: Path) -> None:
    need("nix-instantiate")
    table = rows()
    assert wrong(table, values(f"{PACKAGE}/pkgs/lib", table, tmp_path)) == []


@pytest.mark.parametrize("which", [old_lib, current_lib])
def test_the_table_with_the_lib_of_nixpkgs(which: Callable[[], str], tmp_path: Path) -> None:
    need("nix-instantiate")
    lib = which()
    table = [row for row in rows() if not (row.young and is_old(lib))]
    assert wrong(table, values(lib, table, tmp_path)) == []


@pytest.mark.parametrize("which", [old_lib, current_lib])
def test_small_cases(which: Callable[[], str], tmp_path: Path) -> None:
    need("nix-instantiate")
    lib = which()
    old = is_old(lib)
    cases = VALUES if old else VALUES | NEWER
    table = [
        Row(expression, value, False)
        for expression, value in cases.items()
        if value is not None
        and not (old and any(name in expression for name in YOUNGER))
        and "systems.elaborate" not in expression
    ]
    assert wrong(table, values(lib, table, tmp_path)) == []


@pytest.mark.parametrize("which", [old_lib, current_lib])
def test_every_name(which: Callable[[], str], tmp_path: Path) -> None:
    need("nix-instantiate")
    lib = which()
    names = f"lib: map (topic: builtins.attrNames lib.${{topic}} or {{ }}) (builtins.fromJSON ''{json.dumps(TOPICS)}'')"
    theirs = evaluate(f"({names}) (import {lib})", tmp_path)
    ours = json.loads(
        imagetools("eval", "--json", "--strict", "-E", f"({names}) (import {PACKAGE}/pkgs/lib)", home=tmp_path).stdout
    )
    assert isinstance(theirs, list)
    missing = {topic: set(a) - set(b) - LEFT_OUT for topic, a, b in zip(TOPICS, theirs, ours, strict=True)}
    assert {topic: names for topic, names in missing.items() if names} == {}
