"""From FILE..., -E and -A to values: what ``eval``, ``instantiate`` and ``build`` have in common."""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from imagetools.kernel.bytestr import to_str
from imagetools.lang.runtime.positions import STDIN

if TYPE_CHECKING:
    from imagetools.app.compose import Session


def _bytestr(text: str) -> str:
    return to_str(os.fsencode(text))


def _sources(session: "Session", files: Sequence[str] | None, expr: bool) -> Iterator[object]:
    """The (unapplied) value of each argument."""
    here = _bytestr(os.getcwd())
    if expr:
        for text in files or ():
            yield session.evaluator.eval_string(os.fsencode(text), here)
        return
    for name in files or ["./default.nix"]:
        if name == "-":
            yield session.evaluator.eval_string(sys.stdin.buffer.read(), here, STDIN)
        else:
            yield session.evaluator.eval_file(session.locate(_bytestr(name), here))


def parsed(session: "Session", files: Sequence[str] | None, expr: bool) -> Iterator[str]:
    """What ``--parse`` prints for each argument."""
    here = _bytestr(os.getcwd())
    for name in files or ([] if expr else ["./default.nix"]):
        if expr:
            yield _shown(session, os.fsencode(name), here, "«string»")
        elif name == "-":
            yield _shown(session, sys.stdin.buffer.read(), here, "«stdin»")
        else:
            path = session.locate(_bytestr(name), here)
            yield _shown(session, session.io.read_file(path), path.rpartition("/")[0] or "/", path)


def _shown(session: "Session", source: bytes, base: str, origin: str) -> str:
    from imagetools.lang.syntax.parser import parse_file
    from imagetools.lang.syntax.show import show

    tree, _ = parse_file(source, origin, session.evaluator.files.globals)
    return show(tree, base, session.settings.home)


def values(
    session: "Session",
    files: Sequence[str] | None,
    expr: bool,
    attributes: Sequence[str] | None,
    arg: Sequence[tuple[str, str]] = (),
    argstr: Sequence[tuple[str, str]] = (),
) -> Iterator[object]:
    """Every selected value.

    Nix quirk: functions on the way to an attribute are always called, the selected value only where --arg or --argstr was given.
    """
    here = _bytestr(os.getcwd())
    arguments = {_bytestr(name): session.evaluator.eval_string(os.fsencode(text), here) for name, text in arg}
    arguments.update({_bytestr(name): _bytestr(text) for name, text in argstr})
    session.arguments = arguments
    for source in _sources(session, files, expr):
        for attribute in attributes or [""]:
            selected = session.evaluator.select_path(source, _bytestr(attribute), arguments)
            yield session.evaluator.auto_call(selected, arguments) if arguments else selected
