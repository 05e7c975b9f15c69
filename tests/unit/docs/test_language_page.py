"""docs/language.md says what the docstrings say, of every builtin, and its examples are true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from imagetools.lang.builtins.table import BUILTINS
from tests.unit.instantiate.session import Session

DOCS = Path(__file__).resolve().parents[3] / "docs"
ENTRY = re.compile(
    r"^### builtins\.(?P<name>\S+)(?P<arguments>.*)\n\n(?P<text>.+)\n\n(?P<fails>.+)\n\n"
    r"```nix\n(?P<example>.+)\n(?:=> (?P<value>.+)\n)?```$",
    re.MULTILINE,
)


def entries() -> list[re.Match[str]]:
    return list(ENTRY.finditer((DOCS / "language.md").read_text()))


def test_the_page_is_current() -> None:
    """Raises what to do where it is not: ``make docs``."""
    done = subprocess.run(
        [sys.executable, str(DOCS / "language_page.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_builtin_is_there_with_arguments_errors_and_an_example() -> None:
    found = {entry["name"]: entry for entry in entries()}
    assert set(found) == {spec.name for spec in BUILTINS}
    for spec in BUILTINS:
        assert len(found[spec.name]["arguments"].split()) == spec.arity, spec.name
        assert ("Also the variable" in found[spec.name]["text"]) == spec.plain, spec.name
        assert re.search("[Ff]ails", found[spec.name]["fails"]), spec.name
        assert spec.name in found[spec.name]["example"] or spec.name == "derivation", spec.name


@pytest.mark.parametrize("entry", [entry for entry in entries() if entry["value"]], ids=lambda entry: str(entry["name"]))
def test_examples_are_true(entry: re.Match[str], tmp_path: Path) -> None:
    session = Session(tmp_path, read_only=True)
    assert session.shown(entry["example"]).replace(str(tmp_path), "/here") == session.shown(entry["value"])


def test_examples_without_a_value_can_be_parsed(tmp_path: Path) -> None:
    session = Session(tmp_path, read_only=True)
    for entry in entries():
        session.value(f"pkg: f: x: {entry['example']}")


def test_no_feature_is_listed_that_the_suite_of_nix_runs() -> None:
    """The cases that cannot work stand in the page and in the test with the same reasons."""
    test = (DOCS.parent / "tests/oracle/test_language_suite.py").read_text()
    page = (DOCS / "language.md").read_text()
    assert set(re.findall(r'^    "((?:eval|parse)-[\w-]+)":', test, re.MULTILINE)) == set(
        re.findall(r"`((?:eval|parse)-(?:okay|fail)-[\w-]+)`", page)
    )
