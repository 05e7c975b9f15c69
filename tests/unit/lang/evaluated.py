"""Short ways to evaluate, for the tests of nodes and runtime."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, printer, report
from imagetools.lang.runtime.errors import EvalError
from tests.unit.lang.memory_io import MemoryIO

E = TypeVar("E", bound=ImagetoolsError)


def value(text: str, io: MemoryIO | None = None) -> object:
    """The forced value."""
    evaluator = Evaluator(io or MemoryIO())
    return bigstack.run(lambda: evaluator.eval_string(text.encode(), "/here"))


def shown(text: str, io: MemoryIO | None = None, *, strict: bool = True) -> str:
    """What ``nix-instantiate --eval`` prints."""
    evaluator = Evaluator(io or MemoryIO())

    def work() -> str:
        v = evaluator.eval_string(text.encode(), "/here")
        return printer.show(evaluator.machine, evaluator.machine.force_deep(v) if strict else v)

    return display(bigstack.run(work))


def failure(text: str, kind: type[E], io: MemoryIO | None = None) -> E:
    """The error that forcing everything ends in."""
    with pytest.raises(kind) as caught:
        shown(text, io)
    return caught.value


def rendered(text: str, io: MemoryIO | None = None, *, show_trace: bool = False) -> str:
    """The whole text of the error, as a person sees it."""
    error = failure(text, EvalError, io)
    return report.render(error, lambda path: io.read_file(path) if io is not None else None, show_trace)


def in_big_stack(work: Callable[[], None]) -> None:
    bigstack.run(work)
