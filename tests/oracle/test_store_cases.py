"""The tables of what needs a store or files say what Nix 2.8 says: the values, and what fails."""

import subprocess
from pathlib import Path

import pytest

from tests.oracle.commands import nix
from tests.oracle.peers import need
from tests.unit.instantiate.store_cases import FOLDER, PRELUDE, surroundings
from tests.unit.lang.builtins.case_files import Case, cases, topics

pytestmark = pytest.mark.oracle


def evaluated(text: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    file = folder / "case.nix"
    file.write_text(text, "utf-8")
    words = ("--eval", "--strict", "--read-write-mode", str(file))
    return nix("nix-instantiate", *words, root=folder, variables={"HOME": "/home/ann"}, check=False)


@pytest.mark.parametrize("topic", topics(FOLDER))
def test_nix_says_the_same(topic: str, tmp_path: Path) -> None:
    need("nix-instantiate")
    version = subprocess.run(["nix-instantiate", "--version"], capture_output=True, text=True, check=True).stdout
    if " 2.8." not in version:
        pytest.skip(f"the tables name differences to Nix 2.8; this is {version.strip()}")
    surroundings(tmp_path)
    values: list[Case] = []
    wrong = []
    for case in cases(topic, FOLDER):
        if case.nix28.startswith("= "):
            values.append(case)
        elif not (said := evaluated(PRELUDE + case.expression, tmp_path)).returncode:
            wrong.append((case.expression, said.stdout))
    together = evaluated(PRELUDE + "[\n" + "\n".join(f"({case.expression})" for case in values) + "\n]", tmp_path)
    expected = "[ " + " ".join(case.nix28[2:] for case in values) + " ]\n"
    if together.stdout.replace(str(tmp_path), "@") != expected:
        for case in values:
            said = evaluated(PRELUDE + case.expression, tmp_path)
            found = said.stdout.replace(str(tmp_path), "@").removesuffix("\n")
            if found != case.nix28[2:]:
                wrong.append((case.expression, found or said.stderr))
    assert wrong == []
