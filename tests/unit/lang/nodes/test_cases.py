"""The language without its builtins, by tables: values, and the first line of every failure."""

from pathlib import Path
from typing import Final

import pytest

from tests.unit.lang.builtins.case_files import cases, topics
from tests.unit.lang.builtins.evaluating import outcome

FOLDER: Final = Path(__file__).parent / "cases"


@pytest.mark.parametrize("topic", topics(FOLDER))
def test_what_the_table_says(topic: str) -> None:
    found = [(case.expression, outcome(case.expression), case.expected) for case in cases(topic, FOLDER)]
    assert [(expression, said, expected) for expression, said, expected in found if said != expected] == []
