"""One ``Transport`` for several threads: each call borrows one of its own, with whatever connection it kept open."""

import threading
from collections.abc import Callable

from imagetools.net.http import HttpTransport
from imagetools.net.ports import AS_USUAL, FetchResult, Part, Progress, Sink, Wishes


class TransportPool:
    """``connect`` makes a transport; there are never more than calls at the same time."""

    def __init__(self, connect: Callable[[], HttpTransport]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._idle: list[HttpTransport] = []

    def get(
        self,
        url: str,
        sink: Sink,
        *,
        progress: Progress | None = None,
        start_over: Callable[[], object] | None = None,
        wishes: Wishes = AS_USUAL,
        part: Part | None = None,
        begun: Callable[[Part], object] | None = None,
    ) -> FetchResult:
        """See ``Transport.get``."""
        with self._lock:
            transport = self._idle.pop() if self._idle else None
        if transport is None:
            transport = self._connect()
        try:
            return transport.get(url, sink, progress=progress, start_over=start_over, wishes=wishes, part=part, begun=begun)
        finally:
            with self._lock:
                self._idle.append(transport)
