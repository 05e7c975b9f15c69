"""Looking after a store: is everything that is registered there, and is it what was registered? It repairs nothing.

What lies in the store directory without being registered is no fault (a crash may leave it; a retry or a collection removes it).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from imagetools.formats.store_path import StorePath
from imagetools.kernel.hashes import Hash
from imagetools.store.fs_nar import nar_hash
from imagetools.store.ports import Store, StoreError


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one valid path; ``str`` gives the sentence."""

    path: StorePath
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def verify(store: Store, *, check_contents: bool = False, on_path: Callable[[StorePath], object] | None = None) -> list[Problem]:
    """Every problem of every valid path, in order of paths. ``check_contents`` reads and hashes everything.

    ``on_path`` hears of each path before it is read. Raises StoreDatabaseError where the database itself is damaged.
    """
    problems: list[Problem] = []
    for path in store.all_paths():
        if on_path is not None:
            on_path(path)
        sentence = _problem(store, path, check_contents)
        if sentence is not None:
            problems.append(Problem(path, sentence))
    return problems


def _problem(store: Store, path: StorePath, check_contents: bool) -> str | None:
    name = store.store_dir.join(path)
    real = store.real_path(path)
    if not os.path.lexists(real):
        return f"path '{name}' disappeared, but it is still valid"
    if not check_contents:
        return None
    info = store.query(path)
    if info is None:
        return f"path '{name}' is no longer valid"
    try:
        got, size = nar_hash(real, info.nar_hash.algo)
    except StoreError as error:
        return f"path '{name}' cannot be read: {error.message}"
    if got != info.nar_hash and info.nar_hash != Hash.zero(info.nar_hash.algo):
        return f"path '{name}' was modified! expected hash '{info.nar_hash.nix()}', got '{got.nix()}'"
    if info.nar_size and size != info.nar_size:
        return f"path '{name}' has the wrong size: expected {info.nar_size}, got {size}"
    return None
