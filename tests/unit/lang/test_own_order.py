"""Orders that Nix leaves to addresses in memory or to its C++ library are the same each time here (docs/nix-versions.md)."""

from tests.unit.lang.evaluated import shown
from tests.unit.lang.memory_io import MemoryIO

SET = '{ z = builtins.trace "z" 1; ${"b"} = builtins.trace "b" 1; a = builtins.trace "a" 1; }'


def traced(text: str) -> tuple[str, str]:
    """The value, and what was evaluated in which order."""
    io = MemoryIO()
    value = shown(text, io)
    return value, " ".join(line.removeprefix("trace: ") for line in io.traces)


def test_sets_are_compared_in_the_order_in_which_the_left_one_was_written() -> None:
    assert traced(f"{SET} == {{ a = 1; b = 1; z = 1; }}") == ("true", "z b a")
    assert traced(f"{SET} == {{ a = 2; b = 1; z = 1; }}") == ("false", "z b a")
    assert traced(f"{{ y = 1; }} // {SET} == {{ a = 1; b = 1; y = 1; z = 1; }}") == ("true", "z b a")


def test_deep_seq_goes_by_name() -> None:
    assert traced(f"builtins.deepSeq {SET} 1") == ("1", "a b z")


def test_sorting_by_what_is_no_order_loses_nothing() -> None:
    nan = "let inf = 1.0e308 * 10; nan = inf - inf; in "
    text = "builtins.sort builtins.lessThan [ 3 nan 1 nan 2 ]"
    assert shown(f"{nan} builtins.filter (x: x == x) ({text}) != [ ] && builtins.length ({text}) == 5") == "true"
    assert shown(f"{nan} builtins.sort builtins.lessThan (builtins.filter (x: x == x) ({text}))") == "[ 1 2 3 ]"
    assert shown("builtins.length (builtins.sort (a: b: true) [ 1 2 3 ])") == "3"
