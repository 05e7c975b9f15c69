"""What an interactive session remembers: its variables, and the files that were loaded; it evaluates texts in that scope.

It prints nothing and reads no terminal. A text is an expression, or bindings as they stand in a set (``x = 1; inherit (y) z``),
which become variables without being evaluated; their values see the scope as it was before, as in Nix. Whether a text is whole
is asked of the real parser: more is needed where it fails at the very end.
"""

import os
import re
from collections.abc import Callable
from typing import Final, TypeVar

from imagetools.app.compose import Session
from imagetools.kernel.bytestr import to_str
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.positions import STRING
from imagetools.lang.runtime.selection import auto_call
from imagetools.lang.runtime.shown import described
from imagetools.lang.syntax.errors import ParseError, UndefinedVariableError
from imagetools.lang.syntax.parser import parse_file
from imagetools.lang.values.model import Attrs

T = TypeVar("T")
_BINDING: Final = re.compile(
    rb"""\s*(?:inherit\b(?!\s*=)|(?:[A-Za-z_][A-Za-z0-9_'-]*|"[^"$\\]*")(?:\s*\.\s*[^=\s.]+)*\s*=(?!=))"""
)
_AT_END: Final = "syntax error, unexpected end of file"


class NotASetError(ImagetoolsError):
    """``:a`` and ``:l`` take variables from sets only."""

    def __init__(self, value: object) -> None:
        super().__init__(f"expected a set but found {described(value)}", "only the attributes of a set can become variables")


class Scope:
    """The variables of a session; names are bytestrs, values may be lazy. ``renew`` makes a session whose evaluator has read
    nothing yet."""

    def __init__(self, session: Session, renew: Callable[[], Session]) -> None:
        self.session = session
        self.variables: dict[str, object] = {}
        self.files: list[str] = []
        self._renew = renew

    # -- texts

    def evaluate(self, text: str) -> object:
        """The value of an expression, forced. Raises ParseError, EvalError."""
        return self._value(_bytes(text))

    def bind(self, text: str) -> list[str]:
        """Make variables of bindings; their names, sorted. Raises ParseError, EvalError."""
        return self._take(self._value(_as_set(_bytes(text))))

    def add(self, value: object) -> list[str]:
        """Make variables of the attributes of a set; their names, sorted. Raises NotASetError."""
        return self._take(value)

    def is_binding(self, text: str) -> bool:
        """Whether the text can only be bindings."""
        return _BINDING.match(_bytes(text)) is not None

    def is_whole(self, text: str) -> bool:
        """Whether the text needs no further lines: it parses, or it is wrong before its end."""
        source = _bytes(text)
        if not source.strip() or _only_comment(source):
            return True
        if not self.is_binding(text):
            return not _ends_early(self._problem(source), source)
        return not self._problem(_as_set(source)) or not _ends_early(self._problem(b"{ " + source), source)

    def _problem(self, source: bytes) -> str:
        """Why the text does not parse, or nothing."""
        try:
            parse_file(source, STRING, self.session.evaluator.files.globals, tuple(self.variables))
        except (UndefinedVariableError, RecursionError):
            return ""
        except ParseError as error:
            return error.problem
        return ""

    def _value(self, source: bytes) -> object:
        names = tuple(self.variables)
        code = self.session.evaluator.files.parsed(source, STRING, to_str(os.fsencode(os.getcwd())), names, True)
        return code.eval([None, *self.variables.values()])

    def _take(self, value: object) -> list[str]:
        if not isinstance(value, Attrs):
            raise NotASetError(value)
        self.variables.update(value.d)
        return sorted(value.d)

    # -- files

    def load(self, name: str) -> int:
        """Load a file, call it where it is a function whose arguments all have defaults, and make variables of its attributes.

        Gives how many. Raises NoSuchFile, ParseError, EvalError, NotASetError.
        """
        here = to_str(os.fsencode(os.getcwd()))
        evaluator = self.session.evaluator
        path = self.session.locate(to_str(os.fsencode(name)), here)
        value = auto_call(evaluator.machine, evaluator.eval_file(path), {})
        count = len(self._take(value))
        if name not in self.files:
            self.files.append(name)
        return count

    def reload(self) -> int:
        """Forget all variables and everything that was read, and load the files again; how many variables there are."""
        self.session = self._renew()
        self.variables = {}
        for name in self.files:
            self.load(name)
        return len(self.variables)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _as_set(source: bytes) -> bytes:
    return b"{ " + source + (b"\n}" if source.rstrip().endswith(b";") else b"\n;}")


def _ends_early(problem: str, source: bytes) -> bool:
    """Whether what is wrong can be mended by what comes next."""
    if problem.startswith(_AT_END):
        return True
    return problem.startswith("syntax error, unexpected '/'") and source.rfind(b"/*") > source.rfind(b"*/")


def _only_comment(source: bytes) -> bool:
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in source.splitlines())
