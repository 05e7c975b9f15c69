"""``unsafeGetAttrPos``: which builtins keep the places of attributes."""

import pytest

from tests.unit.lang.builtins.evaluating import outcome
from tests.unit.lang.memory_io import MemoryIO


def place(column: int) -> str:
    return f'= {{ column = {column}; file = "/here/x.nix"; line = 1; }}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ a = 1; }", place(3)),
        ('removeAttrs { a = 1; b = 2; } [ "b" ]', place(15)),
        ("builtins.intersectAttrs { a = 1; } { a = 2; }", place(38)),
        ('builtins.listToAttrs [ { name = "b"; value = 2; } { name = "a"; value = 1; } ]', place(65)),
        ("builtins.functionArgs ({ a }: a)", place(26)),
        ("builtins.mapAttrs (n: v: v) { a = 1; }", "= null"),
        ("builtins.zipAttrsWith (n: v: v) [ { a = 1; } ]", "= null"),
        ('builtins.fromJSON "{\\"a\\":1}"', "= null"),
        ("{ b = 1; }", "= null"),
    ],
)
def test_places(text: str, expected: str) -> None:
    io = MemoryIO({"/here/x.nix": text})
    assert outcome('builtins.unsafeGetAttrPos "a" (import /here/x.nix)', io) == expected
