"""A file or tree of the host on its way into a store: first hashed where it lies, then copied only if it is new.

Most sources are in the store already, so the first pass writes nothing. What counts in the end is the hash of the copy: a
source that changes between the passes gives another path, never a wrong one. Nix's filter functions may be slow or talk: each
member is asked once.
"""

import os
from collections.abc import Callable, Iterable
from typing import Final

from imagetools.formats.addressing import fixed_path
from imagetools.formats.content_address import ContentAddress, Method
from imagetools.formats.nar import wire
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath, check_name
from imagetools.store.disk import show
from imagetools.store.fs_dump import dump, open_plain
from imagetools.store.fs_nar import canonicalise, file_hash, nar_hash
from imagetools.store.nar_hash import StreamHash
from imagetools.store.ports import PathFilter, StoreError

SPARE: Final = 1 << 24
"""Bytes that a source may grow between the passes, beside its own size."""

METHODS: Final[dict[str, Method]] = {"nar": "nar", "flat": "flat"}


class MethodError(StoreError):
    """An unknown way of adding a source."""

    def __init__(self, method: str) -> None:
        super().__init__(f"'{method}' is not a way of adding to the store; there are 'nar' and 'flat'")
        self.method = method


class GrowingSourceError(StoreError):
    """A tree that becomes much larger while it is copied: the store lies in it, or somebody writes there."""

    def __init__(self, path: str) -> None:
        hint = "leave the store out by a filter (builtins.path), or keep it elsewhere (--store)"
        super().__init__(f"'{path}' grows while it is copied, as it does where the store lies in it", hint)
        self.path = path


class Source:
    """What is to be added; ``references`` is what its texts are known to mention.

    Raises StoreNameError, MethodError, HashError at once, errors of reading later.
    """

    def __init__(
        self,
        physical: str | bytes,
        name: str,
        method: str,
        algo: str,
        accept: PathFilter | None,
        references: Iterable[StorePath] = (),
    ) -> None:
        check_name(name)
        if method not in METHODS:
            raise MethodError(method)
        self._where = os.fsencode(physical)
        self._name = name
        self._method = METHODS[method]
        self._algo = algo
        self._references = tuple(sorted(references))
        self._accept = _once(accept) if accept is not None else None
        self._most: int | None = None

    def path(self, store_dir: StoreDir) -> StorePath:
        """Where it belongs as it is now. Reads all of it, writes nothing."""
        if self._method == "flat":
            value = file_hash(self._where, self._algo)[0]
        else:
            value, size = nar_hash(self._where, self._algo, self._accept)
            self._most = 2 * size + SPARE
        return fixed_path(store_dir, self._name, self._method, value, self._references)

    def read(self, store_dir: StoreDir, sink: Callable[[bytes], object], registered_at: int) -> PathInfo:
        """Send the NAR of the object to be, and say what was sent and where it belongs. Raises GrowingSourceError where it is
        more than twice what ``path`` has read."""
        sent = 0
        with StreamHash() as nar_state, StreamHash(self._algo) as state:

            def take(chunk: bytes) -> None:
                nonlocal sent
                sent += len(chunk)
                if self._most is not None and sent > self._most:
                    raise GrowingSourceError(show(self._where))
                nar_state.update(chunk)
                sink(chunk)

            def take_twice(chunk: bytes) -> None:
                state.update(chunk)
                take(chunk)

            if self._method == "flat":
                self._read_flat(take, state)
            else:
                dump(self._where, take if self._algo == "sha256" else take_twice, self._accept)
            nar_value, nar_size = nar_state.finish()
            value = nar_value if self._method == "nar" and self._algo == "sha256" else state.finish()[0]
        return PathInfo(
            path=fixed_path(store_dir, self._name, self._method, value, self._references),
            nar_hash=nar_value,
            nar_size=nar_size,
            references=self._references,
            content_address=ContentAddress(self._method, value),
            registered_at=registered_at,
        )

    def _read_flat(self, take: Callable[[bytes], object], state: StreamHash) -> None:
        """The NAR of the file's bytes alone: never executable, a symlink followed."""
        with open_plain(self._where) as (size, chunks):
            take(wire.MAGIC + wire.REGULAR + wire.LENGTH.pack(size))
            for chunk in chunks:
                state.update(chunk)
                take(chunk)
            take(wire.PADDING[size & 7] + wire.CLOSE)


def made_source(store_dir: StoreDir, tree: str, name: str, registered_at: int) -> PathInfo:
    """What is registered of a tree that was made for the store. Raises StoreNameError."""
    check_name(name)
    value, size = nar_hash(tree)
    return PathInfo(
        path=fixed_path(store_dir, name, "nar", value),
        nar_hash=value,
        nar_size=size,
        content_address=ContentAddress("nar", value),
        registered_at=registered_at,
    )


def make_movable(tree: str) -> None:
    """Make a tree canonical, but for a root directory that stays writable: only such a one can be moved."""
    canonicalise(tree)
    if os.path.isdir(tree) and not os.path.islink(tree):
        os.chmod(tree, 0o755)


def _once(accept: PathFilter) -> PathFilter:
    answers: dict[str, bool] = {}

    def asked(path: str, kind: str) -> bool:
        if path not in answers:
            answers[path] = accept(path, kind)
        return answers[path]

    return asked
