"""docs/nix-versions.md: what it says of each line that holds it is there, and run by a test."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.unit.instantiate import store_cases
from tests.unit.lang.builtins.case_files import FOLDER, cases, topics
from tests.unit.lang.nodes.test_cases import FOLDER as NODES

ROOT: Final = Path(__file__).resolve().parents[3]
PAGE: Final = (ROOT / "docs/nix-versions.md").read_text("utf-8")
SUITE: Final = re.compile(r"(eval|parse)-(okay|fail)-[\w*-]+")
EXPRESSIONS: Final = {
    case.expression for folder in (FOLDER, NODES, store_cases.FOLDER) for topic in topics(folder) for case in cases(topic, folder)
}


def lines() -> list[tuple[str, str]]:
    """What each line of each table is about, and its last cell."""
    found = []
    for line in PAGE.split("\n"):
        if line.startswith("| ") and not line.startswith("| what |"):
            cells = re.split(r"(?<!\\) ?\| ?", line.strip("|"))
            found.append((cells[0].strip(), cells[-1].strip() or cells[-2].strip()))
    return found


def held(cell: str) -> list[str]:
    """The names in a cell that nothing stands behind."""
    missing = []
    for name in re.findall(r"`([^`]+)`", cell):
        text = name.replace("\\|", "|")
        if text.startswith("tests/"):
            good = (ROOT / text).is_file()
        elif SUITE.fullmatch(text):
            good = True  # the suite is Nix's: tests/oracle/test_language_suite.py runs all that is there
        else:
            good = text in EXPRESSIONS
        if not good:
            missing.append(text)
    return missing


@pytest.mark.parametrize(("what", "cell"), lines())
def test_each_line_has_a_case(what: str, cell: str) -> None:
    assert "`" in cell, f"{what}: no case"
    assert held(cell) == []


def test_the_tables_are_found() -> None:
    assert len(lines()) > 70
    assert held("`builtins.nothing 1`, `tests/unit/nothing.py`") == ["builtins.nothing 1", "tests/unit/nothing.py"]
