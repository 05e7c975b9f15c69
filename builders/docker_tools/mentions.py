"""Which store paths a text mentions, where only the text is left: the config's JSON, the targets of symbolic links.

A store path's name has no end mark, so the longest name that is an input of the build is taken ("…-hello.txt" before "…-hello").
"""

import re
from typing import Final

from imagetools.formats.store_path import StoreDir, StorePath, StorePathError

from .inputs import Inputs

_NAME: Final = r"[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+\-._?=]{1,211}"
_SHORTEST: Final = 34


class Mentions:
    """Collects, over several texts (bytestrs), the inputs of the build that they mention."""

    def __init__(self, store_dir: StoreDir, inputs: Inputs) -> None:
        self._inputs = inputs
        self._pattern = re.compile(re.escape(store_dir.prefix) + f"({_NAME})")
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
        for end in range(len(name), _SHORTEST - 1, -1):
            try:
                path = StorePath.parse(name[:end])
            except StorePathError:
                continue
            if path in self._inputs:
                return path
        return None
