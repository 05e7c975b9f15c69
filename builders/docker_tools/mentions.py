"""Which store paths a text mentions, where only the text is left: the config's JSON, the targets of symbolic links.

A store path's name has no end mark, so the longest name that is an input of the build is taken ("…-hello.txt" before "…-hello").
"""

import re
from typing import Final

from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.formats.closure import Closure
from imagetools.formats.store_path import StorePath, StorePathError

_NAME: Final = r"[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+\-._?=]{1,211}"


class Mentions:
    """Collects, over several texts (bytestrs), the inputs of the build that they mention."""

    def __init__(self, ctx: BuiltinContext) -> None:
        self._ctx = ctx
        self._pattern = re.compile(re.escape(ctx.store_dir.prefix) + f"({_NAME})")
        self._seen: dict[str, StorePath | None] = {}
        self.found: set[StorePath] = set()

    def look_at(self, text: str) -> None:
        """Add what ``text`` mentions to ``found``."""
        for match in self._pattern.finditer(text):
            name = match[1]
            if name not in self._seen:
                self._seen[name] = self._longest_input(name)
            path = self._seen[name]
            if path is not None:
                self.found.add(path)

    def _longest_input(self, name: str) -> StorePath | None:
        for end in range(len(name), 33, -1):
            try:
                path = StorePath.parse(name[:end])
                self._ctx.closure((self._ctx.store_dir.join(path),))
            except (BuiltinError, StorePathError):
                continue
            return path
        return None


def closure_of(ctx: BuiltinContext, paths: set[StorePath]) -> Closure:
    """The closure of some inputs; of none it is empty."""
    return ctx.closure([ctx.store_dir.join(path) for path in sorted(paths)])
