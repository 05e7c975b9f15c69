"""``builtin:binary-cache``: the builder behind mkBinaryCache (rows 2.109-2.112).

The narinfo files say nothing that is not a function of the closure: no deriver and no signature, since stores differ in those.
Large objects go first and one to a processor, so that the last one does not keep the others waiting; each is compressed by one
thread, so that the bytes do not depend on the machine.
"""

import os
from collections.abc import Iterable, Iterator
from functools import partial
from threading import Lock, Thread
from typing import ClassVar, Final

from imagetools.builtin.api import BuiltinContext, MissingAttributeError
from imagetools.formats.narinfo import NarInfo
from imagetools.formats.path_info import PathInfo
from imagetools.store.cache_writer import CacheWriter
from imagetools.store.fs_nar import dump

LEVELS: Final = {"zstd": 1}
"""Nearly twice as fast as level 3, which Nix uses, for a tenth more bytes (docs/decisions/0014)."""


class BinaryCache:
    """The builder; ``rootPaths`` are words, ``compression`` one of none, xz, zstd."""

    name: ClassVar[str] = "binary-cache"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        roots = ctx.env.get("rootPaths", "").split()
        if not roots:
            raise MissingAttributeError(self.name, "rootPaths")
        compression = ctx.env.get("compression", "zstd")
        writer = CacheWriter(ctx.outputs["out"], ctx.store_dir, compression, LEVELS.get(compression))
        writer.open()
        members = sorted(ctx.closure(roots).members.values(), key=lambda info: (-info.nar_size, info.path))
        ctx.log(f"packing {len(members)} store paths, {_megabytes(info.nar_size for info in members)} MB")
        made = _Packing(ctx, writer, members).run(len(os.sched_getaffinity(0)))
        ctx.log(f"{_megabytes(item.file_size or 0 for item in made)} MB written")


class _Packing:
    """Objects that several threads pack, each taking the next one. (``concurrent.futures`` costs a start 5 ms.)"""

    def __init__(self, ctx: BuiltinContext, writer: CacheWriter, members: Iterable[PathInfo]) -> None:
        self._ctx = ctx
        self._writer = writer
        self._todo: Iterator[PathInfo] = iter(members)
        self._next = Lock()
        self._made: list[NarInfo] = []
        self._failures: list[BaseException] = []

    def run(self, count: int) -> list[NarInfo]:
        """What was written. Raises the first failure, when all threads have ended."""
        threads = [Thread(target=self._work, name="pack") for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failures:
            raise self._failures[0]
        return self._made

    def _work(self) -> None:
        while not self._failures:
            with self._next:
                info = next(self._todo, None)
            if info is None:
                return
            try:
                self._made.append(self._add(info))
            except BaseException as error:
                self._failures.append(error)

    def _add(self, info: PathInfo) -> NarInfo:
        bare = info._replace(deriver=None, signatures=(), content_address=None)
        return self._writer.add(bare, partial(dump, self._ctx.real_path(self._ctx.store_dir.join(info.path))))


def _megabytes(sizes: Iterable[int]) -> str:
    return f"{sum(sizes) / 1e6:.1f}"
