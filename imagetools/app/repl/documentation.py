"""The documentation of builtins, read from the sources: compiled modules keep no docstrings, but their sources lie beside them.

A builtin is listed as ``builtin("name", function, "argument", ...)`` (or ``plain``) in some module; its documentation is the
docstring of that function.
"""

import ast
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from imagetools.app.settings import PACKAGE

PLACES: Final = ("lang/builtins", "instantiate")
ROW: Final = re.compile(r"\s*\bRows?\s+\d\.\d+(?:[-,\s]+\d\.\d+)*\.")
"""Where our own list of wishes has it, which is nothing for people."""
LISTING: Final = ("builtin", "plain")


class Documented:
    """One builtin: its ``name``, the names of its ``arguments``, and the ``text`` about it."""

    def __init__(self, name: str, arguments: tuple[str, ...], text: str) -> None:
        self.name = name
        self.arguments = arguments
        self.text = text

    def lines(self) -> str:
        """For people."""
        return f"builtins.{' '.join((self.name, *self.arguments))}\n\n{self.text}"


def documented(name: str) -> Documented | None:
    """The documentation of ``builtins.NAME``; None for what is no builtin function."""
    return all_documented().get(name)


def all_documented() -> dict[str, Documented]:
    """The documentation of every builtin function, by name."""
    listed: dict[str, tuple[str, tuple[str, ...]]] = {}
    texts: dict[str, str] = {}
    for place in PLACES:
        for file in sorted(Path(PACKAGE, place).glob("*.py")):
            _read(file, listed, texts)
    return {
        name: Documented(name, arguments, texts.get(function, "There is no documentation."))
        for name, (function, arguments) in listed.items()
    }


def _read(file: Path, listed: dict[str, tuple[str, tuple[str, ...]]], texts: dict[str, str]) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            text = ast.get_docstring(node)
            if text:
                texts.setdefault(node.name, ROW.sub("", inspect.cleandoc(text)))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LISTING and len(node.args) > 1:
            words = list(_constants(node.args))
            function = node.args[1]
            spelled = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if words:
                listed[words[0]] = (spelled, tuple(words[1:]))


def _constants(nodes: Iterable[ast.expr]) -> Iterable[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
