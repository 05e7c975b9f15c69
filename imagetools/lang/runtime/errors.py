"""Every way in which evaluating can fail, with Nix's sentences.

Errors are raised where they are found, mostly without a position; the nodes on the way up add it, and the trace frames
(``e.at(pos)``, ``e.push(text, pos)``). Nothing here renders: that is ``report.render``. ``catchable`` is the policy of
``tryEval``: it sees ``throw``, failed assertions and missing search path entries, nothing else.
"""

from typing import ClassVar, Final

from imagetools.kernel.bytestr import to_str
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.positions import Pos
from imagetools.lang.syntax.attrsets import show_name

KEEP_FRAMES: Final = 500


class Frame:
    """One line of a trace: what was being done, and where. ``file``: a whole file was being evaluated."""

    def __init__(self, text: str, pos: Pos | None) -> None:
        self.text = text
        self.pos = pos
        self.file: str | None = None


class EvalError(ImagetoolsError):
    """Evaluation failed. ``pos`` is where (or None), ``frames`` the trace, innermost first, ``dropped`` how many frames of
    the middle of a very long trace were let go (before index ``KEEP_FRAMES``)."""

    catchable: ClassVar[bool] = False

    def __init__(self, message: str, pos: Pos | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.pos: Pos | None = pos
        self.frames: list[Frame] = []
        self.dropped: int = 0
        self.kept: int = KEEP_FRAMES
        self.candidates: list[str] = []
        self.in_call: bool = False

    def at(self, pos: Pos) -> None:
        """Give the position, unless somebody nearer to the fault has."""
        if self.pos is None:
            self.pos = pos

    def push(self, text: str, pos: Pos | None = None) -> None:
        """Add a frame (outwards)."""
        frames = self.frames
        frames.append(Frame(text, pos))
        if len(frames) > KEEP_FRAMES:
            self.__traceback__ = None  # Python's own traceback would cost a kilobyte a level
        if len(frames) >= 3 * KEEP_FRAMES:
            self.frames = frames[:KEEP_FRAMES] + frames[2 * KEEP_FRAMES :]
            self.dropped = self.dropped + KEEP_FRAMES  # not "+=": mypyc takes it for a native attribute

    def push_file(self, file: str) -> None:
        """Add the frame of a file that is evaluated."""
        self.push(f"while evaluating the file '{file}':")
        self.frames[-1].file = file


class TypeErrorNix(EvalError):
    """A value has the wrong type."""


class AssertionFailed(EvalError):
    """``assert`` with a false condition."""

    catchable: ClassVar[bool] = True


class ThrownError(AssertionFailed):
    """``throw``, and what Nix raises as one: a search path entry that does not exist."""


class AbortError(EvalError):
    """``abort``: nobody catches it."""

    def __init__(self, text: str, pos: Pos | None = None) -> None:
        super().__init__(f"evaluation aborted with the following error message: '{text}'", pos)
        self.text = text


class UndefinedVariable(EvalError):
    def __init__(self, name: str, pos: Pos | None = None) -> None:
        super().__init__(f"undefined variable '{name}'", pos)
        self.name = name


class MissingAttribute(EvalError):
    def __init__(self, name: str, pos: Pos | None = None) -> None:
        super().__init__(f"attribute '{name}' missing", pos)
        self.name = name


class MissingArgument(TypeErrorNix):
    """A function with formals was called without one that has no default. ``function`` is how Nix names it."""

    def __init__(self, function: str, name: str, pos: Pos | None = None) -> None:
        super().__init__(f"{function} called without required argument '{name}'", pos)
        self.name = name


class UnexpectedArgument(TypeErrorNix):
    def __init__(self, function: str, name: str, pos: Pos | None = None) -> None:
        super().__init__(f"{function} called with unexpected argument '{show_name(name)}'", pos)
        self.name = name


class InfiniteRecursion(EvalError):
    """A value needs itself."""

    def __init__(self, pos: Pos | None = None) -> None:
        super().__init__("infinite recursion encountered", pos)


class StackOverflow(EvalError):
    """Calls are nested deeper than the stack is known to hold."""

    def __init__(self, pos: Pos | None = None) -> None:
        super().__init__("stack overflow; max-call-depth exceeded", pos)


class IntegerOverflow(EvalError):
    """The result does not fit 64 bits. ``action`` is "adding", "subtracting", "multiplying" or "dividing"."""

    def __init__(self, action: str, left: int, sign: str, right: int, pos: Pos | None = None) -> None:
        super().__init__(f"integer overflow in {action} {left} {sign} {right}", pos)


class DivisionByZero(EvalError):
    def __init__(self, pos: Pos | None = None) -> None:
        super().__init__("division by zero", pos)


class InvalidPath(EvalError):
    """A store path that is not valid, or a file that cannot be read."""


class InvalidStorePath(InvalidPath):
    """A store path that nothing valid has."""

    def __init__(self, path: str, hint: str | None = None) -> None:
        super().__init__(f"path '{path}' is not valid", None, hint)
        self.path = path


class RealisationFailed(EvalError):
    """What had to be built for the evaluation to go on could not be (row 4.058); ``cause`` says why, and with which exit code."""

    def __init__(self, cause: ImagetoolsError) -> None:
        message = cause.message
        if not isinstance(cause, EvalError):
            message = to_str(message.encode("utf-8", "surrogateescape"))
        super().__init__(message, None, cause.hint)
        self.cause = cause


class RestrictedPath(EvalError):
    """Access that restricted or pure evaluation forbids. ``which``: "absolute" for a path as it is written, "canonical" for
    where its symlinks lead."""

    def __init__(self, path: str, mode: str = "restricted mode", which: str = "absolute", hint: str | None = None) -> None:
        super().__init__(f"access to {which} path '{path}' is forbidden in {mode}", None, hint)
        self.path = path


class RestrictedUri(EvalError):
    """Fetching that restricted evaluation forbids (row 1.082)."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            f"access to URI '{uri}' is forbidden in restricted mode",
            None,
            "name what may be fetched with --option allowed-uris 'PREFIX...'",
        )
        self.uri = uri


class NotPure(EvalError):
    """A builtin that pure evaluation does not have; ``name`` as the person writes it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"'{name}' is not allowed in pure evaluation mode")
        self.name = name
