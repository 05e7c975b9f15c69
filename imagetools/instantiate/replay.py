"""Whether what an evaluation has learnt still holds: every question of its record is asked again.

A file or folder whose state (inode, size, times) is the recorded one is not read, unless it is so young that it could have been
changed within the same tick of the clock (git's racy rule); everything else is compared by contents. ``Replay.fresh`` then has
states that can be trusted next time.
"""

import os
from collections.abc import Callable, Mapping
from typing import Final, cast

from imagetools.instantiate.io import StoreIO
from imagetools.instantiate.recording import (
    FILE,
    KIND,
    LINK,
    LISTING,
    REFERENCES,
    TREE,
    VALID,
    VARIABLE,
    Member,
    Stat,
    digest,
    digest_of_listing,
    short,
    snapshot,
)
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.errors import EvalError

TICK: Final = 2_000_000_000
"""In nanoseconds: no file system has coarser times, and no clock of the kernel is further behind."""
Facts = Mapping[tuple[str, str], object]


class Replay:
    """Asks ``io`` again what was asked when the evaluation ``began`` (nanoseconds)."""

    def __init__(self, io: StoreIO, began: int) -> None:
        self._io = io
        self._young = began - TICK
        self.fresh: dict[tuple[str, str], object] = {}
        self._ask: dict[str, Callable[[str, object], bool]] = {
            FILE: self._file,
            LISTING: self._listing,
            KIND: lambda path, kind: io.kind(path) == kind,
            LINK: lambda path, target: io.read_link(path) == target,
            VARIABLE: lambda name, value: io.get_env(name) == value,
            REFERENCES: lambda path, found: tuple(sorted(io.references(path))) == found,
            TREE: self._tree,
        }

    def changed(self, facts: Facts) -> str:
        """What is not as it was (bytestr), empty if everything is. Raises nothing."""
        paths = [subject for kind, subject in facts if kind == VALID]
        try:
            store_dir = self._io.store.store_dir
            wanted = {store_dir.parse(path) for path in paths}
            if self._io.store.valid_paths(wanted) != wanted:
                return "a store object that it needs is gone"
        except (ImagetoolsError, OSError):
            return "the store cannot be asked"
        for (kind, subject), answer in facts.items():
            if kind == VALID:
                continue
            try:
                if not self._ask[kind](subject, answer):
                    return f"{kind} {_shown(kind, subject)}"
            except (EvalError, ImagetoolsError, OSError, ValueError):
                return f"{kind} {_shown(kind, subject)}"
        return ""

    def _is_same(self, now: Stat, then: Stat) -> bool:
        return now == then and max(now[2], now[3]) < self._young

    def _file(self, path: str, answer: object) -> bool:
        then, contents = cast(tuple[Stat, bytes], answer)
        now = short(os.stat(self._io.place(path)))
        if self._is_same(now, then):
            return True
        if digest(self._io.read_file(path)) != contents:
            return False
        self.fresh[FILE, path] = (now, contents)
        return True

    def _listing(self, path: str, answer: object) -> bool:
        then, contents = cast(tuple[Stat, bytes], answer)
        now = short(os.stat(self._io.place(path)))
        if self._is_same(now, then):
            return True
        if digest_of_listing(self._io.read_dir(path)) != contents:
            return False
        self.fresh[LISTING, path] = (now, contents)
        return True

    def _tree(self, subject: str, answer: object) -> bool:
        path, name, method, made = subject.split("\0")
        filtered, then = cast(tuple[bool, tuple[Member, ...]], answer)
        now = snapshot(self._io.place(path))
        if now is None:
            return False
        if now == then and max(max(member[2][2], member[2][3]) for member in now) < self._young:
            return True
        if filtered:  # the filter may look at anything
            return False
        if self._io.add_path(path, name, method) != made:
            return False
        self.fresh[TREE, subject] = (filtered, now)
        return True


def _shown(kind: str, subject: str) -> str:
    return subject.partition("\0")[0] if kind == TREE else subject
