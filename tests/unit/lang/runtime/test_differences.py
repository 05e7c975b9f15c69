"""``assert a == b``: what the two differ in, and where."""

import pytest

from imagetools.lang.runtime.errors import AssertionFailed, ThrownError
from tests.unit.lang.evaluated import failure, rendered, shown
from tests.unit.lang.memory_io import MemoryIO

UNEQUAL = [
    ("1", "2", "an integer with value '1' is not equal to an integer with value '2'"),
    ("1", "1.5", "an integer with value '1' is not equal to a float with value '1.5'"),
    ("0.0 / 1 - 1", "2", "a float with value '-1' is not equal to an integer with value '2'"),
    ("1", "null", "an integer of value '1' is not equal to null of value 'null'"),
    ("true", "false", "boolean 'true' is not equal to boolean 'false'"),
    ('"a"', '"b"', """string '"a"' is not equal to string '"b"'"""),
    ("/a", "/b", "path '/a' is not equal to path '/b'"),
    ("x: x", "x: x", "distinct functions and immediate comparisons of identical functions compare as unequal"),
    ("builtins.map", "x: x", "distinct functions and immediate comparisons of identical functions compare as unequal"),
    ("[ ]", "[ 1 ]", "list of size '0' is not equal to list of size '1', left hand side is '[ ]', right hand side is '[ 1 ]'"),
    ("{ a = 1; }", "{ }", "attribute names of attribute set '{ a = 1; }' differs from attribute set '{ }'"),
    ("{ a = 1; }", "{ b = 1; }", "attribute name 'a' is contained in '{ a = 1; }', but not in '{ b = 1; }'"),
    ("{ a = 1; b = [ 1 { c = 2; } ]; }", "{ a = 1; b = [ 1 { c = 3; } ]; }", "an integer with value '2' is not equal to ..."),
    ("[ [ ] [ 1 2 ] 3 ]", "[ [ ] [ 1 2 ] 4 ]", "an integer with value '3' is not equal to ..."),
    (
        '{ type = "derivation"; outPath = "/x"; a = throw "a"; }',
        '{ type = "derivation"; outPath = "/y"; b = throw "b"; }',
        """string '"/x"' is not equal to string '"/y"'""",
    ),
]


@pytest.mark.parametrize(("left", "right", "said"), UNEQUAL)
def test_what_differs(left: str, right: str, said: str) -> None:
    message = failure(f"assert ({left}) == ({right}); 1", AssertionFailed).message
    assert message.startswith(said.removesuffix("..."))
    assert said.endswith("...") or message == said


def test_which_way_it_leads() -> None:
    error = failure("assert { a = [ 1 { b = 2; } ]; } ==\n{ a = [ 1 { b = 3; } ]; }; 1", AssertionFailed)
    assert [(frame.text, str(frame.pos)) for frame in error.frames] == [
        ("where right hand side is", "(string):2:13"),
        ("where left hand side is", "(string):1:20"),
        ("while comparing attribute 'b'", "(string):1:34"),
        ("while comparing list element 1", "(string):1:34"),
        ("where right hand side is", "(string):2:3"),
        ("where left hand side is", "(string):1:10"),
        ("while comparing attribute 'a'", "(string):1:34"),
        (
            "while evaluating the condition of the assertion '({ a = [ (1) ({ b = 2; }) ]; } == { a = [ (1) ({ b = 3; }) ]; })'",
            "(string):1:1",
        ),
    ]
    assert str(error.pos) == "(string):2:13"


def test_the_whole_text() -> None:
    assert rendered('let\n  version = "2";\nin\nassert version == "1";\n1').startswith(
        "error: string '\"2\"' is not equal to string '\"1\"'\n\n       at «string»:4:1:\n"
    )


def test_nothing_is_evaluated_twice_or_in_vain() -> None:
    io = MemoryIO()
    text = 'let t = builtins.trace "t" 1; in (builtins.tryEval (assert [ t 2 (throw "no") ] == [ 1 3 (throw "no") ]; 1)).success'
    assert shown(text, io) == "false"
    assert io.traces == ["trace: t"]


def test_other_conditions_are_shown_as_they_are_written() -> None:
    assert failure("let x = 1; in assert x != 1; 1", AssertionFailed).message == "assertion '(x != 1)' failed"
    assert failure("assert !(1 == 1); 1", AssertionFailed).message == "assertion '(! (1 == 1))' failed"


def test_a_failure_while_comparing_is_that_failure() -> None:
    assert failure('assert [ (throw "a") ] == [ 1 ]; 1', ThrownError).message == "a"


def test_deep_values() -> None:
    deep = "let deep = x: builtins.foldl' (a: b: { inherit a; }) x (builtins.genList (x: x) 50000); in "
    message = failure(deep + "assert deep 1 == deep 2; 1", AssertionFailed).message
    assert message == "an integer with value '1' is not equal to an integer with value '2'"
