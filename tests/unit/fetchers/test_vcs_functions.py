"""The functions fetchgit, fetchhg and fetchsvn: names, and so paths, attributes, refusals."""

from pathlib import Path

from tests.unit.fetchers.vcs_cases import ATTRIBUTES, FAILURES, OLD, YOUNG
from tests.unit.pkgs.evaluate import failures, values


def test_names(tmp_path: Path) -> None:
    cases: dict[str, object] = {f"(pkgs.{call}).name".replace("pkgs.(", "(pkgs."): name for call, name in (OLD | YOUNG).items()}
    assert values(list(cases), tmp_path) == cases


def test_attributes(tmp_path: Path) -> None:
    assert values(list(ATTRIBUTES), tmp_path) == ATTRIBUTES


def test_refusals(tmp_path: Path) -> None:
    found = failures([f"({call}).drvPath" for call in FAILURES], tmp_path)
    assert not [(call, said) for (call, said), text in zip(found.items(), FAILURES.values(), strict=True) if text not in said]
    assert "s3cret" not in "".join(found.values()).replace("https://me:s3cret@h", "")
