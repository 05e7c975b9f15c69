"""Several jobs at once, of which the first that fails ends all."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Final, TypeVar

T = TypeVar("T")


class StoppedError(Exception):
    """Somebody else's job failed, so this one ends too."""


class Stop:
    """Asked at every piece of work."""

    def __init__(self) -> None:
        self._event: Final = threading.Event()

    def now(self) -> None:
        self._event.set()

    def check(self) -> None:
        """Raises StoppedError once ``now`` was called."""
        if self._event.is_set():
            raise StoppedError

    def watched(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same pieces, until it is time to stop."""
        for piece in pieces:
            self.check()
            yield piece


def side_by_side(jobs: Sequence[Callable[[], T]], most: int, stop: Stop) -> list[T]:
    """The results in the order of ``jobs``, ``most`` of which run at once. Raises the error of the first that fails, when all
    others have ended, too."""
    if len(jobs) <= 1:
        return [job() for job in jobs]
    pool = ThreadPoolExecutor(min(most, len(jobs)), thread_name_prefix="copy")
    futures = [pool.submit(job) for job in jobs]
    try:
        wait(futures, return_when=FIRST_EXCEPTION)
        failed = [future.exception() for future in futures if future.done()]
        errors = [error for error in failed if error is not None]
        if errors:
            raise next((error for error in errors if not isinstance(error, StoppedError)), errors[0])
        return [future.result() for future in futures]
    except BaseException as error:
        stop.now()
        pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)  # an impatient person waits for no network
        raise
    finally:
        pool.shutdown(wait=False)
