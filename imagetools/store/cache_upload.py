"""A binary cache on a server that takes PUT: each object is packed in a folder of ours and sent, the narinfo last (row 7.005)."""

import os
import tempfile
from collections.abc import Callable
from typing import Protocol

from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.store.cache_writer import INFO, CacheWriter
from imagetools.store.copying import Origin


class Upload(Protocol):
    """How files get to the server: ``net.upload.Uploader``."""

    def exists(self, url: str) -> bool: ...

    def put(self, url: str, path: str) -> None: ...


class UploadDestination:
    """The cache at ``url``. What it has already is not sent again."""

    def __init__(self, url: str, upload: Upload, store_dir: StoreDir, compression: str, level: int | None) -> None:
        self._base = url.rstrip("/") + "/"
        self._upload = upload
        self._store_dir = store_dir
        self._compression = compression
        self._level = level
        self._told = False

    def has(self, path: StorePath) -> bool:
        return self._upload.exists(self._base + path.hash_part + ".narinfo")

    def put(self, info: PathInfo, origin: Origin) -> None:
        with tempfile.TemporaryDirectory(prefix="imagetools-copy-") as folder:
            writer = CacheWriter(folder, self._store_dir, self._compression, self._level)
            writer.open()
            self._introduce(lambda: os.path.join(folder, INFO))
            made = writer.add(info, lambda sink: origin.dump(info, sink))
            name = info.path.hash_part + ".narinfo"
            self._upload.put(self._base + made.url, os.path.join(folder, made.url))
            self._upload.put(self._base + name, os.path.join(folder, name))

    def _introduce(self, file: Callable[[], str]) -> None:
        """A new cache gets its ``nix-cache-info``."""
        if not self._told:
            if not self._upload.exists(self._base + INFO):
                self._upload.put(self._base + INFO, file())
            self._told = True
