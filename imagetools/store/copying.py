"""Copying store objects from one place to another, references before referrers (rows 6.116, 7.008, 7.013, 7.016).

Places are a store or a binary cache; each can say what it has and give NARs (``Origin``), or take them (``Destination``). What
arrives in a store must be signed by a trusted key or be content-addressed, unless that is switched off; "built here" is never
copied. Several objects travel at once; each only after what it refers to, so that a break leaves whole closures.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from heapq import heapify, heappop, heappush
from typing import Final, Protocol

from imagetools.formats.narinfo import NarInfo
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.store.cache_reader import CONNECTIONS, CacheReader, Trust, pulled
from imagetools.store.cache_writer import CacheWriter
from imagetools.store.local import LocalStore
from imagetools.store.ports import InvalidPathError, StoreError

Sink = Callable[[bytes], object]
PATIENCE: Final = 0.2


class UnsignedPathError(StoreError):
    """A path that nobody trusted has signed."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot add path '{path}' because it lacks a valid signature",
            "trust its key with --trusted-public-keys, or take it unsigned with --no-check-sigs",
        )
        self.path = path


class Origin(Protocol):
    """Where objects come from."""

    store_dir: StoreDir

    def find(self, paths: Collection[StorePath]) -> dict[StorePath, PathInfo]:
        """What is known of those of the paths that are there."""
        ...

    def dump(self, info: PathInfo, sink: Sink) -> None: ...


class Destination(Protocol):
    """Where objects go."""

    def has(self, path: StorePath) -> bool: ...

    def put(self, info: PathInfo, origin: Origin) -> None: ...


class StoreOrigin:
    """A store on disk."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self.store_dir = store.store_dir

    def all_paths(self) -> list[StorePath]:
        return self._store.all_paths()

    def find(self, paths: Collection[StorePath]) -> dict[StorePath, PathInfo]:
        """See ``Origin``."""
        return {path: info for path in paths if (info := self._store.query(path)) is not None}

    def dump(self, info: PathInfo, sink: Sink) -> None:
        self._store.dump_nar(info.path, sink)


class CacheOrigin:
    """A binary cache, asked about many paths at once. Whether signatures are good is decided by who takes."""

    def __init__(self, cache: CacheReader, store_dir: StoreDir) -> None:
        self._cache = cache
        self._known: dict[StorePath, NarInfo] = {}
        self.store_dir = store_dir

    def find(self, paths: Collection[StorePath]) -> dict[StorePath, PathInfo]:
        """See ``Origin``. Raises CacheError, FetchError."""
        new = sorted(set(paths) - self._known.keys())
        pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="narinfo")
        try:
            for path, text in zip(new, pool.map(self._cache.narinfo_text, new), strict=True):
                if text is not None:
                    self._known[path] = self._cache.read_narinfo(path, text)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return {path: self._known[path].info for path in paths if path in self._known}

    def dump(self, info: PathInfo, sink: Sink) -> None:
        for piece in self._cache.nar(self._known[info.path]):
            sink(piece)


class StoreDestination:
    """A store on disk. ``trust`` None: everything is taken."""

    def __init__(self, store: LocalStore, trust: Trust | None) -> None:
        self._store = store
        self._trust = trust

    def has(self, path: StorePath) -> bool:
        self._store.add_temp_root(path)
        return self._store.is_valid(path)

    def put(self, info: PathInfo, origin: Origin) -> None:
        if self._trust is not None and not self._trust.covers(info, self._store.store_dir):
            raise UnsignedPathError(self._store.store_dir.join(info.path))
        self._store.import_nar(info._replace(ultimate=False, registered_at=0), pulled(lambda sink: origin.dump(info, sink)))


class CacheDestination:
    """A cache in a folder."""

    def __init__(self, writer: CacheWriter) -> None:
        self._writer = writer

    def has(self, path: StorePath) -> bool:
        return False  # the writer looks itself: there may be signatures to add

    def put(self, info: PathInfo, origin: Origin) -> None:
        self._writer.add(info, lambda sink: origin.dump(info, sink))


def closure_of(origin: Origin, roots: Iterable[StorePath], *, recursive: bool = True) -> dict[StorePath, PathInfo]:
    """What is known of the roots and all that they refer to. Raises InvalidPathError for what the origin does not have."""
    found: dict[StorePath, PathInfo] = {}
    todo = set(roots)
    while todo:
        known = origin.find(todo)
        for path in sorted(todo - known.keys()):
            raise InvalidPathError(origin.store_dir.join(path), "it is not there to be copied")
        found |= known
        todo = {reference for info in known.values() for reference in info.references} - found.keys() if recursive else set()
    return found


def copy(
    infos: Mapping[StorePath, PathInfo],
    origin: Origin,
    destination: Destination,
    *,
    jobs: int,
    on_start: Callable[[StorePath], object] = lambda path: None,
) -> int:
    """Bring what the destination does not have; how many objects that were. The first failure ends it."""
    missing = {path: info for path, info in infos.items() if not destination.has(path)}

    def bring(path: StorePath) -> None:
        on_start(path)
        destination.put(missing[path], origin)

    in_order(missing, bring, jobs=jobs)
    return len(missing)


def in_order(
    infos: Mapping[StorePath, PathInfo],
    work: Callable[[StorePath], object],
    *,
    jobs: int,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Call ``work`` for each path, several at once, each after those of them that it refers to; large ones go first.

    The first failure is raised when what runs has ended; with ``stopped`` nothing is waited for any more.
    """
    waiting = {path: {one for one in info.references if one in infos and one != path} for path, info in infos.items()}
    users: dict[StorePath, list[StorePath]] = {}
    for path, needs in waiting.items():
        for need in needs:
            users.setdefault(need, []).append(path)
    ready = [(-infos[path].nar_size, path) for path, needs in waiting.items() if not needs]
    heapify(ready)
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="copy")
    running: dict[Future[object], StorePath] = {}
    try:
        while (ready or running) and not stopped():
            while ready and len(running) < jobs:
                _, path = heappop(ready)
                running[pool.submit(work, path)] = path
            for future in wait(running, timeout=PATIENCE, return_when=FIRST_COMPLETED).done:
                path = running.pop(future)
                future.result()
                for user in users.get(path, ()):
                    waiting[user].discard(path)
                    if not waiting[user]:
                        heappush(ready, (-infos[user].nar_size, user))
    finally:
        pool.shutdown(wait=not stopped(), cancel_futures=True)
