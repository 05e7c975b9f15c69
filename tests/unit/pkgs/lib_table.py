"""The table of expressions over lib in tests/golden/lib: what each is worth was asked of nixpkgs' own lib."""

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "golden" / "lib"


@dataclass(frozen=True)
class Row:
    """``young``: nixpkgs 20.09 does not have it, or answers otherwise."""

    expression: str
    value: object
    young: bool


def rows() -> list[Row]:
    lines = (FOLDER / "expressions.txt").read_text("utf-8").splitlines()
    expressions = [line for line in lines if line and not line.startswith("#")]
    values = json.loads((FOLDER / "values.json").read_text("utf-8"))
    return [
        Row(expression.removeprefix("~"), value, expression.startswith("~"))
        for expression, value in zip(expressions, values, strict=True)
    ]


def as_list(table: list[Row]) -> str:
    """One Nix list of all of them."""
    return "[\n" + "\n".join(f"({row.expression})" for row in table) + "\n]"


def wrong(table: list[Row], found: list[object]) -> list[tuple[str, object, object]]:
    return [(row.expression, value, row.value) for row, value in zip(table, found, strict=True) if value != row.value]
