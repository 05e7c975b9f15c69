"""One HTTP request to a registry and what comes of it: redirects by hand, failures as sentences, patience with what may pass.

Refuses to know what registries are for and who may enter. A redirect to another server (where blobs mostly are) never gets the
``Authorization``, and none leads from TLS to plain http unless that is allowed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urljoin, urlsplit

from imagetools.net.body import LostError, StalledError
from imagetools.net.http_failures import explained
from imagetools.net.policy import REDIRECT_STATUS
from imagetools.net.ports import FetchError
from imagetools.net.redact import redact, without_login
from imagetools.net.refusals import check_proxy
from imagetools.net.registry.access import RegistryAccess
from imagetools.net.registry.failures import BUSY, RegistryError, TransientRegistryError, of_answer, of_fetch

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
#: The bytes of a request: all of them, or what gives them anew for each attempt.
Content = bytes | Callable[[], Iterable[bytes]]

_ERROR_BODY: Final = 1 << 16
_SAME_METHOD: Final = frozenset((307, 308))


@dataclass(frozen=True, slots=True)
class Ask:
    """``action`` ends the sentence "cannot ..."; ``url`` is whole."""

    action: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Content | None = None


class Exchange:
    """``verify``: certificates are checked, and what began with TLS ends with it."""

    def __init__(self, registry: str, access: RegistryAccess, *, verify: bool) -> None:
        self.registry: Final = registry
        self.verify: Final = verify
        self._access = access

    def once(self, ask: Ask, take: "Callable[[httpx.Response], T]") -> T:
        """Send it; ``take`` gets the answer that is no redirect, its body still to be read. Raises RegistryError."""
        import httpx  # noqa: PLC0415

        proxy: str | None = None
        retry_after: str | None = None
        try:
            url, headers = ask.url, dict(ask.headers)
            for _ in range(self._access.policy.redirects + 1):
                proxy = check_proxy(without_login(ask.url), self._access.proxies.for_url(url))
                response = self._open(ask, url, headers, proxy)
                try:
                    retry_after = response.headers.get("retry-after")
                    location = response.headers.get("location")
                    follow = response.status_code in REDIRECT_STATUS and location is not None
                    if not follow or (ask.content is not None and response.status_code not in _SAME_METHOD):
                        return take(response)
                    target = self._target(ask, url, str(location))
                finally:
                    response.close()
                if _origin(target) != _origin(url):
                    headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
                url = target
        except FetchError as problem:
            raise of_fetch(ask.action, problem, retry_after=retry_after) from None
        except (StalledError, LostError, httpx.HTTPError, httpx.InvalidURL) as problem:
            raise of_fetch(ask.action, explained(problem, without_login(ask.url), proxy)) from None
        raise RegistryError(ask.action, f"more than {self._access.policy.redirects} redirects", BUSY)

    def patiently(self, work: Callable[[], T], progress: Callable[[], int] = lambda: 0) -> T:
        """Do ``work`` again while it fails in ways that may pass; ``progress`` counts what came of it so far, in any unit.

        Raises what ``work`` raises, in the end.
        """
        policy = self._access.policy
        failures = 0
        while True:
            before = progress()
            try:
                return work()
            except TransientRegistryError as problem:
                failures = 1 if progress() > before else failures + 1
                if problem.given_up:
                    raise
                if failures >= policy.attempts:
                    problem.given_up = True
                    if policy.attempts > 1:
                        given_up = f"gave up after {failures} attempts without progress"
                        problem.hint = f"{given_up}; {problem.hint}" if problem.hint else given_up
                    raise
                wait = policy.delay(failures, problem.retry_after)
                if self._access.log is not None:
                    self._access.log(f"warning: {problem.message}; trying again in {wait:g} s")
                self._access.sleep(wait)

    def refusal(self, ask: Ask, response: "httpx.Response", *, logged_in: bool = False) -> RegistryError:
        """The error for an answer that is not what was hoped for; reads what the registry says about it."""
        return of_answer(
            ask.action,
            self.registry,
            response.status_code,
            response.reason_phrase,
            limited(response, _ERROR_BODY)[0],
            logged_in=logged_in,
            retry_after=response.headers.get("retry-after"),
        )

    def _open(self, ask: Ask, url: str, headers: Mapping[str, str], proxy: str | None) -> "httpx.Response":
        import httpx  # noqa: PLC0415

        secure = url.startswith("https:") or (proxy or "").lower().startswith("https:")
        client = self._access.client(proxy, secure and self.verify)
        policy = self._access.policy
        timeout = httpx.Timeout(policy.stall_timeout, connect=policy.connect_timeout)
        content = ask.content() if callable(ask.content) else ask.content
        asked = client.build_request(ask.method, url, headers=dict(headers), content=content, timeout=timeout)
        return client.send(asked, stream=True)

    def _target(self, ask: Ask, url: str, location: str) -> str:
        try:
            target = urljoin(url, location)
            scheme = urlsplit(target).scheme.lower()
        except ValueError:
            raise RegistryError(ask.action, "the registry redirects to something that is no URL", BUSY) from None
        if scheme not in {"http", "https"}:
            raise RegistryError(ask.action, f"the registry redirects to a '{scheme}:' URL, which is refused", BUSY)
        if scheme == "http" and url.startswith("https:") and self.verify:
            raise RegistryError(ask.action, f"the registry redirects to a place without TLS, '{redact(target)}'", BUSY)
        return target


def with_headers(ask: Ask, **headers: str) -> Ask:
    """``ask`` with further headers."""
    return replace(ask, headers={**ask.headers, **headers})


def limited(response: "httpx.Response", most: int) -> tuple[bytes, bool]:
    """The body as far as it has not more than ``most`` bytes, and whether that is all."""
    pieces: list[bytes] = []
    left = most
    for piece in response.iter_raw():
        pieces.append(piece[:left])
        left -= len(piece)
        if left < 0:
            return b"".join(pieces), False
    return b"".join(pieces), True


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower())
    return parts.scheme.lower(), (parts.hostname or "").lower(), port
