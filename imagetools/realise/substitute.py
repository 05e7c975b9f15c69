"""Fetching from binary caches what a plan says, before anything is built (rows 7.007-7.009).

Nix's shape: whole closures, references first; a cache that fails is followed by the next; what every cache has lost meanwhile is
built after all, and what they only failed to give as well, with ``fallback``.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from imagetools.formats.store_path import StorePath
from imagetools.realise.events import Event, FetchFinished, FetchProgress, FetchStarted, Warned
from imagetools.realise.plan import Offers
from imagetools.sandbox.ports import CancelledError
from imagetools.store.copying import in_order
from imagetools.store.ports import Store
from imagetools.store.substituters import NotSubstitutedError, Offer, Substituters

AT_ONCE: Final = 4
STEP: Final = 1 << 20


class Substitution:
    """What of a realisation comes from caches. ``refused`` paths were promised and not given: they are not asked for again."""

    def __init__(self, store: Store, substituters: Substituters, *, fallback: bool, emit: Callable[[Event], None]) -> None:
        self._store = store
        self._substituters = substituters
        self._fallback = fallback
        self._emit = emit
        self._stopped = threading.Event()
        self._refused: set[StorePath] = set()

    def find(self, paths: set[StorePath]) -> tuple[Offers, set[StorePath]]:
        """For a plan: offers for closures, and what nobody offers."""
        offers, lacking = self._substituters.closure(paths)
        return offers, lacking | (offers.keys() & self._refused) | (paths & self._refused)

    def run(self, fetches: Offers) -> bool:
        """Fetch; False where some must be built instead, after a new plan.

        Raises NotSubstitutedError, StoreError, CancelledError.
        """
        self._stopped.clear()
        infos = {path: offers[0].narinfo.info for path, offers in fetches.items()}
        for path in infos:
            self._store.add_temp_root(path)
        try:
            in_order(infos, lambda path: self._fetch(path, fetches[path]), jobs=AT_ONCE, stopped=self._stopped.is_set)
        except NotSubstitutedError as error:
            if not (error.vanished or self._fallback):
                raise
            self._refused.add(self._store.store_dir.parse(error.path))
            self._emit(Warned(f"building '{error.path}' or what needs it instead of fetching it"))
            return False
        except KeyboardInterrupt:
            self.cancel()
            raise
        if self._stopped.is_set():
            raise CancelledError(self._store.store_dir.join(next(iter(infos))))
        return True

    def cancel(self) -> None:
        """Stop a ``run`` in another thread."""
        self._stopped.set()

    def close(self) -> None:
        self._substituters.close()

    def _fetch(self, path: StorePath, offers: Sequence[Offer]) -> None:
        start = time.monotonic()
        self._emit(FetchStarted(path, offers[0].cache.url))
        shown = 0

        def progress(offer: Offer, received: int) -> None:
            nonlocal shown
            if self._stopped.is_set():
                raise CancelledError(self._store.store_dir.join(path))
            if received - shown >= STEP or received < shown:
                shown = received
                self._emit(FetchProgress(path, received, offer.download_size))

        served = self._substituters.fetch(path, offers, progress)
        self._emit(FetchFinished(path, time.monotonic() - start, served is not None))
