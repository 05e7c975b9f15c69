"""One URL on its way into one sink, across attempts: what has come, what the server said about it, whether it may go on.

The rules of RFC 9110 for ranges live here: a part is continued only when the server vouches that it is still the same file. What
goes wrong becomes an exception of ``ports``; nothing here opens connections or waits.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from imagetools.net import refusals
from imagetools.net.body import Body
from imagetools.net.ports import FetchError, FetchResult, Part, Progress, Sink, TransientFetchError

if TYPE_CHECKING:
    import httpx


class Transfer:
    """``part`` is what the sink has already; ``begun`` hears of each body that starts."""

    def __init__(
        self,
        url: str,
        sink: Sink,
        progress: Progress | None,
        start_over: Callable[[], object] | None,
        *,
        part: Part | None = None,
        begun: Callable[[Part], object] | None = None,
        decode: bool = False,
    ) -> None:
        self.url = url
        self.received = 0
        self.high_water = 0
        self.retry_after: str | None = None
        self._sink = sink
        self._progress = progress
        self._start_over = start_over
        self._begun = begun
        self._decode = decode
        self._total: int | None = None
        self._etag: str | None = None
        self._modified: str | None = None
        if part is not None and part.size and part.continuable:
            self.received = self.high_water = part.size
            self._total, self._etag, self._modified = part.total, part.etag, part.last_modified

    def request_headers(self) -> dict[str, str]:
        """Range headers where a part is there already; If-Range only with a strong validator (RFC 9110 §13.1.5)."""
        if self.received == 0:
            return {}
        headers = {"Range": f"bytes={self.received}-"}
        validator = self._etag if self._etag is not None and not self._etag.startswith("W/") else self._modified
        if validator is not None:
            headers["If-Range"] = validator
        return headers

    def take(self, response: "httpx.Response", shown: str, stall: float, deadline: float | None) -> FetchResult:
        """Judge the answer's head and stream its body. Raises like ``Transport.get``, and as ``Body.send``."""
        status = response.status_code
        self.retry_after = response.headers.get("retry-after")
        if status == 206 and self.received:
            self._check_same(response, shown)
        elif status == 416 and self.received:
            ends_here = response.headers.get("content-range", "").replace(" ", "") == f"bytes*/{self.received}"
            if ends_here and self._total in {None, self.received}:
                return self._result(shown)
            self._restart(shown)
            raise TransientFetchError(shown, "the server cannot continue where the connection broke", status, refusals.LATER)
        elif status == 200:
            self._begin(response, shown)
        else:
            raise refusals.of_status(shown, status, response.reason_phrase)
        Body(response, stall, deadline).send(self._sink, self._count, decode=self._decode)
        return self.finish(shown, response.headers.get("content-type"))

    def begin_plain(self, total: int | None, shown: str) -> None:
        """A protocol without validators begins or goes on: only a file of the same size is the same file."""
        if self.received and (total is None or total != self._total):
            self._restart(shown)
        if not self.received:
            self._start(Part(0, total))

    def give(self, piece: bytes) -> None:
        """The next bytes."""
        self._sink(piece)
        self._count(len(piece))

    def finish(self, shown: str, content_type: str | None = None) -> FetchResult:
        """The body has ended. Raises TransientFetchError where it was not whole."""
        if self._total is not None and self.received != self._total:
            raise TransientFetchError(shown, f"{self.received} bytes came instead of {self._total}", hint=refusals.LATER)
        return self._result(shown, content_type)

    def _begin(self, response: "httpx.Response", shown: str) -> None:
        if self.received:
            self._restart(shown)
        headers = response.headers
        length = headers.get("content-length", "")
        known = length.isdigit() and "transfer-encoding" not in headers and not (self._decode and "content-encoding" in headers)
        self._start(Part(0, int(length) if known else None, headers.get("etag"), headers.get("last-modified")))

    def _start(self, part: Part) -> None:
        self._total, self._etag, self._modified = part.total, part.etag, part.last_modified
        if self._begun is not None:
            self._begun(part)

    def _count(self, size: int) -> None:
        self.received += size
        self.high_water = max(self.high_water, self.received)
        if self._progress is not None:
            self._progress(self.received, self._total)

    def _result(self, shown: str, content_type: str | None = None) -> FetchResult:
        return FetchResult(shown, self.received, self._etag, self._modified, content_type)

    def _check_same(self, response: "httpx.Response", shown: str) -> None:
        """The answer must continue the same file where ours ends."""
        unit, _, rest = response.headers.get("content-range", "").partition(" ")
        span, _, total = rest.partition("/")
        first = span.partition("-")[0]
        fits = unit.lower() == "bytes" and first == str(self.received)
        if not fits or (self._total is not None and total not in {"*", str(self._total)}):
            self._restart(shown)
            raise TransientFetchError(
                shown, "the server continued with another part than the one asked for", hint=refusals.ADDRESS
            )
        etag = response.headers.get("etag")
        if self._etag is not None and etag is not None and _plain(etag) != _plain(self._etag):
            self._restart(shown)
            raise TransientFetchError(shown, "the server continued with another file", hint=refusals.ADDRESS)
        if self._total is None and total.isdigit():
            self._total = int(total)

    def _restart(self, shown: str) -> None:
        if self._start_over is None:
            raise FetchError(shown, "the connection broke and the server cannot continue where it was", hint=refusals.ADDRESS)
        self._start_over()
        self.received = 0
        self._total = self._etag = self._modified = None


def _plain(etag: str) -> str:
    return etag.removeprefix("W/")
