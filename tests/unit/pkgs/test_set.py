from pathlib import Path

from tests.unit.pkgs.evaluate import failures, values
from tests.unit.pkgs.set_cases import FAILURES, VALUES


def test_values(tmp_path: Path) -> None:
    assert values(list(VALUES), tmp_path) == VALUES


def test_failures(tmp_path: Path) -> None:
    found = failures(list(FAILURES), tmp_path)
    assert not [(expression, found[expression]) for expression, text in FAILURES.items() if text not in found[expression]]
