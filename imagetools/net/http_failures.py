"""What goes wrong between us and an HTTP server, as httpx tells it, in our words. Shared by downloads and registries."""

import re
from typing import Final

from imagetools.net import refusals
from imagetools.net.body import LostError, StalledError
from imagetools.net.ports import FetchError, TransientFetchError
from imagetools.net.redact import redact, redact_text

_ERRNO: Final = re.compile(r"^\[Errno -?\d+\] ")


def explained(problem: Exception, shown: str, proxy: str | None) -> FetchError:
    """The error for what httpx or ``Body`` raised; transient where a later try may help. Raises ``problem`` if it is another's.

    ``shown`` is the address as it may be shown, ``proxy`` the one that was between.
    """
    import httpx  # noqa: PLC0415

    match problem:
        case StalledError() if problem.overall:
            return FetchError(shown, "it took longer than the time given", hint="give it more (--max-time)")
        case StalledError() | httpx.TimeoutException():
            what = "connecting" if isinstance(problem, httpx.ConnectTimeout) else "waiting for data"
            return TransientFetchError(shown, f"timed out while {what}", hint=refusals.LATER)
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return FetchError(shown, redact_text(str(problem)), hint=refusals.ADDRESS)
        case httpx.LocalProtocolError():
            return FetchError(shown, "one of the headers cannot be sent", hint="look at curlOptsList and the netrc file")
        case httpx.DecodingError():
            return FetchError(shown, "the body is not what its Content-Encoding says", hint="leave --compressed out")
        case httpx.ProxyError():
            return refusals.of_proxy(shown, redact_text(str(problem)), None if proxy is None else redact(proxy))
        case httpx.RemoteProtocolError():
            return TransientFetchError(shown, _protocol(str(problem)), hint=refusals.NO_HTTP)
        case httpx.TransportError():
            text = _ERRNO.sub("", redact_text(str(problem))) or type(problem).__name__
            return refusals.of_connection(shown, text, None if proxy is None else redact(proxy))
        case LostError():
            return TransientFetchError(shown, str(problem), hint=refusals.LATER)
    raise problem


def _protocol(text: str) -> str:
    """httpx's words for an answer that is no HTTP, without what the server sent."""
    if "without sending a response" in text:
        return "the server closed the connection without an answer"
    if "peer closed connection" in text or "incomplete" in text:
        return "the connection ended before the whole body had come"
    if "too long" in text or "too large" in text or "buffer" in text:
        return "the head of the answer is too long"
    return "the answer is no HTTP"
