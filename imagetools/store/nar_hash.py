"""Hash and size of a stream, the hashing on a second thread once it is worth one.

``hashlib`` releases the interpreter lock, so on two cores the hash of a large tree costs almost nothing beside reading it. At
most three pieces wait, so memory stays bounded.
"""

import hashlib
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Final

from imagetools.kernel.hashes import Hash, check_algorithm

if TYPE_CHECKING:
    from queue import SimpleQueue

_WAITING: Final = 3
_THREAD_FROM: Final = 1 << 21


class StreamHash:
    """Feed it with ``update``, ask with ``finish``. As a context manager it ends its thread after an error too."""

    def __init__(self, algo: str = "sha256") -> None:
        """Raises HashError for an unknown algorithm."""
        check_algorithm(algo)
        self._algo = algo
        self._state = hashlib.new(algo, usedforsecurity=False)
        self._thread: threading.Thread | None = None
        self._queue: SimpleQueue[bytes | None]
        self._room = threading.Semaphore(_WAITING)
        self.size = 0

    def update(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._thread is None:
            if self.size < _THREAD_FROM:
                self._state.update(chunk)
                return
            from queue import SimpleQueue  # noqa: PLC0415  (few files are so large)

            self._queue = SimpleQueue()
            self._thread = threading.Thread(target=self._run, name="store-hash", daemon=True)
            self._thread.start()
        self._room.acquire()
        self._queue.put(chunk)

    def finish(self) -> tuple[Hash, int]:
        """The hash of all that came, and its size in bytes."""
        self._stop()
        return Hash(self._algo, self._state.digest()), self.size

    def _run(self) -> None:
        while (chunk := self._queue.get()) is not None:
            self._state.update(chunk)
            self._room.release()

    def _stop(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def __enter__(self) -> "StreamHash":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()
