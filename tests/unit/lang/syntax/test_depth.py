"""Nesting: what is reasonable works, what is not ends in an error, never in a crash of the interpreter."""

import sys
import threading
from collections.abc import Callable

import pytest

from imagetools.lang.syntax.errors import TOO_DEEP, ParseError
from tests.unit.lang.syntax.trees import tree


def on_a_big_stack(action: Callable[[], None]) -> None:
    """Run it as evaluation does: in a thread with room for deep recursion."""
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            action()
        except BaseException as error:
            failed.append(error)

    before, limit = threading.stack_size(512 * 1024 * 1024), sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        thread = threading.Thread(target=guarded)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(before)
    if failed:
        raise failed[0]


SHAPES = {
    "parentheses": ("(", "1", ")"),
    "lists": ("[", "1", "]"),
    "sets": ("{a=", "1", ";}"),
    "functions": ("x: ", "1", ""),
    "strings": ('"${', "1", '}"'),
    "indented strings": ("''${", "1", "}''"),
    "minus": ("- ", "1", ""),
    "not": ("!", "true", ""),
    "conditions": ("if true then 1 else ", "1", ""),
    "lists joined": ("[ ] ++ ", "[ ]", ""),
    "defaults": ("{ }.a or ", "1", ""),
    "with": ("with { }; ", "1", ""),
    "let": ("let a = ", "1", "; in a"),
    "formals": ("{ a ? ", "1", " }: 1"),
    "inherit": ("{ inherit (", "{ }", ") a; }"),
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_nesting(shape: str) -> None:
    start, middle, end = SHAPES[shape]

    def check() -> None:
        tree(start * 2000 + middle + end * 2000)
        for count in (100_000, 20_000):
            with pytest.raises(ParseError) as caught:
                tree(start * count + middle + end * count)
            assert caught.value.problem == TOO_DEEP

    on_a_big_stack(check)


def test_unfinished_nesting() -> None:
    def check() -> None:
        for text in ("(" * 100_000, "[" * 100_000, '"${' * 100_000):
            with pytest.raises(ParseError, match="nested too deeply"):
                tree(text)

    on_a_big_stack(check)


def test_long_chains_are_not_nesting() -> None:
    def check() -> None:
        tree(" + ".join(["1"] * 15_000))
        with pytest.raises(ParseError, match="nested too deeply"):
            tree(" + ".join(["1"] * 100_000))
        tree("true" + " .a" * 100_000)
        tree("true" + " 1" * 100_000)
        tree("[" + " 1" * 100_000 + "]")

    on_a_big_stack(check)


def test_on_a_small_stack_it_is_an_error_too() -> None:
    with pytest.raises(ParseError):
        tree("(" * 20_000)
