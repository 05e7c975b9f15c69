"""Whose file it is."""

from pathlib import Path

import pytest

from imagetools.app.settings import PACKAGE
from imagetools.app.ui.own_files import OwnFiles


@pytest.fixture
def nixpkgs(tmp_path: Path) -> Path:
    tree = tmp_path / "a tree"
    for name in ("pkgs/top-level/all-packages.nix", "lib/fixed-points.nix", "lib/customisation.nix", "pkgs/x/default.nix"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    return tree


def test_libraries(nixpkgs: Path, tmp_path: Path) -> None:
    own = OwnFiles("/nix/store", str(tmp_path))
    assert not own(f"{nixpkgs}/pkgs/x/default.nix")
    assert not own(f"{nixpkgs}/lib/types.nix")
    assert not own("/nix/store/x-source/default.nix")
    assert not own("/builtin/derivation.nix")
    assert not own(f"{PACKAGE}/pkgs/lib/lists.nix")


def test_own_files(tmp_path: Path) -> None:
    own = OwnFiles("/nix/store", "/")
    assert own(f"{tmp_path}/default.nix")
    assert own("(string)")
    assert own("/no/such/file.nix")
    assert own("/nix/storehouse/a.nix")


def test_in_a_tree_of_nixpkgs_only_its_lib_is_a_library(nixpkgs: Path) -> None:
    own = OwnFiles("/nix/store", str(nixpkgs / "pkgs"))
    assert own(f"{nixpkgs}/pkgs/x/default.nix")
    assert not own(f"{nixpkgs}/lib/types.nix")
