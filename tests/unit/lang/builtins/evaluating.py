"""Evaluate a text in a world in memory, for the tests of the builtins."""

from collections.abc import Mapping

from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, printer
from tests.unit.lang.memory_io import Link, MemoryIO


def evaluate(text: str, io: MemoryIO | None = None) -> str:
    """The value of a text, forced deeply, as Nix prints it."""
    evaluator = Evaluator(io or MemoryIO())
    value = evaluator.machine.force_deep(evaluator.eval_string(text.encode(), "/here"))
    return display(printer.show(evaluator.machine, value))


def outcome(text: str, io: MemoryIO | None = None) -> str:
    """ "= value" or "! message"."""
    try:
        return "= " + bigstack.run(lambda: evaluate(text, io))
    except ImagetoolsError as error:
        return "! " + display(error.message)


def world(files: Mapping[str, bytes | str | Link]) -> MemoryIO:
    return MemoryIO(files)
