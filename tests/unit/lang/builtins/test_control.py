"""Messages, error contexts, tryEval, the clock."""

import pytest

from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.values.model import STACK, Attrs
from tests.unit.lang.builtins.evaluating import evaluate
from tests.unit.lang.memory_io import MemoryIO


def test_trace_shows_strings_as_they_are_and_forces_nothing_within() -> None:
    io = MemoryIO()
    assert evaluate('builtins.trace "plain" (builtins.trace { a = 1; b = throw "x"; c = [ (1 + 1) ]; } 5)', io) == "5"
    assert io.traces == ["trace: plain", "trace: { a = 1; b = <CODE>; c = <CODE>; }"]


def test_warn_indents_further_lines() -> None:
    io = MemoryIO()
    assert evaluate('builtins.warn "one\ntwo" null', io) == "null"
    assert evaluate('builtins.warn "\none  \ntwo\n" null', io) == "null"
    assert io.traces == ["evaluation warning: one\n                    two", "evaluation warning:\none\ntwo"]


def test_a_warning_may_end_the_evaluation() -> None:
    io = MemoryIO()
    evaluator = Evaluator(io)
    evaluator.machine.abort_on_warn = True
    with pytest.raises(EvalError, match="aborting to reveal stack trace of warning, as abort-on-warn is set"):
        evaluator.eval_string(b'builtins.tryEval (builtins.warn "one" null)')
    assert io.traces == ["evaluation warning: one"]


def test_trace_verbose_shows_only_where_asked_for() -> None:
    io = MemoryIO()
    evaluator = Evaluator(io)
    assert evaluator.eval_string(b'builtins.traceVerbose (throw "unused") 1') == 1
    evaluator.machine.trace_verbose = True
    assert evaluator.eval_string(b'builtins.traceVerbose "one" 1') == 1
    assert io.traces == ["trace: one"]


def test_an_old_name_of_a_hash_format_is_warned_of() -> None:
    io = MemoryIO()
    text = 'builtins.convertHash { hash = "md5:d41d8cd98f00b204e9800998ecf8427e"; toHashFormat = "%s"; }'
    assert evaluate(text.replace("%s", "base32"), io) == evaluate(text.replace("%s", "nix32"), io)
    assert io.traces == ['warning: "base32" is a deprecated alias for hash format "nix32".']


def test_add_error_context_is_a_frame_of_the_trace() -> None:
    with pytest.raises(EvalError) as raised:
        evaluate('builtins.addErrorContext "while reading ${toString 1}" (throw "x")')
    assert "while reading 1" in [frame.text for frame in raised.value.frames]


def test_try_eval_puts_the_depth_back() -> None:
    before = STACK.depth
    text = 'let f = n: if n == 0 then throw "x" else 1 + f (n - 1); in (builtins.tryEval (f 100)).success'
    assert Evaluator(MemoryIO()).eval_string(text.encode()) is False
    assert STACK.depth == before


def test_try_eval_in_a_long_loop() -> None:
    text = 'builtins.foldl\' (a: x: (builtins.tryEval (throw "x")).success) true (builtins.genList (x: x) 20000)'
    assert evaluate(text) == "false"


def test_environment_and_clock() -> None:
    io = MemoryIO(env={"NAME": "value"})
    assert evaluate('builtins.getEnv "NAME"', io) == '"value"'
    assert evaluate("builtins.currentTime == __currentTime && builtins.isInt builtins.currentTime", io) == "true"


def test_versions_are_those_of_the_evaluation() -> None:
    evaluator = Evaluator(MemoryIO(), nix_version="2.99", system="other-system")
    assert evaluator.eval_string(b"builtins.nixVersion + __nixVersion + builtins.currentSystem") == "2.992.99other-system"


@pytest.mark.parametrize(
    "text",
    [
        "let f = a: b: f a b; in builtins.sort f [ 1 2 ]",
        "let f = x: map f [ (f x) ]; g = x: builtins.head (map g [ x ]); in g 1",
        "builtins.deepSeq (builtins.foldl' (a: b: [ a ]) [ ] (builtins.genList (x: x) 6000)) 1",
        "let f = x: builtins.foldl' (a: b: f b) 0 [ x ]; in f 1",
        "let f = x: { a = f x; }; in builtins.toXML (f 1)",
        "let f = x: toString { __toString = f; }; in f 1",
        "let f = x: builtins.genericClosure { startSet = [ { key = 1; } ]; operator = f; }; in f 1",
        "let f = x: (builtins.tryEval (f x)).success; in f 1",
    ],
)
def test_endless_recursion_through_a_builtin_is_a_clean_error(text: str) -> None:
    def fails() -> str:
        limit = STACK.limit
        STACK.limit = 5000
        try:
            with pytest.raises(EvalError) as raised:
                evaluate(text)
        finally:
            STACK.limit = limit
        return raised.value.message

    assert bigstack.run(fails).startswith("stack overflow")


def test_deep_lists_of_attributes_do_not_disturb_each_other() -> None:
    value = Evaluator(MemoryIO()).eval_string(b'{ a = builtins.tryEval (throw "x"); b = builtins.tryEval 1; }')
    assert isinstance(value, Attrs)
