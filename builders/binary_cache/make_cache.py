"""``builtin:binary-cache``: the builder behind mkBinaryCache (rows 2.109-2.112).

The narinfo files say nothing that is not a function of the closure: no deriver and no signature, since stores differ in those.
Large objects go first and one to a processor, so that the last one does not keep the others waiting; each is compressed by one
thread, so that the bytes do not depend on the machine.
"""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            made = list(pool.map(partial(_add, ctx, writer), members))
        ctx.log(f"{_megabytes(item.file_size or 0 for item in made)} MB written")


def _add(ctx: BuiltinContext, writer: CacheWriter, info: PathInfo) -> NarInfo:
    bare = info._replace(deriver=None, signatures=(), content_address=None)
    return writer.add(bare, partial(dump, ctx.real_path(ctx.store_dir.join(info.path))))


def _megabytes(sizes: Iterable[int]) -> str:
    return f"{sum(sizes) / 1e6:.1f}"
