"""What imagetools has decided for itself where evaluation meets the store (docs/nix-versions.md)."""

from pathlib import Path

from imagetools.lang.evaluator import DEFAULT_VERSION
from tests.unit.instantiate.session import Session


def test_a_derivation_may_hold_the_version(tmp_path: Path) -> None:
    """It is what expressions may rely on, and no more: another Nix gives another path."""
    session = Session(tmp_path)
    text = 'derivation { name = "x"; system = "s"; builder = "b"; version = VERSION; }'
    held = session.shown(f"({text.replace('VERSION', 'builtins.nixVersion')}).drvPath")
    assert held == session.shown(f"({text.replace('VERSION', f'{chr(34)}{DEFAULT_VERSION}{chr(34)}')}).drvPath")
    assert held != session.shown(f"({text.replace('VERSION', f'{chr(34)}2.8.0{chr(34)}')}).drvPath")


def test_a_path_in_the_store_with_its_hash_is_copied_without_references(tmp_path: Path) -> None:
    session = Session(tmp_path)
    prelude = 'let g = builtins.toFile "g" "uses ${builtins.toFile "f" "text"}"; in '
    call = 'builtins.path { path = g; name = "copy"; recursive = false; sha256 = builtins.hashFile "sha256" g; }'
    copied = session.shown(prelude + call).strip('"')
    info = session.store.query(session.store.store_dir.parse(copied))
    assert info is not None
    assert info.references == ()
    assert session.shown(prelude + f"builtins.readFile ({call}) == builtins.readFile g") == "true"
