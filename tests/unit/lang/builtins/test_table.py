"""The table of builtins as a whole."""

import ast
from pathlib import Path

import pytest

from imagetools.lang.builtins import spec as spec_module
from imagetools.lang.builtins.spec import BuiltinSpec
from imagetools.lang.builtins.storeless import StoreNeeded
from imagetools.lang.builtins.table import BUILTINS
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime.machine import Machine
from tests.unit.lang.builtins.evaluating import evaluate
from tests.unit.lang.memory_io import MemoryIO

PLAIN = {
    *("abort", "baseNameOf", "break", "derivation", "derivationStrict", "dirOf", "fetchGit", "fetchMercurial", "fetchTarball"),
    *("fetchTree", "fromTOML", "import", "isNull", "map", "placeholder", "removeAttrs", "scopedImport", "throw", "toString"),
}


def test_names_are_unique() -> None:
    names = [spec.name for spec in BUILTINS]
    assert len(names) == len(set(names))


def _documented() -> set[str]:
    """The functions with a docstring of more than a few words (from the sources: compiled functions have none)."""
    names = set()
    for source in Path(spec_module.__file__).parent.glob("*.py"):
        for node in ast.parse(source.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and len(ast.get_docstring(node) or "") > 20:
                names.add(node.name)
    return names


def test_each_is_documented() -> None:
    assert {spec.fn.__name__ for spec in BUILTINS} <= _documented()


def test_plain_globals_are_those_of_nix() -> None:
    assert {spec.name for spec in BUILTINS if spec.plain} == PLAIN


def test_others_have_two_underscores_and_builtins_has_all() -> None:
    machine = Evaluator(MemoryIO()).machine
    for spec in BUILTINS:
        assert machine.globals[spec.global_name] is machine.builtins.d[spec.name]
        assert ("__" + spec.name in machine.globals) != spec.plain
    assert machine.builtins.d["builtins"] is machine.builtins
    assert {"true", "false", "null", "builtins", "__currentTime", "__nixPath"} <= set(machine.globals)


@pytest.mark.parametrize("name", ["fetchGit", "fetchMercurial", "fetchTarball", "fetchTree", "fetchurl"])
def test_what_needs_a_store_says_so_when_it_is_called(name: str) -> None:
    assert evaluate(f"builtins ? {name} && builtins.isFunction builtins.{name}") == "true"
    with pytest.raises(StoreNeeded) as raised:
        evaluate(f'builtins.{name} "x"')
    assert raised.value.message == f"'builtins.{name}' needs a store, and this evaluation has none"


@pytest.mark.parametrize("text", ["derivation { }", 'builtins.toFile "a" "b"', "builtins.path { }", "builtins.storePath /x"])
def test_without_a_store(text: str) -> None:
    with pytest.raises(StoreNeeded):
        evaluate(text)


def _twice(m: Machine, x: object) -> object:
    """Twice an integer."""
    return 2 * m.int(x)


def test_builtins_from_outside_replace_those_of_the_same_name() -> None:
    extra = (BuiltinSpec("twice", _twice, ("x",)), BuiltinSpec("toFile", _twice, ("x",)))
    sources = {"derivation": ("derivation.nix", b"x: 5")}
    evaluator = Evaluator(MemoryIO(), extra, sources)
    text = b"[ (builtins.twice 4) (__twice 5) (builtins.toFile 6) (derivation 0) (builtins.derivation 0) ]"
    assert evaluator.machine.force_deep(evaluator.eval_string(text)) is not None
    assert evaluator.eval_string(b"builtins.twice 4 + __twice 5 + builtins.toFile 6 + derivation 0 + builtins.derivation 0") == 40
