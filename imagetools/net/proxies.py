"""Which proxy a URL goes through, by the variables that curl and Nix know. Pure: gets the variables handed in.

Nix lists ``http_proxy https_proxy ftp_proxy all_proxy no_proxy`` (and the upper-case twins) as impure variables of a fixed
output (row 1.009). curl's rule is followed: lower case wins, ``HTTP_PROXY`` in upper case is ignored (a CGI script could
set it), ``no_proxy`` holds host suffixes, addresses or ``*``.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Proxies:
    """Proxy URLs by scheme; ``no_proxy`` are the exceptions."""

    http: str | None = None
    https: str | None = None
    no_proxy: tuple[str, ...] = ()

    @staticmethod
    def from_env(env: Mapping[str, str]) -> "Proxies":
        """Read the usual variables from ``env``; empty values count as unset."""
        every = env.get("all_proxy") or env.get("ALL_PROXY") or None
        exceptions = env.get("no_proxy") or env.get("NO_PROXY") or ""
        return Proxies(
            http=_with_scheme(env.get("http_proxy") or every),
            https=_with_scheme(env.get("https_proxy") or env.get("HTTPS_PROXY") or every),
            no_proxy=tuple(item.lower() for item in exceptions.replace(",", " ").split()),
        )

    def with_changes(self, proxy: str | None, no_proxy: str | None) -> "Proxies":
        """One proxy for everything, or other exceptions (curl's --proxy and --noproxy); None leaves it as it is."""
        return Proxies(
            http=self.http if proxy is None else _with_scheme(proxy),
            https=self.https if proxy is None else _with_scheme(proxy),
            no_proxy=self.no_proxy if no_proxy is None else tuple(no_proxy.lower().replace(",", " ").split()),
        )

    def for_url(self, url: str) -> str | None:
        """The proxy for ``url``, or None to go straight."""
        parts = urlsplit(url)
        proxy = self.https if parts.scheme.lower() == "https" else self.http
        if proxy is None or self._excepted((parts.hostname or "").lower(), parts.port):
            return None
        return proxy

    def _excepted(self, host: str, port: int | None) -> bool:
        for item in self.no_proxy:
            if item == "*":
                return True
            name, colon, wanted = item.rpartition(":")
            if colon and wanted.isdigit() and "]" not in wanted and name.count(":") == 0:
                if port is not None and str(port) != wanted:
                    continue
                item = name  # noqa: PLW2901
            suffix = item.lstrip("*").lstrip(".").strip("[]")
            if suffix and (host == suffix or host.endswith("." + suffix) or _in_network(host, suffix)):
                return True
        return False


def _in_network(host: str, text: str) -> bool:
    if "/" not in text:
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False


def _with_scheme(proxy: str | None) -> str | None:
    if not proxy:
        return None
    return proxy if "://" in proxy else "http://" + proxy
