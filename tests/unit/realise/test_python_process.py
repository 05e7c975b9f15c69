"""What the process of a builtin builder gets to see of the host."""

import sys
from types import ModuleType

import pytest

from imagetools.realise.python_process import COMPILED, PACKAGE, binds


def test_the_product_and_its_interpreter_are_there() -> None:
    places = {bind.target for bind in binds(["/extra"])}
    assert {str(PACKAGE), sys.executable, sys.prefix, "/usr", "/extra"} <= places
    assert all(bind.read_only and bind.source == bind.target for bind in binds())


def test_compiled_modules_of_a_checkout_lie_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = ModuleType(COMPILED)
    compiled.__file__ = f"{PACKAGE.parent}/{COMPILED}.so"
    monkeypatch.setitem(sys.modules, COMPILED, compiled)
    assert compiled.__file__ in {bind.target for bind in binds()}
