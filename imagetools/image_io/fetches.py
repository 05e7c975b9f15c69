"""Blobs on their way from a registry into files: several at once, each once, the first asked for first."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from ..image.descriptor import Descriptor
from .side_by_side import Stop

_AT_ONCE: Final = 4


class Fetches:
    """A context manager: leaving it ends what is being fetched. ``fetch`` brings a blob into a file, whose path it gives; it runs
    in several threads, and asks ``stop`` at every piece."""

    def __init__(self, fetch: Callable[[Descriptor], str]) -> None:
        self.stop: Final = Stop()
        self._fetch: Final = fetch
        self._lock: Final = threading.Lock()
        self._pool: Final = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fetch")
        self._files: Final[dict[str, Future[str]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop.now()
        patient = error is None or isinstance(error, Exception)  # somebody who interrupts waits for no network
        self._pool.shutdown(wait=patient, cancel_futures=True)

    def begin(self, item: Descriptor) -> bool:
        """It will be asked for; whether that is new."""
        return self._begun(item)[1]

    def path(self, item: Descriptor) -> str:
        """The file, once it is whole. Raises what ``fetch`` raises."""
        return self._begun(item)[0].result()

    def forget(self, item: Descriptor) -> None:
        """It will not be asked for again: its file can go."""
        with self._lock:
            future = self._files.pop(item.digest, None)
        if future is not None and not future.cancel() and future.exception() is None:
            os.unlink(future.result())

    def _begun(self, item: Descriptor) -> tuple[Future[str], bool]:
        with self._lock:
            known = self._files.get(item.digest)
            if known is not None:
                return known, False
            future = self._files[item.digest] = self._pool.submit(self._fetch, item)
            return future, True


def file_name(item: Descriptor) -> str:
    """What a blob's file is called."""
    return item.digest.replace(":", "-")
