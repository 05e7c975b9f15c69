"""Follows a running build: passes its output on, enforces the limits, and comes back with how it ended.

Nix quirks: a builder that closes stdout and stderr is killed (row 4.025), after a moment here, since many programs close
them just before they exit; output after process 1 has ended is still read. It refuses to know what runs: it gets two descriptors
and a way to kill.
"""

import errno
import os
import select
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from imagetools.sandbox.ports import BuildRequest, Limit

CHUNK: Final = 65536
GRACE: Final = 1.0
DRAIN: Final = 5.0
Ending = TypeVar("Ending")


class Follower(Generic[Ending]):
    """One build's output (``terminal``, the master side) and end (``ended`` becomes readable, then ``read_end`` says how)."""

    def __init__(
        self,
        request: BuildRequest,
        terminal: int,
        ended: int,
        read_end: Callable[[], Ending],
        kill: Callable[[], object],
        on_output: Callable[[bytes], object],
    ) -> None:
        self._request = request
        self._terminal = terminal
        self._ended = ended
        self._read_end = read_end
        self._kill = kill
        self._on_output = on_output
        self._seen = 0
        self.limit: Limit = ""

    def follow(self) -> Ending:
        """Until the build has ended and all its output was read."""
        start = time.monotonic()
        last_output = start
        closed_at: float | None = None
        poll = select.poll()
        poll.register(self._terminal, select.POLLIN)
        poll.register(self._ended, select.POLLIN)
        killed = False
        while True:
            deadline, limit = self._deadline(start, last_output, closed_at)
            wait = None if deadline is None or killed else max(0.0, deadline - time.monotonic()) * 1000
            ready = poll.poll(wait)
            if not ready and not killed:
                self.limit = limit
                self._kill()
                killed = True
                continue
            fds = {fd for fd, _ in ready}
            if limit == "total" and not killed and self._ended not in fds and time.monotonic() >= (deadline or 0):
                self.limit = limit  # a builder that floods its output is never silent, but late it is
                self._kill()
                killed = True
            if self._terminal in fds:
                data = _read(self._terminal)
                if data:
                    last_output = time.monotonic()
                    self._pass_on(data)
                    if self.limit and not killed:
                        self._kill()
                        killed = True
                else:
                    poll.unregister(self._terminal)
                    closed_at = time.monotonic()
            if self._ended in fds:
                end = self._read_end()
                if closed_at is None:
                    self._drain()
                return end

    def _deadline(self, start: float, last_output: float, closed_at: float | None) -> tuple[float | None, Limit]:
        found: list[tuple[float, Limit]] = []
        if self._request.timeout:
            found.append((start + self._request.timeout, "total"))
        if self._request.max_silent:
            found.append((last_output + self._request.max_silent, "silent"))
        if closed_at is not None:
            found.append((closed_at + GRACE, ""))
        return min(found) if found else (None, "")

    def _pass_on(self, data: bytes) -> None:
        if self.limit == "log":
            return
        self._seen += len(data)
        most = self._request.max_log
        if most and self._seen > most:
            data = data[: len(data) - (self._seen - most)]
            self.limit = "log"
        if data:
            self._on_output(data)

    def _drain(self) -> None:
        """Everything inside is dead: what is left in the terminal comes now, then its end."""
        end = time.monotonic() + DRAIN
        poll = select.poll()
        poll.register(self._terminal, select.POLLIN)
        while (rest := end - time.monotonic()) > 0 and poll.poll(rest * 1000):
            data = _read(self._terminal)
            if not data:
                return
            self._pass_on(data)


def _read(terminal: int) -> bytes:
    """Some output, or nothing at its end (which a pseudo-terminal calls EIO)."""
    try:
        return os.read(terminal, CHUNK)
    except OSError as error:
        if error.errno == errno.EIO:
            return b""
        raise
