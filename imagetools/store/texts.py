"""Texts on their way into a store: their paths, their path infos, and an order in which references come first. Pure."""

import hashlib
from collections.abc import Iterator, Mapping

from imagetools.formats.addressing import text_path
from imagetools.formats.content_address import ContentAddress
from imagetools.formats.nar.writer import file_nar
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel import graph
from imagetools.kernel.hashes import Hash
from imagetools.store.ports import TextObject

BATCH = 200
"""How many are locked and registered at once: each lock is an open file, and 1024 is a common limit for those."""


def resolve(store_dir: StoreDir, item: TextObject) -> StorePath:
    """The item's path. Raises StoreNameError."""
    return item.path if item.path is not None else text_path(store_dir, item.name, item.data, item.references)


def batches(items: Mapping[StorePath, TextObject]) -> Iterator[dict[StorePath, TextObject]]:
    """All items, each in the batch of what it refers to or in a later one."""

    def edges(path: StorePath) -> list[StorePath]:
        return [reference for reference in items[path].references if reference in items]

    order = graph.topological(items, edges)
    for start in range(0, len(order), BATCH):
        yield {path: items[path] for path in order[start : start + BATCH]}


def text_info(path: StorePath, item: TextObject, registered_at: int) -> PathInfo:
    nar = file_nar(item.data)
    return PathInfo(
        path=path,
        nar_hash=Hash("sha256", hashlib.sha256(nar).digest()),
        nar_size=len(nar),
        references=tuple(sorted(set(item.references))),
        content_address=ContentAddress("text", Hash("sha256", hashlib.sha256(item.data).digest())),
        registered_at=registered_at,
    )
