"""Reading ahead in a second thread: decompression, which lets go of the interpreter, beside the writing of files.

At most eight pieces wait, so memory stays bounded. Errors of the reader come out where its bytes would have.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType

from imagetools.archive.stream import PIECE

_WAITING = 8


class ReadAhead:
    """A context manager whose ``read`` gives what the ``read`` function gives; that is called in a thread of its own."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._inner = read
        self._queue: SimpleQueue[bytes | BaseException] = SimpleQueue()
        self._room = threading.Semaphore(_WAITING)
        self._stop = False
        self._rest = b""
        self._done = False
        self._thread = threading.Thread(target=self._run, name="archive-read-ahead", daemon=True)

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; ``b""`` at the end."""
        if not self._rest:
            if self._done:
                return b""
            got = self._queue.get()
            self._room.release()
            if isinstance(got, BaseException):
                self._done = True
                raise got
            if not got:
                self._done = True
            if len(got) <= size:
                return got
            self._rest = got
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def _run(self) -> None:
        try:
            while True:
                self._room.acquire()
                if self._stop:
                    return
                piece = self._inner(PIECE)
                self._queue.put(piece)
                if not piece:
                    return
        except BaseException as problem:  # whoever reads raises it
            self._queue.put(problem)

    def __enter__(self) -> "ReadAhead":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._stop = True
        self._room.release()
        self._thread.join()
