"""The tables of the builtins say what Nix 2.8 says (or name the difference)."""

import subprocess
from pathlib import Path

import pytest

from tests.oracle.nix_eval import outcomes, wrong_values
from tests.oracle.peers import need
from tests.oracle.sentences import in_words_of_2_8, without_place
from tests.unit.lang.builtins.case_files import cases, topics

pytestmark = pytest.mark.oracle


def _need_28() -> None:
    need("nix-instantiate")
    version = subprocess.run(["nix-instantiate", "--version"], capture_output=True, text=True, check=True).stdout
    if " 2.8." not in version:
        pytest.skip(f"the tables name differences to Nix 2.8; this is {version.strip()}")


@pytest.mark.parametrize("topic", topics())
def test_values(topic: str, tmp_path: Path) -> None:
    _need_28()
    pairs = [(case.expression, case.nix28[2:]) for case in cases(topic) if case.nix28.startswith("= ")]
    assert wrong_values(pairs, tmp_path) == []


def test_failures(tmp_path: Path) -> None:
    _need_28()
    failing = [case for topic in topics() for case in cases(topic) if case.nix28.startswith("!")]
    found = outcomes([case.expression for case in failing], tmp_path)
    wrong = [
        (case.expression, said, case.nix28)
        for case, said in zip(failing, found, strict=True)
        if without_place(said) != in_words_of_2_8(case.nix28)
    ]
    assert wrong == []
