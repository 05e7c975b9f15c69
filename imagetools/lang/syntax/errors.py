"""What can be wrong with the text of a Nix file: it does not parse, or it names a variable that nothing binds.

Both are found before anything is evaluated, for the whole file at once, and neither can be caught by ``tryEval``.
"""

from typing import Final

from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.syntax.excerpt import located
from imagetools.lang.syntax.lines import line_col, line_starts

TOO_DEEP: Final = "stack overflow: the expression is nested too deeply"


class SyntaxFailure(Exception):
    """Inside this package only: what is wrong (a byte string) and at which offset; ``reported`` makes the error for people."""

    def __init__(self, problem: str, pos: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.pos = pos


class UndefinedFailure(SyntaxFailure):
    """Nothing provides the variable ``name``; ``near`` are names in scope that look like it."""

    def __init__(self, name: str, pos: int, near: list[str]) -> None:
        super().__init__(f"undefined variable '{name}'", pos)
        self.name = name
        self.near = near


class DuplicateFailure(SyntaxFailure):
    """The attribute ``path`` at ``pos`` exists already, from ``previous``."""

    def __init__(self, path: str, pos: int, previous: int) -> None:
        super().__init__(f"attribute '{path}' already defined", pos)
        self.path = path
        self.previous = previous


class ParseError(ImagetoolsError):
    """A file that is not Nix. ``problem`` is Nix's sentence; ``message`` has it with the position and the source line below.

    ``origin`` is the file (or ``«string»``), ``line`` and ``column`` count from 1, the column in bytes.
    """

    def __init__(self, problem: str, origin: str, source: bytes, pos: int) -> None:
        self.problem = problem
        self.origin = readable_origin(origin)
        self.line, self.column = line_col(line_starts(source), pos)
        super().__init__(f"{problem}\n{located(self.origin, source, self.line, self.column)}")


class UndefinedVariableError(ParseError):
    """A variable that no scope, no global and no ``with`` can provide: a static error for the whole file, as in Nix. ``near``:
    names in scope that may have been meant, the nearest first."""

    def __init__(self, name: str, origin: str, source: bytes, pos: int, near: list[str]) -> None:
        self.name = name
        self.near = near
        super().__init__(f"undefined variable '{display(name)}'", origin, source, pos)


class DuplicateAttributeError(ParseError):
    """An attribute is defined twice; ``previous_line`` and ``previous_column`` say where it was before."""

    def __init__(self, path: str, origin: str, source: bytes, pos: int, previous: int) -> None:
        self.path = path
        self.previous_line, self.previous_column = line_col(line_starts(source), previous)
        where = f"{readable_origin(origin)}:{self.previous_line}:{self.previous_column}"
        super().__init__(f"attribute '{display(path)}' already defined at {where}", origin, source, pos)


def reported(failure: SyntaxFailure, origin: str, source: bytes) -> ParseError:
    """The error for people of a failure in ``source``."""
    if isinstance(failure, UndefinedFailure):
        return UndefinedVariableError(failure.name, origin, source, failure.pos, failure.near)
    if isinstance(failure, DuplicateFailure):
        return DuplicateAttributeError(failure.path, origin, source, failure.pos, failure.previous)
    return ParseError(display(failure.problem), origin, source, failure.pos)


def readable_origin(origin: str) -> str:
    """A file name is a byte string; ``«string»`` is text, which would be no valid UTF-8 if it were bytes."""
    shown = display(origin)
    return origin if "\ufffd" in shown else shown
