from pathlib import Path

from tests.unit.pkgs.evaluate import failures, values
from tests.unit.pkgs.lib_cases import FAILURES, NEWER, VALUES


def test_values(tmp_path: Path) -> None:
    wanted = {expression: value for expression, value in (VALUES | NEWER).items() if value is not None}
    assert values(list(wanted), tmp_path) == wanted


def test_failures(tmp_path: Path) -> None:
    found = failures(list(FAILURES), tmp_path)
    assert not [(expression, found[expression]) for expression, text in FAILURES.items() if text not in found[expression]]
