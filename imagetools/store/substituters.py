"""Several binary caches as one source of store paths: who has what, the closure of it, and fetching with one after the other.

Rows 7.007-7.009: caches are asked in the order of their priority, many paths at once; a cache that cannot be reached is left
out after one warning; a narinfo that nobody trusted has signed counts as none. Nothing is decided here about building.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar, Final

from imagetools.archive.stream import ArchiveError
from imagetools.formats.nar.reader import NarError
from imagetools.formats.narinfo import NarInfo
from imagetools.formats.store_path import StorePath
from imagetools.kernel.errors import ImagetoolsError
from imagetools.net.ports import FetchError
from imagetools.store.cache_reader import CONNECTIONS, USUAL_PRIORITY, CacheError, CacheReader
from imagetools.store.cache_writer import INFO
from imagetools.store.compression import UnknownCompressionError, WrongCompressionError
from imagetools.store.narinfo_cache import NarInfoCache
from imagetools.store.ports import ImportMismatchError, Store, StoreError

LIES: Final = (
    FetchError,
    CacheError,
    ArchiveError,
    NarError,
    ImportMismatchError,
    WrongCompressionError,
    UnknownCompressionError,
)
"""What a bad cache can bring about; anything else is a fault of ours or of this host."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A cache says that it has a path."""

    cache: CacheReader
    narinfo: NarInfo

    @property
    def download_size(self) -> int:
        """Bytes to come, as far as the cache says it."""
        return self.narinfo.file_size or 0


class NotSubstitutedError(StoreError):
    """Every cache that promised a path failed; ``vanished``: none of them had the file any more."""

    fault: ClassVar[str] = "host"

    def __init__(self, path: str, reasons: Sequence[str], vanished: bool) -> None:
        text = "".join(f"\n  {reason}" for reason in reasons)
        super().__init__(f"cannot fetch '{path}':{text}", "build it instead: --fallback")
        self.path = path
        self.vanished = vanished


class Substituters:
    """``warn`` hears each thing that is wrong with a cache, once."""

    def __init__(
        self, store: Store, caches: Sequence[CacheReader], warn: Callable[[str], object], memory: NarInfoCache | None = None
    ) -> None:
        self._store = store
        self._caches = list(caches)
        self._warn = warn
        self._memory = memory
        self._lock = threading.Lock()
        self._offers: dict[StorePath, tuple[Offer, ...]] = {}
        self._order: list[CacheReader] | None = None
        self._pool: ThreadPoolExecutor | None = None

    def find(self, paths: Iterable[StorePath]) -> dict[StorePath, tuple[Offer, ...]]:
        """Who has these paths; a path that nobody has is left out. Asks about all of them at once, and about each once."""
        wanted = set(paths)
        new = sorted(wanted - self._offers.keys())
        if new and self._caches:
            found: dict[StorePath, list[Offer]] = {path: [] for path in new}
            for cache in self._usable():
                for path, narinfo in self._ask(cache, new).items():
                    found[path].append(Offer(cache, narinfo))
            self._offers.update({path: tuple(offers) for path, offers in found.items()})
        return {path: offers for path in wanted if (offers := self._offers.get(path, ()))}

    def closure(self, paths: Iterable[StorePath]) -> tuple[dict[StorePath, tuple[Offer, ...]], set[StorePath]]:
        """What must be fetched for the paths to be valid, and what of it nobody has.

        Of what no cache has, nothing more is known: the first part is then worth nothing for paths that need it.
        """
        offers: dict[StorePath, tuple[Offer, ...]] = {}
        lacking: set[StorePath] = set()
        todo = set(paths)
        todo -= self._store.valid_paths(todo)
        while todo:
            found = self.find(todo)
            lacking |= todo - found.keys()
            offers.update(found)
            below = {reference for each in found.values() for reference in each[0].narinfo.info.references}
            todo = below - offers.keys() - lacking
            todo -= self._store.valid_paths(todo)
        return offers, lacking

    def fetch(
        self, path: StorePath, offers: Sequence[Offer], progress: Callable[[Offer, int], object] = lambda offer, count: None
    ) -> Offer | None:
        """Make a path valid, all of whose references are. Gives the offer that served; None where it was valid already.

        Raises NotSubstitutedError where every cache failed, and StoreError for faults of this host.
        """
        name = self._store.store_dir.join(path)
        reasons: list[str] = []
        vanished = True
        for offer in offers:
            received = 0

            def count(size: int, offer: Offer = offer) -> None:
                nonlocal received
                received = size
                progress(offer, size)

            try:
                self._import(offer, count)
            except LIES as error:
                vanished = vanished and isinstance(error, FetchError) and error.missing
                reasons.append(f"from '{offer.cache.url}': {error.message}")
                self._warn(f"cannot fetch '{name}' {reasons[-1]}")
                continue
            return offer if received else None
        raise NotSubstitutedError(name, reasons, vanished)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        if self._memory is not None:
            self._memory.close()

    # -- inside

    def _import(self, offer: Offer, count: Callable[[int], object]) -> None:
        """Once more from the start where the connection broke and the server could not go on."""
        for last in (False, True):
            try:
                self._store.import_nar(offer.narinfo.info, offer.cache.nar(offer.narinfo, count))
                return
            except FetchError as error:
                if last or error.missing:
                    raise

    def _usable(self) -> list[CacheReader]:
        """The caches that answer, best first; asked once."""
        with self._lock:
            if self._order is None:
                ranked: list[tuple[int, int, CacheReader]] = []
                for at, cache in enumerate(self._caches):
                    priority = self._priority(cache)
                    if priority is not None:
                        ranked.append((priority, at, cache))
                self._order = [cache for _, _, cache in sorted(ranked, key=lambda item: item[:2])]
            return list(self._order)

    def _priority(self, cache: CacheReader) -> int | None:
        memory = self._memory if cache.is_remote else None
        known = memory.get(cache.url, (INFO,)) if memory is not None else {}
        text = known.get(INFO)
        if cache.optional and INFO in known and text is None:
            return None  # not reachable a moment ago
        try:
            info = cache.check_info(text) if text else cache.info()
        except ImagetoolsError as error:
            if memory is not None and isinstance(error, FetchError):
                memory.put(cache.url, ((INFO, None),))
            if not (cache.optional and isinstance(error, FetchError)):
                self._warn(f"{error.message}; going on without it")
            return None
        if memory is not None and not text:
            memory.put(cache.url, ((INFO, str(info)),))
        return USUAL_PRIORITY if info.priority is None else info.priority

    def _ask(self, cache: CacheReader, paths: Sequence[StorePath]) -> dict[StorePath, NarInfo]:
        memory = self._memory if cache.is_remote else None
        names = {path: path.hash_part + ".narinfo" for path in paths}
        known = memory.get(cache.url, names.values()) if memory is not None else {}
        asked = [path for path in paths if names[path] not in known]
        try:
            texts = list(self._threads().map(cache.narinfo_text, asked))
        except ImagetoolsError as error:
            self._give_up(cache, error)
            return {}
        fresh = {names[path]: text for path, text in zip(asked, texts, strict=True)}
        if memory is not None and fresh:
            memory.put(cache.url, fresh.items())
        answers = {**known, **fresh}
        found: dict[StorePath, NarInfo] = {}
        for path, name in names.items():
            text = answers.get(name)
            narinfo = None if text is None else self._understand(cache, path, text)
            if narinfo is not None:
                found[path] = narinfo
        return found

    def _understand(self, cache: CacheReader, path: StorePath, text: str) -> NarInfo | None:
        try:
            narinfo = cache.read_narinfo(path, text)
        except ImagetoolsError as error:
            self._warn(f"{error.message}; not fetching it from there")
            return None
        if not cache.is_trusted(narinfo):
            self._warn(
                f"ignoring substitute for '{self._store.store_dir.join(path)}' from '{cache.url}', "
                "as it's not signed by any of the keys in 'trusted-public-keys'"
            )
            return None
        return narinfo

    def _give_up(self, cache: CacheReader, error: ImagetoolsError) -> None:
        with self._lock:
            if self._order is not None and cache in self._order:
                self._order.remove(cache)
        self._warn(f"{error.message}; going on without '{cache.url}'")

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="narinfo")
        return self._pool


def total_sizes(offers: Mapping[StorePath, Sequence[Offer]]) -> tuple[int, int]:
    """Bytes to download and bytes unpacked (NARs), as the first offers say."""
    first = [each[0] for each in offers.values()]
    return sum(offer.download_size for offer in first), sum(offer.narinfo.info.nar_size for offer in first)
