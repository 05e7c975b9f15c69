"""Every builtin, by tables."""

import pytest

from tests.unit.lang.builtins.case_files import Case, cases, topics
from tests.unit.lang.builtins.evaluating import outcome


@pytest.mark.parametrize("topic", topics())
def test_what_the_table_says(topic: str) -> None:
    wrong = [(case.expression, found, case.expected) for case, found in _outcomes(topic) if found != case.expected]
    assert not wrong


def _outcomes(topic: str) -> list[tuple[Case, str]]:
    return [(case, outcome(case.expression)) for case in cases(topic)]
