"""Forcing, applying and asking, as builtins use them."""

import pytest

from imagetools.lang.runtime.errors import EvalError, StackOverflow, TypeErrorNix
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.shown import described
from imagetools.lang.values.model import (
    STACK,
    Attrs,
    Builtin,
    NixPath,
    NixString,
    PartialBuiltin,
    describe,
    make_string,
    type_name,
)
from tests.unit.lang.memory_io import MemoryIO


def add(m: Machine, a: object, b: object) -> object:
    return m.int(a) + m.int(b)


ADD = Builtin("add", 2, add)


@pytest.fixture
def m() -> Machine:
    return Machine(MemoryIO())


def test_applying(m: Machine) -> None:
    assert m.apply2(ADD, 1, 2) == 3
    one = m.apply(ADD, 1)
    assert isinstance(one, PartialBuiltin)
    assert m.apply(one, 2) == 3
    assert m.apply2(Builtin("k", 1, lambda m, x: ADD), None, 1) is not None
    assert m.call(ADD, [1, 2]) == 3
    assert m.force(m.defer(one, 5)) == 6


def test_too_many_arguments_go_to_the_result(m: Machine) -> None:
    give = Builtin("give", 1, lambda m, x: ADD)
    assert m.call(give, [0, 1, 2]) == 3


def test_a_callable_set_gets_itself_first(m: Machine) -> None:
    fst = Builtin("fst", 2, lambda m, self, x: (self, x))
    s = Attrs({"__functor": fst})
    assert m.apply(s, 1) == (s, 1)
    assert m.call(s, [1]) == (s, 1)


def test_not_a_function(m: Machine) -> None:
    for v in (1, "a", None, [1], Attrs({}), NixPath("/a")):
        with pytest.raises(TypeErrorNix) as caught:
            m.apply(v, 1)
        assert caught.value.message == f"attempt to call something which is not a function but {described(v)}"


def test_a_failed_force_can_be_tried_again(m: Machine) -> None:
    calls: list[object] = []

    def sometimes(m: Machine, x: object) -> object:
        calls.append(x)
        if len(calls) == 1:
            raise EvalError("not yet")
        return len(calls)

    thunk = m.defer(Builtin("sometimes", 1, sometimes), None)
    with pytest.raises(EvalError):
        m.force(thunk)
    assert m.force(thunk) == 2
    assert m.force(thunk) == 2


def test_the_kinds(m: Machine) -> None:
    assert m.int(1) == 1
    assert m.float(1) == 1.0
    assert m.bool(True) is True
    assert m.list([1]) == [1]
    assert m.string("a") == "a"
    assert m.string_ctx(NixString("a", frozenset({"/x"}))) == ("a", frozenset({"/x"}))
    assert m.function(ADD) is ADD
    for ask, expected in (
        (m.int, "an integer"),
        (m.float, "a float"),
        (m.bool, "a Boolean"),
        (m.list, "a list"),
        (m.attrs, "a set"),
        (m.string, "a string"),
        (m.string_ctx, "a string"),
        (m.function, "a function"),
    ):
        with pytest.raises(TypeErrorNix) as caught:
            ask(None, "while asking")
        assert caught.value.message == f"expected {expected} but found null: null"
        assert [frame.text for frame in caught.value.frames] == ["while asking"]


def test_booleans_are_no_integers(m: Machine) -> None:
    with pytest.raises(TypeErrorNix):
        m.int(True)


def test_a_context_where_none_may_be(m: Machine) -> None:
    with pytest.raises(EvalError) as caught:
        m.string(NixString("t", frozenset({"/nix/store/b", "/nix/store/a"})))
    assert caught.value.message == "the string 't' is not allowed to refer to a store path (such as '/nix/store/a')"


def test_deep_forcing_meets_cycles(m: Machine) -> None:
    items: list[object] = [1]
    items.append(Attrs({"self": items}))
    assert m.force_deep(items) is items


def test_the_stack_is_counted() -> None:
    before = STACK.depth
    STACK.enter()
    assert STACK.depth == before + 1
    STACK.depth = STACK.limit
    with pytest.raises(StackOverflow):
        STACK.enter()
    STACK.depth = before


def test_names_of_types() -> None:
    pairs: list[tuple[object, str, str]] = [
        (None, "null", "null"),
        (True, "bool", "a Boolean"),
        (1, "int", "an integer"),
        (1.0, "float", "a float"),
        ("a", "string", "a string"),
        (NixString("a", frozenset({"x"})), "string", "a string with context"),
        (NixPath("/"), "path", "a path"),
        ([], "list", "a list"),
        (Attrs({}), "set", "a set"),
        (ADD, "lambda", "the built-in function 'add'"),
        (PartialBuiltin(ADD, [1]), "lambda", "the partially applied built-in function 'add'"),
    ]
    for value, name, words in pairs:
        assert type_name(value) == name
        assert describe(value) == words


def test_an_empty_context_makes_a_plain_string() -> None:
    assert make_string("a", set()) == "a"
    assert isinstance(make_string("a", {"x"}), NixString)
