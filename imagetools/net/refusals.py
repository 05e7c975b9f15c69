"""What goes wrong with a download, in one sentence each, with what to do about it. Pure: no sockets, no clock.

Every text is made here and nowhere else, so that a table of faults (tests/unit/net/test_faults.py) can hold all of them. Secrets
are taken out by the caller, who knows them.
"""

from typing import Final

from imagetools.net.policy import RETRY_STATUS
from imagetools.net.ports import FetchError, TransientFetchError

CREDENTIALS: Final = "the server wants a name and a password, or others: a netrc file can give them"
PROXY_CREDENTIALS: Final = (
    "the proxy wants a name and a password: write them into the proxy's URL (http://NAME:PASSWORD@HOST:PORT)"
)
PROXY_KIND: Final = "name an http or https proxy (http_proxy, https_proxy, all_proxy), or except the host (no_proxy)"
GONE: Final = "the file is not there (any more): correct the address, or name further places with `urls`"
BUSY: Final = "the server is busy or broken: try again later, or name further places with `urls`"
LATER: Final = "try again: what has come is kept, and the download goes on where it broke"
ADDRESS: Final = "look at the address, or name further places with `urls`"
AUTHORITY: Final = "a private authority's certificate can be named by SSL_CERT_FILE"
NETWORK: Final = "look at the address and at the network; http_proxy and https_proxy name a proxy"
NO_HTTP: Final = "something else than a web server may answer there: look at the address and its port"
NO_TLS: Final = "look at the address and its port: is it http: instead of https:?"

_NAMES: Final = ("Name or service not known", "Temporary failure in name resolution", "No address associated with hostname")


def of_status(shown: str, status: int, phrase: str) -> FetchError:
    """The error for an answer that brings no body of ours; transient where a later try may help."""
    reason = f"HTTP {status} {phrase}".rstrip()
    if status in RETRY_STATUS:
        return TransientFetchError(shown, reason, status, BUSY)
    hint = ADDRESS
    if status in {401, 403}:
        hint = CREDENTIALS
    elif status == 407:
        hint = PROXY_CREDENTIALS
    elif status in {404, 410}:
        hint = GONE
    return FetchError(shown, reason, status, hint)


def of_connection(shown: str, text: str, proxy: str | None) -> FetchError:
    """The error for a connection that failed, ``text`` being what was said about it; ``proxy`` (to be shown) was between."""
    through = f" (through the proxy '{proxy}')" if proxy is not None else ""
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return FetchError(shown, f"the server's certificate was refused: {text}{through}", hint=AUTHORITY)
    if "WRONG_VERSION_NUMBER" in text or "record layer" in text:
        return FetchError(shown, f"what answers there speaks no TLS{through}", hint=NO_TLS)
    if any(name in text for name in _NAMES):
        return TransientFetchError(
            shown, f"{'the proxy' if proxy else 'the host'}'s name is unknown: {text}{through}", hint=NETWORK
        )
    return TransientFetchError(shown, text + through, hint=NETWORK if "refused" in text or "unreachable" in text else LATER)


def check_proxy(shown: str, proxy: str | None) -> str | None:
    """``proxy``, where it is of a kind that can be gone through. Raises FetchError."""
    kind = None if proxy is None else proxy.partition("://")[0].lower()
    if kind in {None, "http", "https"}:
        return proxy
    raise FetchError(shown, f"proxies of the kind '{kind}' are not supported", hint=PROXY_KIND)


def of_proxy(shown: str, text: str, proxy: str | None) -> FetchError:
    """The error for a proxy that refuses to make the connection; its ``text`` begins with a status where it said one."""
    status = int(text[:3]) if text[:3].isdigit() else None
    through = f" '{proxy}'" if proxy is not None else ""
    reason = f"the proxy{through} refuses: {text}"
    if status is not None and status in RETRY_STATUS:
        return TransientFetchError(shown, reason, status, BUSY)
    return FetchError(shown, reason, status, PROXY_CREDENTIALS if status == 407 else NETWORK)
