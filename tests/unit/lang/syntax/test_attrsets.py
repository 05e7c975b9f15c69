"""Merging and duplicates."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.lang.syntax.attrsets import show_name
from imagetools.lang.syntax.errors import DuplicateAttributeError
from tests.unit.lang.syntax.trees import shown, tree


@pytest.mark.parametrize(
    ("text", "path", "column", "previous"),
    [
        ("{ a = 1; a = 2; }", "a", 10, 3),
        ("{ a.b = 1; a.b = 2; }", "a.b", 12, 3),
        ("{ a = 1; a.b = 2; }", "a.b", 10, 3),
        ("{ a.b = 1; a = 2; }", "a", 12, 3),
        ("{ a.b = 1; a.b.c = 2; }", "a.b.c", 12, 3),
        ("{ a = { b = 1; }; a.b = 2; }", "a.b", 19, 9),
        ("{ a.b = 1; a = { b = 2; }; }", "a.b", 18, 3),
        ("{ a = { b.c = 1; }; a = { b = { c = 2; }; }; }", "a.b.c", 33, 9),
        ("{ inherit a; a = 1; }", "a", 14, 11),
        ("{ a = 1; inherit a; }", "a", 18, 3),
        ("{ inherit a a; }", "a", 13, 11),
        ("{ inherit (a) b; b.c = 1; }", "b.c", 18, 15),
        ("{ inherit (a) b; inherit (a) b; }", "b", 30, 15),
        ("{ a = { inherit b; }; a.b = 1; }", "a.b", 23, 17),
        ('{ "a" = 1; ${"a"} = 2; }', "a", 12, 3),
        ('{ "a b".c = 1; "a b".c = 2; }', '"a b".c', 16, 3),
        ("{ a = x: x; a.b = 1; }", "a.b", 13, 3),
        ("{ a = { } // { }; a.b = 1; }", "a.b", 19, 3),
        ("{ a = 1; a.${b}.c = 1; }", 'a."${...}".c', 10, 3),
        ("let a = 1; a = 2; in a", "a", 12, 5),
    ],
)
def test_duplicates(text: str, path: str, column: int, previous: int) -> None:
    with pytest.raises(DuplicateAttributeError) as caught:
        shown(text)
    error = caught.value
    assert (error.path, error.column, error.previous_column) == (path, column, previous)
    assert error.problem == f"attribute '{path}' already defined at test.nix:1:{previous}"


def test_the_first_set_keeps_its_rec() -> None:
    assert shown("{ a = rec { b = 1; }; a.c = 2; }") == "{ a = rec { b = 1; c = 2; }; }"
    assert shown("{ a.c = 2; a = rec { b = 1; }; }") == "{ a = { b = 1; c = 2; }; }"


def test_a_merged_value_is_in_the_scope_of_the_set_it_joins() -> None:
    merged = tree("{ a = rec { b = 1; }; a.c = b; }")
    assert cast(Any, merged[3])[0][3][0][3][0][3][1][2:] == ("b", 0, 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a", "a"),
        ("_a'b-c9", "_a'b-c9"),
        ("", '""'),
        ("9a", '"9a"'),
        ("a b", '"a b"'),
        ("if", '"if"'),
        ("then", "then"),
        ("-", '"-"'),
        ("'", '"\'"'),
        ('"$\\\n', '"\\"\\$\\\\\\n"'),
        ("\xe4", '"\xe4"'),
        ("a\xb2", '"a\xb2"'),
    ],
)
def test_names_are_quoted_where_they_have_to_be(name: str, text: str) -> None:
    assert show_name(name) == text


@given(st.lists(st.sampled_from(["a", "b", "a.b", "a.c", "b.c", "a.b.c"]), min_size=1, max_size=5, unique=True))
def test_sets_merge_in_any_order_or_in_none(paths: list[str]) -> None:
    def result(order: list[str]) -> str | None:
        try:
            return shown("{ " + " ".join(f"{path} = 1;" for path in order) + " }")
        except DuplicateAttributeError:
            return None

    assert result(paths) == result(paths[::-1])
