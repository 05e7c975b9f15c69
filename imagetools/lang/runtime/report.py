"""Evaluation errors as a person sees them, laid out as Nix 2.8 does.

Pure: the text of a file for the excerpt comes from a function that the caller gives. The sentence, a blank line, where it is
with the source lines, suggestions for a misspelt name, and with ``show_trace`` every frame in the same form, innermost first.
Without it, and where it is known which files are the person's own, how it came to that in short (``trace.py``).
"""

from collections.abc import Callable
from typing import Final

from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.errors import EvalError, UndefinedVariable
from imagetools.lang.runtime.positions import Pos
from imagetools.lang.runtime.trace import Own, Short, shorten, spot
from imagetools.lang.syntax.errors import ParseError, UndefinedVariableError
from imagetools.lang.syntax.excerpt import INDENT, excerpt
from imagetools.lang.syntax.near_misses import did_you_mean, near, variable_limit

RED: Final = "\x1b[31;1m"
BLUE: Final = "\x1b[34;1m"
YELLOW: Final = "\x1b[35;1m"
NORMAL: Final = "\x1b[0m"

ReadSource = Callable[[str], bytes | None]


def render(
    error: ImagetoolsError, read: ReadSource, show_trace: bool = False, color: bool = False, own: Own | None = None
) -> str:
    """The whole text of an error, without a newline at the end. ``read`` gives the bytes of a source file, None if it cannot;
    ``own`` says which files are the person's own (None: nothing is known of that)."""
    message = display_message(error)
    if isinstance(error, ParseError):  # its message brings the place along: spread it like that of every other error
        place, *source = message[len(error.problem) :].strip("\n").split("\n")
        message = "\n".join([error.problem, "", place, *([""] if source else []), *source])
    else:
        message = _indented(message)
    lines = [_paint("error:", RED, color) + " " + message]
    hidden = False
    short: Short | None = None
    if isinstance(error, EvalError):
        pos = error.pos
        if own is not None and not show_trace:
            short = shorten(error, own)
            pos = short.pos
        if pos is not None:
            lines.append("")
            lines.extend(_place(pos, read, color))
    suggestion = suggest(error)
    if suggestion:
        lines.append(INDENT + suggestion)
    if isinstance(error, EvalError):
        if short is not None and short.steps:
            lines.append("")
            for step in short.steps:
                lines.append(INDENT + _indented(step))
        if show_trace:
            lines.extend(_trace(error, read, color))
        hidden = bool(error.frames) and not show_trace
    if error.hint:
        lines.append("")
        lines.append(INDENT + _indented(error.hint))
    if hidden:
        lines.append("(use '--show-trace' to show detailed location information)")
    return "\n".join(lines)


def display_message(error: ImagetoolsError) -> str:
    """The sentence, for eyes: an evaluation error's is made of byte strings."""
    if isinstance(error, EvalError):
        return display(error.message)
    return error.message


def _trace(error: EvalError, read: ReadSource, color: bool) -> list[str]:
    lines: list[str] = []
    for i, frame in enumerate(error.frames):
        if error.dropped and i == error.kept:
            lines.extend(["", f"{INDENT}… {error.dropped} frames left out"])
        lines.extend(["", INDENT + "… " + _indented(display(frame.text))])
        if frame.pos is not None:
            lines.append("")
            lines.extend(_place(frame.pos, read, color))
    return lines


def _place(pos: Pos, read: ReadSource, color: bool) -> list[str]:
    """``at file:line:column:`` and the source lines."""
    file, line, column = pos.resolve()
    lines = [f"{INDENT}{_paint('at', BLUE, color)} {_paint(spot(pos), YELLOW, color)}:"]
    text = pos.source.text if pos.source.text is not None else read(file)
    if text is not None:
        code = excerpt(text, line, column)
        if code:
            lines.append("")
            for shown_line in code:
                caret = color and shown_line.endswith("^") and shown_line.startswith("      |")
                body = shown_line[:-1] + _paint("^", RED, True) if caret else shown_line
                lines.append(INDENT + body)
    return lines


def _paint(text: str, colour: str, on: bool) -> str:
    return colour + text + NORMAL if on else text


def _indented(text: str) -> str:
    return text.replace("\n", "\n" + INDENT)


def suggest(error: ImagetoolsError) -> str:
    """ "Did you mean one of a, b or c?", or nothing."""
    if isinstance(error, UndefinedVariableError):
        return did_you_mean(error.near)
    if isinstance(error, UndefinedVariable):
        return did_you_mean(near(error.name, error.candidates, variable_limit(error.name)))
    name = getattr(error, "name", None)
    if not isinstance(error, EvalError) or not isinstance(name, str):
        return ""
    return did_you_mean(near(name, error.candidates))
