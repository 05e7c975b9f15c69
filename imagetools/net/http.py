"""The transport: http, https and file URLs, streamed, taken up again where they broke.

httpx is imported on the first request (start-up time). The environment is never read: proxies, netrc and certificates are
handed in. Bodies come unmodified (``Accept-Encoding: identity``, raw bytes), since a fixed output's hash is over what the
server stores. Redirects are followed by hand, so that each hop gets its own proxy and its own credentials and none can lead
to ``file:``. Refuses to know hashes and disks.
"""

import os
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from imagetools import __version__
from imagetools.net.credentials import Login, Netrc, split_login
from imagetools.net.files import get_file
from imagetools.net.policy import REDIRECT_STATUS, RETRY_STATUS, RetryPolicy
from imagetools.net.ports import FetchError, FetchResult, Progress, Sink, TransientFetchError
from imagetools.net.proxies import Proxies
from imagetools.net.redact import redact, redact_text

if TYPE_CHECKING:
    import ssl

    import httpx

_PIECE = 1 << 16
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
_HOST_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class HttpTransport:
    """A ``Transport``. One instance keeps its connections open; ``close()`` ends them. Not for several threads at once."""

    def __init__(
        self,
        *,
        proxies: Proxies | None = None,
        netrc: Netrc | None = None,
        ca_file: str | None = None,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], object] = time.sleep,
        log: Callable[[str], object] | None = None,
    ) -> None:
        self._proxies = proxies or Proxies()
        self._netrc = netrc or Netrc()
        self._ca_file = ca_file
        self._policy = policy or RetryPolicy()
        self._sleep = sleep
        self._log = log
        self._clients: dict[str | None, httpx.Client] = {}

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def get(
        self,
        url: str,
        sink: Sink,
        *,
        progress: Progress | None = None,
        start_over: Callable[[], object] | None = None,
        etag: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> FetchResult:
        """See ``Transport.get``."""
        scheme = urlsplit(url).scheme.lower()
        if scheme == "file":
            return get_file(url, sink, progress)
        if scheme not in {"http", "https"}:
            raise FetchError(redact(url), f"the scheme '{scheme}' is not supported", hint="http, https and file are")
        download = _Download(url, sink, progress, start_over, etag, headers)
        failures = 0
        while True:
            before = download.high_water
            try:
                return self._attempt(download)
            except TransientFetchError as problem:
                failures = 1 if download.high_water > before else failures + 1
                if failures >= self._policy.attempts:
                    problem.hint = problem.hint or f"gave up after {failures} attempts without progress"
                    raise
                wait = self._policy.delay(failures, download.retry_after)
                if self._log is not None:
                    where = f" from byte {download.received}" if download.received else ""
                    self._log(f"warning: {problem.message}; trying again{where} in {wait:g} s")
                self._sleep(wait)

    def _attempt(self, download: "_Download") -> FetchResult:
        import httpx  # noqa: PLC0415

        shown = redact(download.url)
        try:
            return self._request(download)
        except httpx.TimeoutException as problem:
            what = "connecting" if isinstance(problem, httpx.ConnectTimeout) else "waiting for data"
            raise TransientFetchError(shown, f"timed out while {what}") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as problem:
            raise FetchError(shown, redact_text(str(problem))) from None
        except httpx.TransportError as problem:
            text = _ERRNO.sub("", redact_text(str(problem))) or type(problem).__name__
            if "CERTIFICATE_VERIFY_FAILED" in text:
                hint = "a private authority's certificate can be named by SSL_CERT_FILE"
                raise FetchError(shown, f"the server's certificate was refused: {text}", hint=hint) from None
            raise TransientFetchError(shown, text) from None
        except ImportError as problem:  # socks proxies want an extra library
            raise FetchError(shown, str(problem)) from None

    def _request(self, download: "_Download") -> FetchResult:
        url, login = split_login(download.url)
        origin = _origin(url)
        for _ in range(self._policy.redirects + 1):
            own = login if login is not None and _origin(url) == origin else self._netrc.lookup(urlsplit(url).hostname or "")
            client = self._client(self._proxies.for_url(url))
            request = client.build_request("GET", url, headers=download.request_headers(_origin(url) == origin))
            response = client.send(request, stream=True, auth=_basic(own))
            try:
                if response.status_code not in REDIRECT_STATUS or "location" not in response.headers:
                    return download.take(response, redact(url))
                url = self._next_hop(url, response.headers["location"], redact(download.url))
            finally:
                response.close()
        raise FetchError(redact(download.url), f"more than {self._policy.redirects} redirects")

    @staticmethod
    def _next_hop(url: str, location: str, shown: str) -> str:
        try:
            target = urljoin(url, location)
            scheme = urlsplit(target).scheme.lower()
        except ValueError:
            raise FetchError(shown, "the server redirects to something that is no URL") from None
        if scheme not in {"http", "https"}:
            raise FetchError(shown, f"the server redirects to a '{scheme}:' URL, which is refused")
        return target

    def _client(self, proxy: str | None) -> "httpx.Client":
        client = self._clients.get(proxy)
        if client is None:
            import httpx  # noqa: PLC0415

            policy = self._policy
            timeout = httpx.Timeout(policy.stall_timeout, connect=policy.connect_timeout)
            client = httpx.Client(
                trust_env=False,
                proxy=proxy,
                verify=self._tls(),
                timeout=timeout,
                follow_redirects=False,
                headers={"User-Agent": f"imagetools/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"},
            )
            self._clients[proxy] = client
        return client

    def _tls(self) -> "ssl.SSLContext | bool":
        """The named certificates, else the host's, else those that httpx brings."""
        import ssl  # noqa: PLC0415

        chosen = self._ca_file or next((path for path in _HOST_CERTIFICATES if os.path.isfile(path)), None)
        if chosen is None:
            return True
        try:
            return ssl.create_default_context(cafile=chosen)
        except (OSError, ssl.SSLError) as problem:
            raise FetchError("file://" + chosen, f"no usable certificates in this file: {problem}") from None


class _Download:
    """One URL on its way into one sink, across attempts: what came, what the server said about it."""

    def __init__(
        self,
        url: str,
        sink: Sink,
        progress: Progress | None,
        start_over: Callable[[], object] | None,
        known: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url
        self.received = 0
        self.high_water = 0
        self.retry_after: str | None = None
        self._sink = sink
        self._progress = progress
        self._start_over = start_over
        self._known = known or None
        self._headers = dict(headers or {})
        self._total: int | None = None
        self._etag: str | None = None
        self._modified: str | None = None

    def request_headers(self, own: bool) -> dict[str, str]:
        """Range headers where a part is there already; If-Range only with a strong validator (RFC 9110 §13.1.5).

        ``own``: the request goes to the host that was asked for, which may see the caller's headers.
        """
        headers = dict(self._headers) if own else {}
        if self.received == 0:
            if self._known is not None:
                headers["If-None-Match"] = self._known
            return headers
        headers["Range"] = f"bytes={self.received}-"
        validator = self._etag if self._etag is not None and not self._etag.startswith("W/") else self._modified
        if validator is not None:
            headers["If-Range"] = validator
        return headers

    def take(self, response: "httpx.Response", shown: str) -> FetchResult:
        """Judge the response's head and stream its body. Raises like ``Transport.get``."""
        status = response.status_code
        self.retry_after = response.headers.get("retry-after")
        if status == 206 and self.received:
            self._check_range(response.headers.get("content-range", ""), shown)
        elif status == 416 and self.received and self._total in {None, self.received}:
            if response.headers.get("content-range", "").replace(" ", "") == f"bytes*/{self.received}":
                return self._result(shown)
            self._restart(shown)
            raise TransientFetchError(shown, "the server cannot continue where the connection broke", status)
        elif status == 304 and self._known is not None and not self.received:
            return FetchResult(shown, 0, self._known, not_modified=True)
        elif status == 200:
            if self.received:
                self._restart(shown)
            length = response.headers.get("content-length", "")
            self._total = int(length) if length.isdigit() else None
            self._etag = response.headers.get("etag")
            self._modified = response.headers.get("last-modified")
        else:
            raise self._refusal(status, response.reason_phrase, shown)
        for piece in response.iter_raw(_PIECE):
            self._sink(piece)
            self.received += len(piece)
            self.high_water = max(self.high_water, self.received)
            if self._progress is not None:
                self._progress(self.received, self._total)
        if self._total is not None and self.received != self._total:
            raise TransientFetchError(shown, f"{self.received} bytes came instead of {self._total}")
        return self._result(shown, response.headers.get("content-type"))

    def _result(self, shown: str, content_type: str | None = None) -> FetchResult:
        return FetchResult(shown, self.received, self._etag, self._modified, content_type)

    def _check_range(self, text: str, shown: str) -> None:
        unit, _, rest = text.partition(" ")
        span, _, total = rest.partition("/")
        first = span.partition("-")[0]
        fits = unit.lower() == "bytes" and first == str(self.received)
        if not fits or (self._total is not None and total not in {"*", str(self._total)}):
            self._restart(shown)
            raise TransientFetchError(shown, "the server continued with another part than the one asked for")

    def _restart(self, shown: str) -> None:
        if self._start_over is None:
            raise FetchError(shown, "the connection broke and the server cannot continue where it was")
        self._start_over()
        self.received = 0
        self._total = None

    @staticmethod
    def _refusal(status: int, phrase: str, shown: str) -> FetchError:
        reason = f"HTTP {status} {phrase}".rstrip()
        if status in RETRY_STATUS:
            return TransientFetchError(shown, reason, status)
        hint = None
        if status in {401, 403}:
            hint = "the server wants a name and a password, or others: a netrc file can give them"
        elif status == 407:
            hint = "the proxy wants a name and a password"
        return FetchError(shown, reason, status, hint)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port


def _basic(login: Login | None) -> "httpx.BasicAuth | None":
    if login is None:
        return None
    import httpx  # noqa: PLC0415

    return httpx.BasicAuth(login.name, login.password)
