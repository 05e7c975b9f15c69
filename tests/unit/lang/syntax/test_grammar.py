"""The hand-written parser against the grammar as data: same language, same place of the first error, same message."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.lang.syntax import tokens as k
from imagetools.lang.syntax.automaton import automaton
from imagetools.lang.syntax.errors import SyntaxFailure
from imagetools.lang.syntax.expecting import accepts, describe, run
from imagetools.lang.syntax.grammar import EXPANDED, NAMES
from imagetools.lang.syntax.lexer import Lexer
from imagetools.lang.syntax.parser import Parser
from tests.unit.lang.syntax.trees import EXPRESSIONS

WORDS = st.sampled_from(
    [
        *[
            "a",
            "b",
            "or",
            "1",
            "2.5",
            '"s"',
            '""',
            '"x${',
            "}",
            "''",
            "''i''",
            "./p",
            "./p/${",
            "~/h",
            "<q>",
            "u:r",
            "if",
            "then",
            "else",
            "assert",
            "with",
            "let",
            "in",
            "rec",
        ],
        *[
            "inherit",
            "...",
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            ";",
            ":",
            ",",
            ".",
            "@",
            "=",
            "!",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "&&",
            "||",
            "->",
            "//",
            "++",
            "+",
            "-",
            "*",
            "/",
            "?",
            "${",
            "^",
        ],
    ]
)
STARTS = st.sampled_from(
    [
        "",
        "{ a",
        "{ a,",
        "{ a }",
        "{",
        "x:",
        "a.b or",
        "let a = 1;",
        "{ inherit",
        "if a then",
        '"${',
        "a ?",
        "args@{ a ? 1,",
        "a == b",
        "[ a",
    ]
)


def first_error(text: str) -> int | None:
    """The index of the token at which the hand-written parser stops; None if it does not."""
    lexer = Lexer(text)
    lexer.run()
    parser = Parser(lexer)
    try:
        parser.file()
    except SyntaxFailure as failure:
        return parser._at if failure.problem.startswith("syntax error") else None
    return None


def expected_error(text: str) -> int | None:
    """The same by the automaton."""
    lexer = Lexer(text)
    lexer.run()
    for index, last in enumerate(lexer.kinds):
        if last == k.FAILURE:
            return None
        terminals = [terminal for kind in lexer.kinds[: index + 1] for terminal in EXPANDED.get(kind, (kind,))]
        if run(terminals)[0] >= 0:
            return index
    return None


@settings(max_examples=400)
@given(STARTS, st.lists(WORDS, max_size=8).map(" ".join))
def test_errors_stand_at_the_same_token(start: str, rest: str) -> None:
    text = f"{start} {rest}"
    assert first_error(text) == expected_error(text)


@settings(max_examples=100)
@given(EXPRESSIONS, st.integers(0, 60), WORDS)
def test_errors_in_the_midst_of_valid_text(source: str, at: int, word: str) -> None:
    text = f"{source[:at]} {word} {source[at:]}"
    assert first_error(text) == expected_error(text)


@settings(max_examples=50)
@given(EXPRESSIONS)
def test_valid_text_is_valid_for_both(source: str) -> None:
    assert first_error(source) is None
    assert expected_error(source) is None


def test_the_grammar_has_no_surprises() -> None:
    table = automaton()
    assert automaton() is table
    used = {symbol for rule in table.rules for symbol in rule.body if symbol < k.COUNT}
    assert used == set(NAMES) - {k.INVALID}
    assert accepts([k.INT])
    assert not accepts([])


@pytest.mark.parametrize(
    ("kinds", "sentence"),
    [
        ([k.END], "unexpected end of file"),
        ([k.INVALID], "unexpected invalid token"),
        ([k.LEFT_PAREN, k.INT, k.END], "unexpected end of file, expecting ')'"),
        ([k.ID, k.DOT, k.IF], "unexpected 'if', expecting identifier or 'or' or '${' or '\"'"),
        ([k.LEFT_BRACE, k.INT], "unexpected integer, expecting 'inherit'"),
        ([k.ID, k.STRING, k.RIGHT_BRACE], "unexpected '}', expecting end of file"),
        ([k.ID, k.DOT, k.PATH], "unexpected path, expecting identifier or 'or' or '${' or '\"'"),
        ([k.QUOTE, k.PART, k.END], "unexpected end of file, expecting '\"'"),
        (
            [k.INDENTED_OPEN, k.INDENTED_ESCAPE, k.END],
            "unexpected end of file, expecting indented string or '${' or end of an indented string",
        ),
        ([k.LEFT_BRACE, k.ID, k.COMMA, k.ID, k.SEMICOLON], "unexpected ';', expecting '}' or ','"),
    ],
)
def test_sentences(kinds: list[int], sentence: str) -> None:
    assert describe(kinds) == f"syntax error, {sentence}"
