"""Integers of 64 bits, doubles that C accepts."""

import pytest

from imagetools.lang.syntax.numbers import float_value, int_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        ("00000000000000000000000000001", 1),
        ("9223372036854775808", None),
        ("99999999999999999999", None),
        ("9" * 5000, None),
    ],
)
def test_int(text: str, value: int | None) -> None:
    assert int_value(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123.43", 123.43),
        (".27e13", 0.27e13),
        ("0.0", 0.0),
        ("0.0e-999", 0.0),
        ("1.", 1.0),
        ("1.5E+3", 1500.0),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("1.0e999", None),
        ("1.0e-320", None),
        ("1.0e-999", None),
        ("2.2250738585072014e-308", 2.2250738585072014e-308),
    ],
)
def test_float(text: str, value: float | None) -> None:
    assert float_value(text) == value


def test_a_tiny_float_that_is_exact_is_accepted() -> None:
    text = f"{2.0**-1074:.1100f}"
    assert float_value(text) == 2.0**-1074
