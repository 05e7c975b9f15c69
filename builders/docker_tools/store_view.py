"""What a path in the store means, read through logical paths: symbolic links are followed as they will be in the image.

The store may lie anywhere for this process, so ``os.path.isdir`` on a link to /nix/store would look at the wrong place. Nothing
outside the derivation's inputs is ever looked at.
"""

import os
import stat
from typing import Final

from imagetools.builtin.api import BuiltinContext
from imagetools.formats.store_path import StorePath, StorePathError
from imagetools.kernel.bytestr import to_bytes, to_str

from .inputs import Inputs

_MOST_LINKS: Final = 40


class StoreView:
    """Logical paths are bytes (``b"/nix/store/…"``); physical ones too."""

    def __init__(self, ctx: BuiltinContext, inputs: Inputs) -> None:
        self._ctx = ctx
        self._inputs = inputs
        self._prefix = to_bytes(ctx.store_dir.path) + b"/"
        self._known: dict[bytes, bytes | None] = {}

    def physical(self, logical: bytes) -> bytes | None:
        """Where ``logical`` lies for this process; None where it is no path of the inputs."""
        if not logical.startswith(self._prefix):
            return None
        base, slash, rest = logical[len(self._prefix) :].partition(b"/")
        if base not in self._known:
            self._known[base] = self._place(base)
        place = self._known[base]
        return None if place is None else place + slash + rest

    def object_of(self, logical: bytes) -> StorePath | None:
        """The store object in which ``logical`` lies, or None."""
        try:
            return self._ctx.store_dir.parse_prefix(to_str(logical))[0]
        except StorePathError:
            return None

    def folder(self, logical: bytes) -> bytes | None:
        """The logical path of the folder that ``logical`` leads to, all links followed; None where it leads to none."""
        todo = [part for part in reversed(logical.split(b"/")) if part]
        here: list[bytes] = []
        links = 0
        while todo:
            part = todo.pop()
            if part == b".":
                continue
            if part == b"..":
                del here[-1:]
                continue
            here.append(part)
            place = self.physical(b"/" + b"/".join(here))
            if place is None:
                continue  # above the store, or outside of it; the end decides
            try:
                mode = os.lstat(place).st_mode
            except OSError:
                return None
            if stat.S_ISLNK(mode):
                links += 1
                if links > _MOST_LINKS:
                    return None
                target = os.readlink(place)
                here = [] if target.startswith(b"/") else here[:-1]
                todo.extend(step for step in reversed(target.split(b"/")) if step)
            elif not stat.S_ISDIR(mode):
                return None
        found = b"/" + b"/".join(here)
        return found if self.physical(found) is not None else None

    def _place(self, base: bytes) -> bytes | None:
        path = self.object_of(self._prefix + base)
        if path is None or path not in self._inputs:
            return None
        return os.fsencode(self._ctx.real_path(self._ctx.store_dir.join(path)))
