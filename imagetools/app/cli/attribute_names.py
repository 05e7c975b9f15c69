"""What ``-A`` could go on with, for the completion of shells: the names in the set that the path so far leads to.

The definition is evaluated as far as that needs, for a short time, without writing into the store. Whatever goes wrong means no
suggestions: a shell that completes must not be disturbed.
"""

import contextlib
import io
from collections.abc import Mapping
from typing import Final

SECONDS: Final = 1.0


def names(parameters: Mapping[str, object], incomplete: str) -> list[str]:
    """All attribute paths that begin with ``incomplete``. ``parameters`` are those that stand on the command line already."""
    with contextlib.redirect_stderr(io.TextIOWrapper(io.BytesIO())), contextlib.suppress(Exception):
        return _names(parameters, incomplete)
    return []


def _names(parameters: Mapping[str, object], incomplete: str) -> list[str]:
    from imagetools.app.cli.expressions import values
    from imagetools.app.compose import Session
    from imagetools.app.repl.interrupt import within
    from imagetools.app.settings import read_settings
    from imagetools.kernel.bytestr import display
    from imagetools.lang.runtime.printer import IDENTIFIER
    from imagetools.lang.values.model import Attrs

    files = parameters.get("files") or parameters.get("path")
    sources = [files] if isinstance(files, str) else [str(file) for file in files] if isinstance(files, (list, tuple)) else None
    if sources and "-" in sources:
        return []
    include = parameters.get("include")
    settings = read_settings().changed(include=[str(entry) for entry in include] if isinstance(include, (list, tuple)) else ())
    session = Session(settings, read_only=True)
    path, dot, start = incomplete.rpartition(".")

    def work() -> list[str]:
        found: set[str] = set()
        for value in values(session, sources, bool(parameters.get("expr")), [path] if path else None):
            called = session.evaluator.auto_call(value, {})
            if isinstance(called, Attrs):
                found.update(name for name in called.d if IDENTIFIER.fullmatch(name))
        return sorted(found)

    nothing: list[str] = []
    return [path + dot + name for name in map(display, within(SECONDS, work, nothing)) if name.startswith(start)]
