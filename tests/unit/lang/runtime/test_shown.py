"""Values inside messages: how much of them is shown."""

import pytest

from imagetools.lang.runtime.errors import TypeErrorNix
from tests.unit.lang.evaluated import failure

MANY = "builtins.genList (x: x) 13"

SHOWN = [
    ("null", "null: null"),
    ("true", "a Boolean: true"),
    ("1.50", "a float: 1.5"),
    ('"a\\n\\${b}"', 'a string: "a\\n\\${b}"'),
    ("/a/b", "a path: /a/b"),
    ("[ ]", "a list: [ ]"),
    ("let x = [ 1 [ ] { } ]; in builtins.deepSeq x x", "a list: [ 1 [ ] { } ]"),
    ("{ }", "a set: { }"),
    ('{ b = 1; a = "x"; }', 'a set: { a = "x"; b = 1; }'),
    ('{ a = 1; type = "t"; _type = 2; "1" = 3; "then" = 4; }', 'a set: { _type = 2; type = "t"; "1" = 3; a = 1; "then" = 4; }'),
    ("{ a = 1 + 1; }", "a set: { a = «thunk»; }"),
    ("let x = { a = x.b + 1; b = 2; }; in builtins.seq x.a x", "a set: { a = 3; b = 2; }"),
    ("let x = { y = x; }; in builtins.deepSeq x x", "a set: { y = «repeated»; }"),
    ("let x = [ 1 ]; in builtins.deepSeq [ x ] [ x x ]", "a list: [ [ 1 ] «repeated» ]"),
    ("x: x", "a function: «lambda @ «string»:1:20»"),
    ("let f = { a }: a; in f", "a function: «lambda f @ «string»:1:28»"),
    ("builtins.map", "the built-in function 'map': «primop map»"),
    ("builtins.map 1", "the partially applied built-in function 'map': «partially applied primop map»"),
    (f"builtins.deepSeq ({MANY}) ({MANY})", "a list: [ " + "«thunk» " * 10 + "«3 items elided» ]"),
    (f"let x = {MANY}; in builtins.deepSeq x x", "a list: [ 0 1 2 3 4 5 6 7 8 9 «3 items elided» ]"),
    ("let x = [ 1 2 3 4 5 6 7 8 9 [ 10 ] 11 ]; in builtins.deepSeq x x", "a list: [ 1 2 3 4 5 6 7 8 9 [ 10 ] «1 item elided» ]"),
    (
        "let x = { a.b.c.d.e.f.g.h.i.j.k = 1; }; in builtins.deepSeq x x",
        "a set: " + "".join(f"{{ {c} = " for c in "abcdefghij") + "{ ... }" + "; }" * 10,
    ),
    ("let x = [[[[[[[[[[[ 1 ]]]]]]]]]]]; in builtins.deepSeq x x", "a list: " + "[ " * 10 + "[ ... ]" + " ]" * 10),
]


@pytest.mark.parametrize(("text", "said"), SHOWN)
def test_a_value_that_should_be_an_integer(text: str, said: str) -> None:
    error = failure(f"builtins.bitAnd 1 ({text})", TypeErrorNix)
    assert error.message.encode("latin-1").decode() == f"expected an integer but found {said}"


def test_what_is_long() -> None:
    names = " ".join(f"{name} = 1;" for name in "abcdefghijklm")
    shown = failure(f"builtins.bitAnd 1 {{ {names} }}", TypeErrorNix).message.encode("latin-1").decode()
    assert shown.endswith("{ " + " ".join(f"{name} = 1;" for name in "abcdefghij") + " «3 attributes elided» }")
    text = "x" * 1024
    assert failure(f'builtins.bitAnd 1 "{text}"', TypeErrorNix).message.endswith(f': "{text}"')
    shown = failure(f'builtins.bitAnd 1 "{text}yz"', TypeErrorNix).message.encode("latin-1").decode()
    assert shown.endswith(f': "{text}" «2 bytes elided»')


def test_what_is_being_evaluated() -> None:
    said = failure("let x = { a = builtins.bitAnd 1 x; }; in x.a", TypeErrorNix).message.encode("latin-1").decode()
    assert said == "expected an integer but found a set: { a = «potential infinite recursion»; }"
