"""Regular expressions: which matcher is taken, and that both agree. What real Nix says is in tests/oracle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.lang.builtins.posix.pattern import Pattern, pattern
from imagetools.lang.builtins.posix.syntax import PatternError

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "^", "$", "()", "ab"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map("|".join)
        | inner.map(lambda one: f"({one})")
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}"])).map(lambda two: f"({two[0]}){two[1]}")
    ),
    max_leaves=6,
)


def found(one: Pattern, text: str) -> list[object]:
    return [one.match(text), [(match.start, match.end, match.groups) for match in one.matches(text)]]


@given(PATTERNS, st.text(st.sampled_from("abc"), max_size=6))
def test_the_quick_way_is_the_exact_way(text: str, subject: str) -> None:
    quick = Pattern(text)
    exact = Pattern(text)
    exact.whole = None
    exact.search = None
    assert found(quick, subject) == found(exact, subject)


@pytest.mark.parametrize("text", ["a*b+", "[^/]*", "(.*)\\.(.*)", "a|b", "(foo|bar)*", "^a", "x{2,3}", "(ab|cd)e"])
def test_plain_patterns_take_the_quick_way(text: str) -> None:
    assert Pattern(text).search is not None


@pytest.mark.parametrize("text", ["a|ab", "(a*)*", "(a|)", "^", "(x|xy)z", "^a|x*"])
def test_patterns_with_a_choice_take_the_exact_way(text: str) -> None:
    assert Pattern(text).search is None


def test_the_left_alternative_wins_only_a_tie() -> None:
    assert [match.end for match in Pattern("a|ab").matches("ab")] == [2]
    assert [match.end for match in Pattern("a?(ab)?").matches("ab")] == [1, 1, 2]
    assert Pattern("(a|ab)(c|bcd)(d*)").match("abcd") == ["a", "bcd", ""]


def test_the_exact_way_is_linear() -> None:
    assert Pattern("(a|ab|b)*c").match("ab" * 2000) is None
    exact = Pattern("(a|a)*b|")
    assert len(exact.matches("a" * 300)) == 301


def test_a_text_with_nul_is_not_matched_by_a_dot() -> None:
    assert Pattern(".*").match("a\0b") is None
    assert Pattern("[^x]*").match("a\0b") == []


def test_patterns_are_kept() -> None:
    assert pattern("kept+") is pattern("kept+")


@pytest.mark.parametrize("text", ["*a", "(", "a)", "[z-a]", "\\d", "a{2,1}", "[[:foo:]]", "^*", "a\\", "[a", "a\0"])
def test_invalid(text: str) -> None:
    with pytest.raises(PatternError) as raised:
        Pattern(text)
    assert raised.value.message == f"invalid regular expression '{text}'"


def test_the_memory_limit() -> None:
    with pytest.raises(PatternError) as raised:
        Pattern("((a{100}){100}){100}")
    assert raised.value.message == "memory limit exceeded by regular expression '((a{100}){100}){100}'"
    assert raised.value.too_big
