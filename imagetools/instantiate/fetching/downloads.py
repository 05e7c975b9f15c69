"""Files and tarballs from URLs, into the store, by way of the cache (rows 1.002, 1.065-1.067).

Nix's rules: within ``ttl`` seconds what the cache has is taken unseen; later the server is asked whether it has something newer
(an ETag), and where it cannot be asked, the old copy is used with a warning. What was fetched with a hash never expires.
"""

import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Final

from imagetools.archive.stream import ArchiveError
from imagetools.formats.store_path import StorePath
from imagetools.instantiate.fetching.errors import BadArchive, FetchFailed, NotSupportedHere, RelativeTarball, as_bytestr, shown
from imagetools.instantiate.fetching.unpack import unpack_single
from imagetools.instantiate.fetching.url import as_ascii
from imagetools.instantiate.fetching.world import World
from imagetools.net.fetch_cache import Entry, Info
from imagetools.net.ports import FetchError, Wishes

NOT_MODIFIED: Final = 304
QUIET_SECONDS: Final = 2.0
"""How long a download may take before the person hears of it."""


@dataclass(frozen=True, slots=True)
class File:
    """A file in the store, and the ETag of what it came from (empty where there was none)."""

    path: StorePath
    etag: str


@dataclass(frozen=True, slots=True)
class Tree:
    """An unpacked tarball in the store; ``modified`` in seconds since 1970."""

    path: StorePath
    modified: int


def download_file(world: World, url: str, name: str, *, locked: bool, headers: Mapping[str, str] | None = None) -> File:
    """The file at ``url`` (bytestr) as the store object ``name``. Raises FetchFailed, StoreNameError."""
    request: Info = {"type": "file", "url": url, "name": name}
    fresh = world.fresh(request)
    if fresh is not None:
        return File(fresh[1], fresh[0].text("etag"))
    with world.cache.lock(request):
        known = world.known(request)
        if known is not None and known[0].fresh(world.settings.ttl, world.now):
            return File(known[1], known[0].text("etag"))
        try:
            return _download(world, request, url, name, known, locked=locked, headers=headers)
        except FetchError as error:
            if known is None:
                raise FetchFailed(error) from error
            world.warn(f"{as_bytestr(error.message)}; using cached version")
            return File(known[1], known[0].text("etag"))


def _download(
    world: World,
    request: Info,
    url: str,
    name: str,
    known: tuple[Entry, StorePath] | None,
    *,
    locked: bool,
    headers: Mapping[str, str] | None,
) -> File:
    if url.lower().startswith("s3:"):
        raise NotSupportedHere(f"cannot download '{shown(url)}': s3: URLs are not supported by imagetools")
    etag = known[0].text("etag") if known is not None else ""
    with tempfile.NamedTemporaryFile(prefix="imagetools-fetch-") as file:
        sent = dict(headers or {})
        if etag:
            sent["If-None-Match"] = etag
        wishes = Wishes(headers=tuple(sent.items()), attempts=None if known is None else 1)
        progress = _Progress(world, url)
        try:
            result = world.transport.get(
                as_ascii(url), file.write, progress=progress.heard, start_over=_Start(file).over, wishes=wishes
            )
        except FetchError as error:
            if error.status != NOT_MODIFIED or known is None:
                raise
            world.remember(request, known[1], known[0].info, locked)
            return File(known[1], etag)
        file.flush()
        path = world.add(file.name, name, "flat")
    found = File(path, as_bytestr(result.etag or ""))
    info: Info = {"etag": found.etag}
    world.remember(request, path, info, locked)
    effective = as_bytestr(result.url)
    if effective != shown(as_ascii(url)):
        world.remember({**request, "url": effective}, path, info, locked)
    return found


def download_tarball(world: World, url: str, name: str, *, locked: bool, headers: Mapping[str, str] | None = None) -> Tree:
    """The tree in the tarball at ``url`` as the store object ``name``. Raises FetchFailed, TopLevelFiles, StoreNameError."""
    if url.startswith("file:") and not url.startswith("file:/"):
        raise RelativeTarball(url)
    request: Info = {"type": "tarball", "url": url, "name": name}
    known = world.known(request)
    if known is not None and known[0].fresh(world.settings.ttl, world.now):
        return Tree(known[1], known[0].number("lastModified"))
    file = download_file(world, url, name, locked=locked, headers=headers)
    if known is not None and file.etag and known[0].text("etag") == file.etag:
        tree = Tree(known[1], known[0].number("lastModified"))
    else:
        with world.cache.lock(request):
            found = world.fresh(request)  # somebody else has just unpacked the same
            if found is not None and found[0].text("etag") == file.etag and file.etag:
                return Tree(found[1], found[0].number("lastModified"))
            tree = _unpacked(world, file, url, name)
    world.remember(request, tree.path, {"etag": file.etag, "lastModified": tree.modified}, locked)
    return tree


def _unpacked(world: World, file: File, url: str, name: str) -> Tree:
    with world.store.making() as folder:
        os.mkdir(folder)
        try:
            top, modified = unpack_single(world.real(file.path), folder, url)
        except ArchiveError as error:
            raise BadArchive(url, error) from error
        return Tree(world.move_in(top, name), modified)


class _Start:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def over(self) -> None:
        self._file.seek(0)
        self._file.truncate()


class _Progress:
    """Says once what is being downloaded, where that takes a while."""

    def __init__(self, world: World, url: str) -> None:
        self._world = world
        self._url = url
        self._begun = time.monotonic()
        self._said = False

    def heard(self, received: int, total: int | None) -> None:
        if self._said or time.monotonic() - self._begun < QUIET_SECONDS:
            return
        self._said = True
        size = "" if total is None else f" ({total >> 20} MB)"
        self._world.say(f"downloading '{shown(self._url)}'{size}...")
