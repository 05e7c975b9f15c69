"""What goes wrong with a registry, in one sentence each, with what to do about it. Pure: no sockets, no clock.

A registry explains itself in JSON (``errors`` with ``code`` and ``message``, distribution-spec "Error Codes"); its words are
shortened and made printable before they are shown.
"""

import json
from typing import ClassVar, Final

from imagetools.image.descriptor import shortened
from imagetools.kernel.errors import ImagetoolsError
from imagetools.net import refusals
from imagetools.net.policy import RETRY_STATUS
from imagetools.net.ports import FetchError

LOGIN: Final = "`docker login {registry}` keeps a name and a password for it; ~/.docker/config.json and netrc files are read"
ANOTHER_LOGIN: Final = "the name and the password that are known for it (docker's config.json, netrc) do not open this"
HUB_LOGIN: Final = "Docker Hub says the same of what does not exist: look at the name; `docker login` for what is private"
NOT_THERE: Final = "look at the name, the tag and the digest"
RATE: Final = "it is asked too often: try again later, or log in, which may allow more"
BUSY: Final = "the registry is busy or broken: try again later"
LATER: Final = "try again: what is whole is not sent twice"
PLAIN: Final = "is it a registry without TLS? --insecure (tlsVerify = false in pullImage) allows http"
CERTIFICATE: Final = (
    "a private authority's certificate can be named by SSL_CERT_FILE; --insecure (tlsVerify = false in pullImage) trusts any"
)
_MESSAGES: Final = 3


class RegistryError(ImagetoolsError):
    """``action`` ("fetch the manifest of X") failed for good. ``status`` is the HTTP status where there was one, ``codes`` the
    error codes that the registry gave (``MANIFEST_UNKNOWN``)."""

    fault: ClassVar[str] = "host"

    def __init__(
        self, action: str, reason: str, hint: str | None = None, status: int | None = None, codes: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"cannot {action}: {reason}", hint)
        self.action = action
        self.reason = reason
        self.status = status
        self.codes = codes


class TransientRegistryError(RegistryError):
    """The same, where another try may well succeed. ``retry_after`` is what the registry said about when;
    ``given_up``: it was tried as often as it should be."""

    retryable: ClassVar[bool] = True

    def __init__(
        self,
        action: str,
        reason: str,
        hint: str | None = None,
        status: int | None = None,
        codes: tuple[str, ...] = (),
        retry_after: str | None = None,
    ) -> None:
        super().__init__(action, reason, hint, status, codes)
        self.retry_after = retry_after
        self.given_up = False


class BadContentError(RegistryError):
    """A registry sent other bytes than those that were asked for; nothing of them may be used."""


def of_answer(
    action: str, registry: str, status: int, phrase: str, body: bytes, *, logged_in: bool = False, retry_after: str | None = None
) -> RegistryError:
    """The error for an answer that is none of those that were hoped for."""
    codes, said = _explanation(body)
    reason = f"HTTP {status} {phrase}".rstrip() + (f" ({said})" if said else "")
    if status in RETRY_STATUS:
        return TransientRegistryError(action, reason, RATE if status == 429 else BUSY, status, codes, retry_after)
    hint = None
    if status in {401, 403}:
        hint = ANOTHER_LOGIN if logged_in else HUB_LOGIN if registry == "docker.io" else LOGIN.format(registry=registry)
    elif status in {404, 410}:
        hint = NOT_THERE
    return RegistryError(action, reason, hint, status, codes)


def of_fetch(action: str, problem: FetchError, *, retry_after: str | None = None) -> RegistryError:
    """What ``net`` says of a connection, said of a registry."""
    hint = problem.hint
    if "certificate was refused" in problem.reason:
        hint = CERTIFICATE
    elif hint == refusals.NO_TLS:
        hint = PLAIN
    elif any(word in problem.reason for word in ("packet length", "HTTP_REQUEST")):
        return RegistryError(action, f"the server speaks no TLS: {problem.reason}", PLAIN)
    elif hint == refusals.LATER or "the connection ended" in problem.reason or "closed the connection" in problem.reason:
        hint = LATER
    elif hint in {refusals.BUSY, refusals.ADDRESS}:
        hint = BUSY
    if problem.retryable:
        return TransientRegistryError(action, problem.reason, hint, problem.status, retry_after=retry_after)
    return RegistryError(action, problem.reason, hint, problem.status)


def _explanation(body: bytes) -> tuple[tuple[str, ...], str]:
    """The codes, and the registry's own words; both empty where it says nothing that can be read."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return (), ""
    listed = document.get("errors") if isinstance(document, dict) else None
    codes: list[str] = []
    texts: list[str] = []
    for item in listed if isinstance(listed, list) else [document]:
        if not isinstance(item, dict):
            continue
        code = item.get("code")
        text = item.get("message", item.get("details"))
        if isinstance(code, str) and code:
            codes.append(shortened(code))
        if isinstance(text, str) and text:
            texts.append(shortened(text))
        elif isinstance(code, str) and code:
            texts.append(shortened(code))
    return tuple(codes), "; ".join(dict.fromkeys(texts[:_MESSAGES]))
