"""Text to tokens: a table of the quirks, and the rules of Nix's lexer applied naively."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.lang.syntax import tokens as k
from imagetools.lang.syntax.lexer import Lexer
from tests.unit.lang.syntax.reference_lexer import terminals

KINDS = {number: name for name, number in vars(k).items() if isinstance(number, int) and name not in ("COUNT",)}


def tokens(source: str) -> list[tuple[str, object, int]]:
    lexer = Lexer(source)
    lexer.run()
    found = list(zip(lexer.kinds, lexer.values, lexer.positions, strict=True))
    return [(KINDS[kind], value, pos) for kind, value, pos in found]


def kinds(source: str) -> str:
    return " ".join(kind for kind, _, _ in tokens(source)[:-1])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.b", "ID DOT ID"),
        ("a.b/c", "PATH"),
        ("x:y", "URI"),
        ("x: y", "ID COLON ID"),
        ("x :y", "ID COLON ID"),
        ("let:x", "URI"),
        ("a_b:c", "ID COLON ID"),
        ("a'b/c", "ID PATH"),
        ("a-b", "ID"),
        ("a -b", "ID MINUS ID"),
        ("a -b/c", "ID PATH"),
        ("1-2", "INT MINUS INT"),
        ("1-2/3", "PATH"),
        ("1/2", "PATH"),
        ("1 / 2", "INT DIVIDE INT"),
        ("1a", "INT ID"),
        ("1.5e3.5", "FLOAT FLOAT"),
        ("00.5", "INT FLOAT"),
        ("1.", "FLOAT"),
        ("a//b", "ID UPDATE ID"),
        ("a/ /b", "ID DIVIDE PATH"),
        ("./a//b", "PATH_OPEN PART PATH_CLOSE"),
        ("./a ...", "PATH ELLIPSIS"),
        (".../a", "PATH"),
        ("++/a", "PATH"),
        ("a+b/c", "PATH"),
        ("<a>", "SEARCH_PATH"),
        ("<a/b.c>", "SEARCH_PATH"),
        ("<a/>", "LESS ID DIVIDE GREATER"),
        ("a<b", "ID LESS ID"),
        ("a<b>c", "ID SEARCH_PATH ID"),
        ("a<=b>=c", "ID LEQ ID GEQ ID"),
        ("~/a", "HOME_PATH"),
        ("~ a", "INVALID ID"),
        ("a # b\n c", "ID ID"),
        ("a # b\r c", "ID ID"),
        ("a /* b */ c", "ID ID"),
        ("a /**/ c", "ID ID"),
        ("a /* b **/ c", "ID ID"),
        ("a /*/ c", "ID DIVIDE TIMES DIVIDE ID"),
        ("a /* b", "ID DIVIDE TIMES ID"),
        ("/* a */ /* b", "DIVIDE TIMES ID"),
        ("''a'' b", "INDENTED ID"),
        ("'a", "INVALID ID"),
        ("$a", "INVALID ID"),
        ("a & b | c ^ d", "ID INVALID ID INVALID ID INVALID ID"),
        ("}a", "RIGHT_BRACE ID"),
        ('"a\nb"', "STRING"),
        (r'"a\n"', "STRING"),
        ('"$"', "STRING"),
        ('"$$"', "STRING"),
        ('"a${b}c"', "QUOTE PART INTERPOLATION ID RIGHT_BRACE PART QUOTE"),
        ('"$${b}"', "STRING"),
        ('"$$${b}"', "QUOTE PART INTERPOLATION ID RIGHT_BRACE QUOTE"),
        (r'"\${b}"', "STRING"),
        (r'"$\${b}"', "STRING"),
        (
            '"${{a="${b}";}}"',
            "QUOTE INTERPOLATION LEFT_BRACE ID ASSIGN QUOTE INTERPOLATION ID RIGHT_BRACE QUOTE SEMICOLON "
            "RIGHT_BRACE RIGHT_BRACE QUOTE",
        ),
        ("''a${b}''", "INDENTED_OPEN INDENTED_PART INTERPOLATION ID RIGHT_BRACE INDENTED_CLOSE"),
        ("''a'''b''", "INDENTED_OPEN INDENTED_PART INDENTED_ESCAPE INDENTED_PART INDENTED_CLOSE"),
        ("''a''${b}''", "INDENTED_OPEN INDENTED_PART INDENTED_ESCAPE INDENTED_PART INDENTED_CLOSE"),
        ("''a''\\tb''", "INDENTED_OPEN INDENTED_PART INDENTED_ESCAPE INDENTED_PART INDENTED_CLOSE"),
        ("''$${a}''", "INDENTED"),
        ("''a$''", "INDENTED_OPEN INDENTED_PART INDENTED_ESCAPE INDENTED_CLOSE"),
        ("''a' ''", "INDENTED"),
        ("'''${a}'', ''b''", "INDENTED_OPEN INDENTED_ESCAPE INTERPOLATION ID RIGHT_BRACE INDENTED_CLOSE COMMA INDENTED"),
        ("./${a}", "PATH_OPEN INTERPOLATION ID RIGHT_BRACE PATH_CLOSE"),
        ("./a${b}c/d", "PATH_OPEN INTERPOLATION ID RIGHT_BRACE PART PATH_CLOSE"),
        ("./a/${b}", "PATH_OPEN INTERPOLATION ID RIGHT_BRACE PATH_CLOSE"),
        ("~/${b}", "HOME_OPEN INTERPOLATION ID RIGHT_BRACE PATH_CLOSE"),
        ("./a ${b}", "PATH INTERPOLATION ID RIGHT_BRACE"),
        ("a${b}", "ID INTERPOLATION ID RIGHT_BRACE"),
        ("//${b}", "UPDATE INTERPOLATION ID RIGHT_BRACE"),
        ("a\0b", "ID"),
        ("  \0b", ""),
        ("", ""),
    ],
)
def test_kinds(source: str, expected: str) -> None:
    assert kinds(source) == expected
    assert tokens(source)[-1][0] == "END"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (' "a\\n"', [("STRING", "a\n", 1)]),
        (" <a/b>", [("SEARCH_PATH", "a/b", 1)]),
        (" ''\n  a''", [("INDENTED", "a", 1)]),
        (" 12 1.5", [("INT", 12, 1), ("FLOAT", 1.5, 4)]),
        ('"a${b}c"', [("QUOTE", None, 0), ("PART", "a", 1), ("INTERPOLATION", None, 2), ("ID", "b", 4), ("RIGHT_BRACE", None, 5),
                      ("PART", "c", 6), ("QUOTE", None, 7)]),
        ("./a/${b}", [("PATH_OPEN", "./a/", 0), ("INTERPOLATION", None, 4), ("ID", "b", 6), ("RIGHT_BRACE", None, 7),
                      ("PATH_CLOSE", None, 7)]),
    ],
)  # fmt: skip
def test_values_and_positions(source: str, expected: list[tuple[str, object, int]]) -> None:
    assert tokens(source)[:-1] == expected


@pytest.mark.parametrize(
    ("source", "problem", "pos"),
    [
        ("1 9223372036854775808", "invalid integer '9223372036854775808'", 2),
        ("1.0e999", "invalid float '1.0e999'", 0),
        ("./a/ b", "path has a trailing slash", 4),
        ("./a/", "path has a trailing slash", 0),
        ("./${a}/ b", "path has a trailing slash", 7),
        ("~/a/;", "path has a trailing slash", 4),
        ('"a\0b"', "input string 'a\xe2\x90\x80b' cannot be represented as Nix string because it contains null bytes", 0),
        ("''a\0b''", "input string 'a\xe2\x90\x80b' cannot be represented as Nix string because it contains null bytes", 2),
        ("a |> b", "the pipe operator '|>' is an experimental feature of Nix that imagetools does not have", 2),
        ("a <| b", "the pipe operator '<|' is an experimental feature of Nix that imagetools does not have", 2),
    ],
)
def test_failures_are_tokens(source: str, problem: str, pos: int) -> None:
    kind, failure, where = tokens(source)[-1]
    assert (kind, str(failure), where) == ("FAILURE", problem, pos)


def expanded(source: str) -> list[tuple[int, int]]:
    """The terminals of the real lexer, whole strings and paths taken apart again; offsets only where they are known."""
    lexer = Lexer(source)
    lexer.run()
    found: list[tuple[int, int]] = []
    for kind, value, pos in zip(lexer.kinds, lexer.values, lexer.positions, strict=True):
        if kind == k.STRING:
            parts = [k.QUOTE, k.PART, k.QUOTE] if source[pos + 1] != '"' else [k.QUOTE, k.QUOTE]
        elif kind == k.INDENTED:
            empty = source[pos:].split("''")[1].lstrip(" ") in ("", "\n") and not value
            parts = [k.INDENTED_OPEN, k.INDENTED_CLOSE] if empty else [k.INDENTED_OPEN, k.INDENTED_PART, k.INDENTED_CLOSE]
        else:
            parts = {k.PATH: [k.PATH_OPEN, k.PATH_CLOSE], k.HOME_PATH: [k.HOME_OPEN, k.PATH_CLOSE]}.get(kind, [kind])
            parts = [k.INDENTED_PART if part == k.INDENTED_ESCAPE else part for part in parts]
        found.extend((part, pos if index == 0 else -1) for index, part in enumerate(parts))
    return found


PIECES = st.sampled_from(
    [
        *"abz_019 \n\t./~<>:+-*'\"${}$=;\\|&#@!?,()[]",
        *["''", "${", "''$", "''\\", "$$", "/*", "*/", "./", "//", "if", "or", "x:y", "\r\n", "\xe4"],
    ]
)


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=16).map("".join))
def test_it_is_the_longest_match_everywhere(source: str) -> None:
    ours = expanded(source)
    theirs = terminals(source)
    assert [kind for kind, _ in ours] == [kind for kind, _ in theirs]
    for (_, pos), (kind, expected) in zip(ours, theirs, strict=True):
        assert pos in (expected, -1) or kind in (k.END, k.FAILURE)
