"""Which repositories of a registry had a blob when it was last seen there: candidates for mounting, one flat file a registry.

A convenience like the ledger: a damaged file counts as none, one that cannot be written is none, and whoever mounts finds out
what is true.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from typing import Final

from .cache_file import keep

_MOST: Final = 5_000
_MOST_EACH: Final = 3
_LARGEST: Final = 16 << 20


class BlobPlaces:
    """``folder`` need not exist."""

    def __init__(self, folder: str) -> None:
        self._folder: Final = folder

    def find(self, registry: str) -> dict[str, list[str]]:
        """Digest to repositories, the last seen first."""
        try:
            with open(os.path.join(self._folder, _name(registry)), "rb") as file:
                found = json.loads(file.read(_LARGEST))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {
            digest: names
            for digest, names in found.items()
            if isinstance(names, list) and all(isinstance(name, str) for name in names)
        }

    def record(self, registry: str, repository: str, digests: Iterable[str]) -> None:
        """``repository`` has these. What was recorded first is forgotten where there is too much."""
        known = self.find(registry)
        changed = False
        for digest in digests:
            old = known.get(digest, [])
            if old[:1] != [repository]:
                known.pop(digest, None)
                known[digest] = [repository, *(name for name in old if name != repository)][:_MOST_EACH]
                changed = True
        if changed:
            kept = dict(list(known.items())[-_MOST:])
            keep(self._folder, _name(registry), json.dumps(kept, separators=(",", ":")).encode())


def _name(registry: str) -> str:
    return hashlib.sha256(registry.encode()).hexdigest()[:32]
