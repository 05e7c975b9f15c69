"""What could stand where the cursor is: commands, variables, builtins, attributes.

For ``a.b.c`` only ``a`` and ``a.b`` are evaluated, to see their names; no attribute of the set itself is. An expression that is
no plain path is never evaluated.
"""

import re
from typing import Final

from imagetools.app.repl.commands import COMMANDS
from imagetools.app.repl.interrupt import within
from imagetools.app.repl.scope import Scope
from imagetools.kernel.bytestr import display, from_unicode
from imagetools.lang.runtime.printer import show_name
from imagetools.lang.values.model import Attrs

SECONDS: Final = 2.0
KEYWORDS: Final = ("assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with")
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_'-]*"
_PATH: Final = re.compile(rf"((?:{_NAME}\.)*)({_NAME})?\Z")
_COMMAND: Final = re.compile(r"\s*:[a-z?]*\Z")
_FILE: Final = re.compile(r"\s*:l(?:oad)?\s+(\S*)\Z")
_NOT_BEFORE: Final = "./<~+$\"'"


def file_start(before: str) -> str | None:
    """The beginning of a file name, where the input is ``:l NAME``."""
    match = _FILE.match(before)
    return None if match is None else match.group(1)


def completions(scope: Scope, before: str) -> tuple[str, list[str]]:
    """The word that ends the text before the cursor, and all words that begin with it, sorted."""
    if _COMMAND.match(before):
        start = before.strip()
        return start, sorted(command for command in COMMANDS if command.startswith(start))
    match = _PATH.search(before)
    if match is None or (match.start() and before[match.start() - 1] in _NOT_BEFORE):
        return "", []
    path, start = match.group(1), match.group(2) or ""
    if path:
        steps = [from_unicode(step) for step in path[:-1].split(".")]
        nothing: list[str] = []
        names = within(SECONDS, lambda: _attributes(scope, steps), nothing)
    else:
        if not start:
            return "", []
        globals_ = [name for name in scope.session.evaluator.files.globals if not name.startswith("__") or start.startswith("__")]
        names = [*scope.variables, *globals_, *KEYWORDS]
    return start, sorted({text for text in map(display, names) if text.startswith(start)})


def _attributes(scope: Scope, steps: list[str]) -> list[str]:
    """The names in the set that a path leads to; none where it leads to no set."""
    machine = scope.session.evaluator.machine
    first = steps[0]
    if first in scope.variables:
        value = scope.variables[first]
    elif first in machine.globals:
        value = machine.globals[first]
    else:
        return []
    value = machine.force(value)
    for step in steps[1:]:
        if not isinstance(value, Attrs) or step not in value.d:
            return []
        value = machine.force(value.d[step])
    return [show_name(name) for name in value.d] if isinstance(value, Attrs) else []
