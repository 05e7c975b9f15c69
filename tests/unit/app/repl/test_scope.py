"""Whole inputs, bindings, shown values, completion, documentation: without a process of their own."""

from pathlib import Path

import pytest

from imagetools.app.compose import Session
from imagetools.app.repl.commands import split
from imagetools.app.repl.complete import completions, file_start
from imagetools.app.repl.documentation import all_documented
from imagetools.app.repl.interrupt import InterruptedEvaluation, interruptible, stop, within
from imagetools.app.repl.scope import NotASetError, Scope
from imagetools.app.repl.show import show
from imagetools.app.settings import Settings
from imagetools.kernel.bytestr import display
from imagetools.lang.builtins.table import BUILTINS
from imagetools.lang.runtime.errors import StackOverflow
from imagetools.lang.values.model import STACK, Thunk


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    settings = Settings(root=str(tmp_path / "store"), cache="", home=str(tmp_path))
    return Scope(Session(settings, read_only=True), lambda: Session(settings, read_only=True))


def shown(scope: Scope, text: str, *, deep: bool = False, width: int = 80) -> str:
    session = scope.session
    return display(session.run(lambda: show(session.evaluator.machine, scope.evaluate(text), deep=deep, width=width)))


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        *(
            (text, True)
            for text in ("1", "", " # x", "1 +* 2", "x: x", "missing", '"a"', "1 )", "{ a = 1; }", "/* c */ 1", "a = 1")
        ),
        *((text, True) for text in ("a = 1;", "a.b = 1; c = 2", "inherit (x) y;", "inherit x", "a == 1", "a = )", "a = missing")),
        *(
            (text, False)
            for text in ("1 +", "{ a = 1;", "[ 1", "''x", '"x', '"${', "x:", "let a = 1; in", "/* c", "if true", "f (")
        ),
        *((text, False) for text in ("a =", "a = [ 1", "a = 1 +", "inherit (x", "a = 1; b = {", "a = ''x", "a = 1; /* c")),
    ],
)
def test_whole_inputs(scope: Scope, text: str, whole: bool) -> None:
    assert scope.is_whole(text) is whole


def test_bindings_are_lazy_and_see_the_scope_before(scope: Scope) -> None:
    session = scope.session
    assert session.run(lambda: scope.bind('a = 1; b = throw "not yet"')) == ["a", "b"]
    session.run(lambda: scope.bind("a = a + 1"))
    assert session.run(lambda: scope.evaluate("a")) == 2
    for text in ("a == 1", "{ a = 1; }", "inherit = 1", "{ x = 1; }.x"):
        assert scope.is_binding(text) is (text == "inherit = 1")


def test_only_sets_become_variables(scope: Scope) -> None:
    with pytest.raises(NotASetError, match="expected a set but found a list: \\[ 1 \\]"):
        scope.add([1])


@pytest.mark.parametrize(
    ("text", "plain", "deep"),
    [
        ("{ }", "{ }", "{ }"),
        ("[ ]", "[ ]", "[ ]"),
        ("{ a.b.c = 1; }", "{ a = { ... }; }", "{ a = { b = { c = 1; }; }; }"),
        ("[ [ 1 ] { } [ ] ]", "[ [ ... ] { } [ ] ]", "[ [ 1 ] { } [ ] ]"),
        ('{ "a b" = 1 + 1; }', '{ "a b" = 2; }', '{ "a b" = 2; }'),
        ('[ (throw "x\ny") 1 ]', "[ «error: x» 1 ]", "[ «error: x» 1 ]"),
        ("[ (x: x) map (map map) ]", *["[ «lambda @ «string»:1:4» «primop map» «partially applied primop map» ]"] * 2),
        ("let x = { inherit x; }; in x", "{ x = { ... }; }", "{ x = «repeated»; }"),
        ('[ ./x "\\n" null true 1.5 ]', None, None),
        ('{ type = "derivation"; }', "«derivation ???»", "«derivation ???»"),
        ('[ { type = "derivation"; drvPath = throw "x"; } ]', "[ «derivation ???» ]", "[ «derivation ???» ]"),
    ],
)
def test_values(scope: Scope, text: str, plain: str | None, deep: str | None) -> None:
    if plain is not None:
        assert shown(scope, text) == plain
        assert shown(scope, text, deep=True) == deep
    else:
        assert shown(scope, text).endswith('/x "\\n" null true 1.5 ]')


def test_long_values_take_several_lines_and_many_members_are_left_out(scope: Scope) -> None:
    assert shown(scope, "{ aaaa = [ 1 2 ]; bbbb = { c = 1; }; }", deep=True, width=16) == (
        "{\n  aaaa = [ 1 2 ];\n  bbbb = {\n    c = 1;\n  };\n}"
    )
    assert shown(scope, "builtins.genList (x: x) 103").endswith("\n  99\n  «3 more, :p shows all»\n]")
    assert shown(scope, "builtins.genList (x: x) 103", deep=True).endswith("\n  102\n]")


def test_endless_values_end(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STACK, "limit", 5000)
    with pytest.raises(StackOverflow):
        shown(scope, "let f = x: { a = f (x + 1); }; in f 0", deep=True)


def test_completion_forces_no_more_than_the_path(scope: Scope) -> None:
    scope.session.run(
        lambda: scope.bind('deep = { inner = { one = throw "a"; "o o" = 1; once = 2; }; bad = throw "b"; }; dee = 1')
    )
    deep = scope.variables["deep"]
    assert completions(scope, "1 + dee") == (
        "dee",
        ["dee", "deep", "deepSeq"] if "deepSeq" in scope.session.evaluator.files.globals else ["dee", "deep"],
    )
    assert completions(scope, "f deep.inner.on") == ("on", ["once", "one"])
    assert completions(scope, "deep.") == ("", ["bad", "inner"])
    assert completions(scope, "(deep.inner.") == ("", ['"o o"', "once", "one"])
    assert completions(scope, "deep.bad.x") == ("x", [])
    assert completions(scope, "deep.inner.one.") == ("", [])
    assert completions(scope, "missing.x") == ("x", [])
    assert completions(scope, "builtins.concatM") == ("concatM", ["concatMap"])
    assert completions(scope, "./dee") == ("", [])
    assert completions(scope, ":d") == (":d", [":doc"])
    assert completions(scope, "1 + ") == ("", [])
    assert completions(scope, "le") == ("le", ["let"])
    assert not isinstance(deep, Thunk) or deep.code is None
    assert (file_start(":l ./x"), file_start(":load <n"), file_start(":la x"), file_start("x")) == ("./x", "<n", None, None)


def test_commands_and_their_arguments() -> None:
    assert split(":t  1 + 1") == (":t", "1 + 1")
    assert split(" :load x ") == (":l", "x")
    assert split("1 : 2") == ("", "1 : 2")
    assert split(":p\n[ 1 ]") == (":p", "[ 1 ]")


def test_every_builtin_has_its_documentation() -> None:
    found = all_documented()
    assert {spec.name for spec in BUILTINS} <= set(found)
    assert {"toFile", "path", "derivationStrict"} <= set(found)
    assert found["map"].arguments == ("f", "list")
    for spec in BUILTINS:
        assert len(found[spec.name].arguments) == spec.arity
        assert len(found[spec.name].text) > 20, spec.name
        assert "Row" not in found[spec.name].text


def test_stopping(scope: Scope) -> None:
    before = STACK.limit

    def endless() -> str:
        stop()
        return str(scope.evaluate("builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 1000)"))

    assert within(60, endless, "gave up") == "gave up"
    assert within(60, lambda: "in time", "") == "in time"
    with pytest.raises(StackOverflow):
        interruptible(endless)
    assert STACK.limit == before
    assert InterruptedEvaluation().exit_code == 130


def test_compiled_code_lets_other_threads_in(scope: Scope) -> None:
    text = "let f = n: if n < 2 then n else f (n - 1) + f (n - 2); in f 90"
    assert within(0.05, lambda: str(scope.evaluate(text)), "gave up") == "gave up"
