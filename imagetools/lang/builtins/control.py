"""Errors, order of evaluation, and words to the person."""

from typing import Final

from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain
from imagetools.lang.runtime import coerce, printer
from imagetools.lang.runtime.errors import AbortError, EvalError, ThrownError
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import STACK, Attrs, NixString

WARNING: Final = "evaluation warning: "
BLANK: Final = " \n\r\t"


class WarningAbort(EvalError):
    """A warning ended the evaluation, as was asked for: nobody catches it."""

    def __init__(self) -> None:
        super().__init__("aborting to reveal stack trace of warning, as abort-on-warn is set")


def abort(m: Machine, s: object) -> object:
    """Stop with a message. Always fails, and nobody can catch it. Example: ``abort "no such system"``. Row 5.054."""
    raise AbortError(coerce.to_string(m, s, set()))


def throw(m: Machine, s: object) -> object:
    """Fail with a message. Always fails; ``tryEval`` sees it, and package queries skip such a package.

    Example: ``throw "unsupported"``. Row 5.123.
    """
    raise ThrownError(coerce.to_string(m, s, set()))


def add_error_context(m: Machine, context: object, value: object) -> object:
    """``value``. Fails where ``value`` does, and then the trace says ``context`` too. Example: ``builtins.addErrorContext
    "while reading x" (1 + 1)`` is 2. Row 5.136.
    """
    depth = STACK.depth
    try:
        return m.force(value)
    except EvalError as error:
        STACK.depth = depth
        error.push(coerce.to_string(m, context, set(), False, False))
        raise


def try_eval(m: Machine, e: object) -> object:
    """``{ success = true; value = e; }``, or ``{ success = false; value = false; }`` where forcing ``e`` fails by
    ``throw``, ``assert`` or a name that the search path does not have.

    It forces only the outermost. Fails where ``e`` fails in any other way (wrong types, ``abort``). Example:
    ``(builtins.tryEval (throw "x")).success`` is false. Row 5.130.
    """
    depth = STACK.depth
    try:
        value = m.force(e)
    except EvalError as error:
        if not error.catchable:
            raise
        STACK.depth = depth
        return Attrs({"success": False, "value": False})
    return Attrs({"success": True, "value": value})


def seq(m: Machine, e1: object, e2: object) -> object:
    """``e2``, after forcing ``e1``. Fails where ``e1`` does. Example: ``builtins.seq (1 + 1) 3`` is 3. Row 5.115."""
    m.force(e1)
    return m.force(e2)


def deep_seq(m: Machine, e1: object, e2: object) -> object:
    """``e2``, after forcing ``e1`` and everything within it. Fails where anything in ``e1`` does.

    Example: ``builtins.deepSeq { a = [ 1 ]; } 2`` is 2. Row 5.069.
    """
    m.force_deep(e1)
    return m.force(e2)


def shown(m: Machine, e: object) -> str:
    """How a message shows a value: strings as they are, all else as it stands, nothing more forced."""
    value = m.force(e)
    if type(value) is str:
        return value
    if type(value) is NixString:
        return value.text
    return printer.show(m, value)


def trace(m: Machine, e1: object, e2: object) -> object:
    """``e2``, after showing ``e1`` on standard error: a string as it is, anything else as far as it is known. Fails where one
    of them does.

    Example: ``builtins.trace "here" 1`` is 1. Row 5.129.
    """
    m.io.trace("trace: " + shown(m, e1))
    return m.force(e2)


def trace_verbose(m: Machine, e1: object, e2: object) -> object:
    """``e2``, after showing ``e1`` as ``trace`` does where ``--option trace-verbose true`` asks for that. Since Nix 2.10.

    Example: ``builtins.traceVerbose "here" 1`` is 1.
    """
    if m.trace_verbose:
        return trace(m, e1, e2)
    return m.force(e2)


def warn(m: Machine, e1: object, e2: object) -> object:
    """``e2``, after showing the string ``e1`` as a warning; its further lines are indented, unless it begins with a newline.

    Fails where ``e1`` is no string, and with ``--option abort-on-warn true`` (or NIX_ABORT_ON_WARN=1), so that the trace shows
    who warned. Since Nix 2.23. Example: ``builtins.warn "x is deprecated" 1`` is 1.
    """
    text, _ = m.string_ctx(e1, "while evaluating the first argument; the message passed to builtins.warn")
    margin = "" if text.startswith("\n") else " " * len(WARNING)
    lines: list[str] = []
    for line in (WARNING + text).rstrip(BLANK).split("\n"):
        lines.append(((margin if lines else "") + line).rstrip(BLANK))
    m.io.trace("\n".join(lines))
    if m.abort_on_warn:
        raise WarningAbort()
    return m.force(e2)


def break_(m: Machine, v: object) -> object:
    """``v``; in Nix's debugger, a place to stop. Since Nix 2.9. Example: ``builtins.break 1`` is 1."""
    return m.force(v)


def get_env(m: Machine, s: object) -> object:
    """An environment variable, "" where it is not set, and always with ``--restrict-eval`` and ``--pure-eval``.

    Example: ``builtins.getEnv "HOME"``. Row 5.085.
    """
    return m.io.get_env(m.string(s, "while evaluating the first argument passed to builtins.getEnv"))


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    plain("abort", abort, "s"),
    plain("throw", throw, "s"),
    builtin("addErrorContext", add_error_context, "context", "value"),
    builtin("tryEval", try_eval, "e"),
    builtin("seq", seq, "e1", "e2"),
    builtin("deepSeq", deep_seq, "e1", "e2"),
    builtin("trace", trace, "e1", "e2"),
    builtin("traceVerbose", trace_verbose, "e1", "e2"),
    builtin("warn", warn, "e1", "e2"),
    plain("break", break_, "v"),
    builtin("getEnv", get_env, "s"),
)
