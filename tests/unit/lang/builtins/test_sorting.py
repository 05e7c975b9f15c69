"""``sort`` is stable, whatever the comparator."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.lang.builtins.evaluating import evaluate

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 99)), max_size=40)


def shown(pairs: list[tuple[int, int]]) -> str:
    return "[ " + "".join(f"[ {key} {value} ] " for key, value in pairs) + "]"


@settings(deadline=None)
@given(PAIRS)
def test_stable(pairs: list[tuple[int, int]]) -> None:
    text = f"builtins.sort (a: b: builtins.head a < builtins.head b) {shown(pairs)}"
    assert evaluate(text) == shown(sorted(pairs, key=lambda pair: pair[0]))


@settings(deadline=None)
@given(st.lists(st.integers(-9, 9), max_size=40))
def test_numbers(numbers: list[int]) -> None:
    items = " ".join(f"({number})" for number in numbers)
    expected = "[ " + "".join(f"{number} " for number in sorted(numbers)) + "]"
    assert evaluate(f"builtins.sort builtins.lessThan [ {items} ]") == expected
    assert evaluate(f"builtins.sort (a: b: a < b) [ {items} ]") == expected


def test_a_comparator_that_is_no_order_at_all_still_ends() -> None:
    assert evaluate("builtins.length (builtins.sort (a: b: true) (builtins.genList (x: x) 100))") == "100"
