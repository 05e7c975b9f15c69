"""Evaluation errors as a person sees them, laid out as Nix 2.8 does.

Pure: the text of a file for the excerpt comes from a function that the caller gives. The sentence, a blank line, where it is
with the source lines, suggestions for a misspelt name, and with ``show_trace`` every frame in the same form, innermost first.
"""

from collections.abc import Callable
from typing import Final

from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.positions import Pos
from imagetools.lang.syntax.errors import ParseError
from imagetools.lang.syntax.excerpt import INDENT, excerpt

RED: Final = "\x1b[31;1m"
BLUE: Final = "\x1b[34;1m"
YELLOW: Final = "\x1b[35;1m"
NORMAL: Final = "\x1b[0m"
STRING: Final = "(string)"
MAX_DISTANCE: Final = 2
MAX_SUGGESTIONS: Final = 5

ReadSource = Callable[[str], bytes | None]


def render(error: ImagetoolsError, read: ReadSource, show_trace: bool = False, color: bool = False) -> str:
    """The whole text of an error, without a newline at the end. ``read`` gives the bytes of a source file, None if it cannot."""
    message = display_message(error)
    if isinstance(error, ParseError):  # its message brings the place along: spread it like that of every other error
        place, *source = message[len(error.problem) :].strip("\n").split("\n")
        message = "\n".join([error.problem, "", place, *([""] if source else []), *source])
    else:
        message = _indented(message)
    lines = [_paint("error:", RED, color) + " " + message]
    hidden = False
    if isinstance(error, EvalError):
        if error.pos is not None:
            lines.append("")
            lines.extend(_place(error.pos, read, color))
        suggestion = suggest(error)
        if suggestion:
            lines.append(INDENT + suggestion)
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
    shown = "«string»" if file == STRING else display(file)
    lines = [f"{INDENT}{_paint('at', BLUE, color)} {_paint(f'{shown}:{line}:{column}', YELLOW, color)}:"]
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


def suggest(error: EvalError) -> str:
    """ "Did you mean one of a, b or c?", or nothing."""
    name = getattr(error, "name", None)
    if not error.candidates or not isinstance(name, str):
        return ""
    ranked = sorted((distance(name, other), other) for other in error.candidates)
    near = [other for far, other in ranked[:MAX_SUGGESTIONS] if far <= MAX_DISTANCE]
    if not near:
        return ""
    if len(near) == 1:
        return f"Did you mean {display(near[0])}?"
    return f"Did you mean one of {display(', '.join(near[:-1]))} or {display(near[-1])}?"


def distance(a: str, b: str) -> int:
    """How many insertions, deletions and replacements lie between two names."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before = row
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y)))
    return row[-1]
