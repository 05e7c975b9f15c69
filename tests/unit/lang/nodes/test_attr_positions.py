"""Where attributes were written, through everything that makes sets."""

from typing import Final

import pytest

from tests.unit.lang.evaluated import shown
from tests.unit.lang.memory_io import MemoryIO

COLUMNS: Final = [
    ("{ x = 1; }", 3),
    ("rec { x = 1; }", 7),
    ("{ y.x = 1; }.y", 3),
    ("{ x = 1; } // { y = 2; }", 3),
    ("{ x = 1; } // { x = 2; }", 17),
    ("{ y = 1; } // { x = 2; }", 17),
    ("{ x = 1; } // { y = 1; } // { z = 1; }", 3),
    ("let x = 1; in { inherit x; }", 25),
    ("{ inherit ({ x = 1; }) x; }", 24),
    ('{ ${"x"} = 1; }', 3),
    ('{ ${"" + "x"} = 1; }', 3),
    ('{ ${"" + "y"} = 1; x = 2; }', 20),
    ("rec { x = 1; __overrides = { x = 2; }; }", 30),
    ('{ ${null} = 1; x = 2; ${"y"} = 3; }', 16),
    ("let f = a: i: a // { x = i; }; in builtins.foldl' f { y = 1; } [ 1 2 3 ]", 22),
    ('builtins.listToAttrs [ { name = "y"; value = 1; } { name = "x"; value = 2; } ]', 65),
    ('builtins.listToAttrs (map (name: { inherit name; value = 1; }) [ "y" "x" ])', 50),
    ('builtins.removeAttrs { x = 1; y = 2; } [ "y" ]', 24),
    ("builtins.functionArgs ({ x }: x)", 26),
    ('{ x = 1; } // removeAttrs { x = 2; y = 3; } [ "x" ]', 3),
    ("{ x = 1; } // builtins.intersectAttrs { y = 1; } { x = 2; y = 3; }", 3),
    ('{ x = 1; } // ({ y = 1; } // removeAttrs { x = 2; y = 3; } [ "x" ])', 3),
    ('removeAttrs ({ x = 1; } // { x = 2; y = 3; }) [ "y" ]', 30),
    ("builtins.mapAttrs (n: v: v) { x = 1; } // { x = 2; }", 45),
    ("{ x = 1; } // builtins.mapAttrs (n: v: v) { y = 1; }", 3),
    ('rec { x = 1; __overrides = removeAttrs { x = 2; y = 3; } [ "x" ]; }', 7),
]


@pytest.mark.parametrize(("text", "column"), COLUMNS)
def test_position(text: str, column: int) -> None:
    io = MemoryIO({"/here/f.nix": text})
    found = shown('let p = builtins.unsafeGetAttrPos "x" (import ./f.nix); in [ p.file p.line p.column ]', io)
    assert found == f'[ "/here/f.nix" 1 {column} ]'


NOWHERE: Final = [
    "{ y = 1; }",
    "{ x = 1; } // builtins.mapAttrs (n: v: v) { x = 2; }",
    "{ x = 1; } // (builtins.mapAttrs (n: v: v) { x = 2; } // { y = 1; })",
    '{ x = 1; } // removeAttrs (builtins.mapAttrs (n: v: v) { x = 2; y = 3; } // { z = 1; }) [ "y" ]',
    '{ x = 1; } // builtins.listToAttrs (map (builtins.mapAttrs (n: v: v)) [ { name = "x"; value = 1; } ])',
    "{ x = 1; } // builtins.intersectAttrs { x = 1; } (builtins.mapAttrs (n: v: v) { x = 2; })",
    "rec { x = 1; __overrides = builtins.mapAttrs (n: v: v) { x = 2; }; }",
]


@pytest.mark.parametrize("text", NOWHERE)
def test_no_position(text: str) -> None:
    assert shown('builtins.unsafeGetAttrPos "x" (import ./f.nix)', MemoryIO({"/here/f.nix": text})) == "null"


def test_cur_pos_names_the_file() -> None:
    io = MemoryIO({"/here/f.nix": "\n  [ __curPos ]"})
    assert shown("import ./f.nix", io) == '[ { column = 5; file = "/here/f.nix"; line = 2; } ]'
