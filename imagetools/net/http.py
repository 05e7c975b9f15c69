"""The transport: http, https, ftp and file URLs, streamed, taken up again where they broke.

httpx is imported on the first request (start-up time). The environment is never read: proxies, netrc and certificates are
handed in. Bodies come unmodified (``Accept-Encoding: identity``, raw bytes), since a fixed output's hash is over what the
server stores. Redirects are followed by hand, so that each hop gets its own proxy and its own credentials and none can lead
to ``file:``. Whatever is said of a download goes through ``Secrets`` first. Refuses to know hashes and disks.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from imagetools import __version__
from imagetools.net import refusals
from imagetools.net.body import LostError, StalledError
from imagetools.net.credentials import Login, Netrc, split_login
from imagetools.net.files import get_file
from imagetools.net.ftp import get_ftp
from imagetools.net.http_failures import explained
from imagetools.net.policy import REDIRECT_STATUS, RetryPolicy
from imagetools.net.ports import AS_USUAL, FetchError, FetchResult, Part, Progress, Sink, TransientFetchError, Wishes
from imagetools.net.proxies import Proxies
from imagetools.net.redact import Secrets, redact, without_login
from imagetools.net.transfer import Transfer

if TYPE_CHECKING:
    import ssl

    import httpx

_HOST_CERTIFICATES: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_HARMLESS: Final = frozenset(
    {
        "accept",
        "accept-language",
        "cache-control",
        "if-modified-since",
        "if-none-match",
        "pragma",
        "referer",
        "user-agent",
    }
)


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
        self._clients: dict[tuple[str | None, bool], httpx.Client] = {}

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
        wishes: Wishes = AS_USUAL,
        part: Part | None = None,
        begun: Callable[[Part], object] | None = None,
    ) -> FetchResult:
        """See ``Transport.get``."""
        try:
            scheme = urlsplit(url).scheme.lower()
        except ValueError:
            raise FetchError(without_login(url), "this is no URL", hint=refusals.ADDRESS) from None
        if scheme == "file":
            return get_file(url, sink, progress)
        if scheme not in {"http", "https", "ftp"}:
            raise FetchError(without_login(url), f"the scheme '{scheme}' is not supported", hint="http, https, ftp and file are")
        request = _Request(url, wishes, self._netrc)
        transfer = Transfer(url, sink, progress, start_over, part=part, begun=begun, decode=wishes.decode)
        try:
            return self._until_it_works(transfer, request)
        except FetchError as problem:
            _clean(problem, request.secrets)
            raise

    def _until_it_works(self, transfer: Transfer, request: "_Request") -> FetchResult:
        attempts = self._policy.attempts if request.wishes.attempts is None else request.wishes.attempts
        failures = 0
        while True:
            before = transfer.high_water
            try:
                if request.is_ftp:
                    return get_ftp(transfer, request.login_for, self._policy, self._deadline(request))
                return self._attempt(transfer, request)
            except TransientFetchError as problem:
                failures = 1 if transfer.high_water > before else failures + 1
                if failures >= attempts:
                    given_up = f"gave up after {failures} attempts without progress" if attempts > 1 else "it was tried once"
                    problem.hint = f"{given_up}; {problem.hint}" if problem.hint else given_up
                    raise
                wait = self._policy.delay(failures, transfer.retry_after)
                if self._log is not None:
                    where = f" from byte {transfer.received}" if transfer.received else ""
                    self._log(request.secrets.hide(f"warning: {problem.message}; trying again{where} in {wait:g} s"))
                self._sleep(wait)

    def _attempt(self, transfer: Transfer, request: "_Request") -> FetchResult:
        import httpx  # noqa: PLC0415

        shown = without_login(transfer.url)
        proxy = None
        try:
            for hop in request.hops(self._policy.redirects, shown):
                proxy = self._proxy(hop, request.wishes)
                found = self._ask(hop, proxy, transfer, request)
                if isinstance(found, FetchResult):
                    return found
                request.redirected(found)
        except (StalledError, LostError, httpx.HTTPError, httpx.InvalidURL) as problem:
            raise explained(problem, shown, proxy) from None
        raise AssertionError

    def _ask(self, hop: "_Hop", proxy: str | None, transfer: Transfer, request: "_Request") -> "FetchResult | str":
        """One request; a text is the place where the server sends us."""
        import httpx  # noqa: PLC0415

        secure = hop.url.lower().startswith("https:") or (proxy or "").lower().startswith("https:")
        client = self.client(proxy, secure and request.wishes.verify)
        headers = {**request.headers(hop), **transfer.request_headers()}
        timeout = httpx.Timeout(
            self._policy.stall_timeout, connect=request.wishes.connect_timeout or self._policy.connect_timeout
        )
        login = request.login_for(hop.host, first=hop.first) if "authorization" not in headers else None
        asked = client.build_request("GET", hop.url, headers=headers, timeout=timeout)
        for name, value in request.wishes.headers:
            if not value:
                asked.headers.pop(name, None)
        response = client.send(asked, stream=True, auth=_basic(login))
        try:
            if response.status_code in REDIRECT_STATUS and "location" in response.headers:
                return str(response.headers["location"])
            return transfer.take(response, redact(hop.url), self._policy.stall_timeout, self._deadline(request))
        finally:
            response.close()

    def _deadline(self, request: "_Request") -> float | None:
        return None if request.wishes.max_time is None else request.started + request.wishes.max_time

    def _proxy(self, hop: "_Hop", wishes: Wishes) -> str | None:
        proxies = self._proxies
        if wishes.proxy is not None or wishes.no_proxy is not None:
            proxies = proxies.with_changes(wishes.proxy, wishes.no_proxy)
        return refusals.check_proxy(redact(hop.url), proxies.for_url(hop.url))

    def client(self, proxy: str | None, verify: bool = True) -> "httpx.Client":
        """A client for one way; reading all certificates takes 40 ms, so where there is no TLS it is not done."""
        client = self._clients.get((proxy, verify))
        if client is None:
            import httpx  # noqa: PLC0415

            client = httpx.Client(
                trust_env=False,
                proxy=proxy,
                verify=self._tls() if verify else False,
                follow_redirects=False,
                headers={"User-Agent": f"imagetools/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"},
            )
            self._clients[proxy, verify] = client
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


class _Hop:
    """One address on the way; ``first``: still the server that the URL names."""

    def __init__(self, url: str, first: bool) -> None:
        self.url = url
        self.first = first
        self.host = urlsplit(url).hostname or ""


class _Request:
    """What is sent, to whom: one URL, its logins, its redirects."""

    def __init__(self, url: str, wishes: Wishes, netrc: Netrc) -> None:
        self.wishes = wishes
        self.started = time.monotonic()
        self._url, login = split_login(url)
        self._own = login or (Login(*wishes.login) if wishes.login is not None else None)
        self._netrcs = (Netrc(wishes.netrc), netrc) if wishes.netrc else (netrc,)
        self._target = ""
        self.is_ftp = urlsplit(url).scheme.lower() == "ftp"
        self.secrets = Secrets(
            [value for name, value in wishes.headers if name.lower() not in _HARMLESS]
            + ([] if self._own is None else [self._own.password])
            + [password for each in self._netrcs for password in each.passwords()]
        )

    def hops(self, limit: int, shown: str) -> Iterator[_Hop]:
        """The addresses one after the other; ``redirected`` tells the next. Raises FetchError after too many."""
        if self.wishes.redirects is not None:
            limit = self.wishes.redirects
        url = self._url
        for _ in range(limit + 1):
            yield _Hop(url, _origin(url) == _origin(self._url))
            url = _next_hop(url, self._target, shown)
        raise FetchError(shown, f"more than {limit} redirects", hint=refusals.ADDRESS)

    def redirected(self, location: str) -> None:
        self._target = location

    def login_for(self, host: str, *, first: bool) -> Login | None:
        if first and self._own is not None:
            return self._own
        return next((login for netrc in self._netrcs if (login := netrc.lookup(host)) is not None), None)

    def headers(self, hop: _Hop) -> dict[str, str]:
        found = {"accept-encoding": "gzip, deflate"} if self.wishes.decode else {}
        for name, value in self.wishes.headers:
            key = name.lower()
            if value and (hop.first or (key in _HARMLESS and redact(value) == value)):
                found[key] = value
        return found


def _clean(problem: FetchError, secrets: Secrets) -> None:
    problem.message = secrets.hide(problem.message)
    problem.reason = secrets.hide(problem.reason)
    problem.hint = None if problem.hint is None else secrets.hide(problem.hint)
    problem.args = (problem.message,)


def _next_hop(url: str, location: str, shown: str) -> str:
    try:
        target = urljoin(url, location)
        scheme = urlsplit(target).scheme.lower()
    except ValueError:
        raise FetchError(shown, "the server redirects to something that is no URL", hint=refusals.ADDRESS) from None
    if scheme not in {"http", "https"}:
        raise FetchError(shown, f"the server redirects to a '{scheme}:' URL, which is refused", hint=refusals.ADDRESS)
    return target


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port


def _basic(login: Login | None) -> "httpx.BasicAuth | None":
    if login is None:
        return None
    import httpx  # noqa: PLC0415

    return httpx.BasicAuth(login.name, login.password)
