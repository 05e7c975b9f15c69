"""Trees of the disk and NARs: the door that builders and the rest of the store use.

``dump``, ``restore`` and ``canonicalise`` are made in the modules they are imported from here; this one adds what reads a tree
once and says several things about it.
"""

import os
import stat
from collections.abc import Callable
from typing import Protocol

from imagetools.kernel.hashes import Hash
from imagetools.store.canonical import WrongOwnerError, canonicalise
from imagetools.store.disk import AnyPath, show
from imagetools.store.fs_dump import (
    ChangedWhileReadError,
    SourceReadError,
    UnsupportedFileError,
    dump,
    kind_of,
    open_plain,
)
from imagetools.store.fs_restore import restore
from imagetools.store.nar_hash import StreamHash
from imagetools.store.ports import PathFilter, StoreError

__all__ = [
    "ChangedWhileReadError",
    "NotFlatError",
    "Scanner",
    "SourceReadError",
    "UnsupportedFileError",
    "WrongOwnerError",
    "canonicalise",
    "check_flat",
    "dump",
    "file_hash",
    "hash_and_scan",
    "nar_hash",
    "restore",
]


class Scanner(Protocol):
    """What looks for references in a stream: ``formats.references.ReferenceScanner``."""

    def update(self, chunk: bytes, /) -> object: ...


class NotFlatError(StoreError):
    """An output of a flat fixed-output derivation that is not one plain file."""

    def __init__(self, path: str, kind: str) -> None:
        super().__init__(f"output path '{path}' should be a non-executable regular file, since its hash is flat; it is a {kind}")
        self.path = path
        self.kind = kind


def nar_hash(path: AnyPath, algo: str = "sha256", filter: PathFilter | None = None) -> tuple[Hash, int]:
    """Hash and size (bytes) of the NAR of ``path``. Raises as ``dump``."""
    with StreamHash(algo) as state:
        dump(path, state.update, filter)
        return state.finish()


def hash_and_scan(path: AnyPath, scanner: Scanner) -> tuple[Hash, int]:
    """SHA-256 and size of the NAR of ``path``, all of it shown to ``scanner`` on the way: one pass. Raises as ``dump``."""
    with StreamHash() as state:
        scan: Callable[[bytes], object] = scanner.update

        def both(chunk: bytes) -> None:
            state.update(chunk)
            scan(chunk)

        dump(path, both)
        return state.finish()


def file_hash(path: AnyPath, algo: str = "sha256") -> tuple[Hash, int]:
    """Hash and size of one file's bytes, the flat method; a symlink is followed. Raises SourceReadError, UnsupportedFileError."""
    with open_plain(os.fsencode(path)) as (_, chunks), StreamHash(algo) as stream:
        for chunk in chunks:
            stream.update(chunk)
        return stream.finish()


def check_flat(path: AnyPath) -> None:
    """Raise NotFlatError unless ``path`` is a regular file that is not executable."""
    mode = os.lstat(path).st_mode
    if not stat.S_ISREG(mode):
        raise NotFlatError(show(path), kind_of(mode))
    if mode & stat.S_IXUSR:
        raise NotFlatError(show(path), "executable file")
