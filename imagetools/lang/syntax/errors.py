"""What can be wrong with the text of a Nix file: it does not parse, or it names a variable that nothing binds.

Both are found before anything is evaluated, for the whole file at once, and neither can be caught by ``tryEval``.
"""

from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.syntax.excerpt import located
from imagetools.lang.syntax.lines import line_col, line_starts


class ParseError(ImagetoolsError):
    """A file that is not Nix. ``problem`` is Nix's sentence; ``message`` has it with the position and the source line below.

    ``origin`` is the file (or ``«string»``), ``line`` and ``column`` count from 1, the column in bytes.
    """

    def __init__(self, problem: str, origin: str, source: bytes, pos: int) -> None:
        line, column = line_col(line_starts(source), pos)
        shown = display(problem)
        where = _origin(origin)
        super().__init__(f"{shown}\n{located(where, source, line, column)}")
        self.problem = shown
        self.origin = where
        self.line = line
        self.column = column


def _origin(origin: str) -> str:
    """A file name is a byte string; ``«string»`` is text, and no valid UTF-8 if taken for bytes."""
    shown = display(origin)
    return origin if "\ufffd" in shown else shown


class UndefinedVariableError(ParseError):
    """A variable that no scope, no global and no ``with`` can provide: a static error for the whole file, as in Nix."""

    def __init__(self, name: str, origin: str, source: bytes, pos: int) -> None:
        super().__init__(f"undefined variable '{name}'", origin, source, pos)
        self.name = name


class SyntaxFailure(Exception):
    """Inside this package only: what is wrong and at which offset. ``parse_file`` turns it into a ParseError."""

    def __init__(self, problem: str, pos: int, name: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.pos = pos
        self.name = name
