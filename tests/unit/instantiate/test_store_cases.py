"""Contexts through every builtin, derivations, paths and links, places: by tables."""

from pathlib import Path

import pytest

from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from tests.unit.instantiate.session import Session
from tests.unit.instantiate.store_cases import FOLDER, PRELUDE, surroundings
from tests.unit.lang.builtins.case_files import cases, topics


@pytest.mark.parametrize("topic", topics(FOLDER))
def test_what_the_table_says(topic: str, tmp_path: Path) -> None:
    surroundings(tmp_path)
    wrong = []
    for case in cases(topic, FOLDER):
        found = _outcome(case.expression, tmp_path)
        if found != case.expected:
            wrong.append((case.expression, found, case.expected))
    assert wrong == []


def _outcome(expression: str, folder: Path) -> str:
    try:
        found = "= " + Session(folder).shown(PRELUDE + expression)
    except ImagetoolsError as error:
        found = "! " + display(error.message).split("\n")[0]
    return found.replace(str(folder), "@")
