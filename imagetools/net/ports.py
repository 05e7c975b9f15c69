"""The door through which bytes come from elsewhere: one protocol, one result, the errors.

Whoever needs a download (store, image_io, the fetchers) takes a ``Transport`` and never learns how it works. This module
refuses to know HTTP: no sockets, no environment, no clock. Nothing here decides about hashes either; the caller checks what it
got, because in Nix the hash of a fixed output belongs to the derivation and not to the download.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from imagetools.kernel.errors import ImagetoolsError

Sink = Callable[[bytes], object]
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What came: ``size`` in bytes, ``url`` the last address after redirects (secrets taken out), validators where given.

    ``not_modified``: nothing came, since what the caller has (its ``etag``) is what there is.
    """

    url: str
    size: int
    etag: str | None = None
    last_modified: str | None = None
    content_type: str | None = None
    not_modified: bool = False


class FetchError(ImagetoolsError):
    """A download failed for good. ``url`` has its secrets taken out, ``status`` is the HTTP status where there was one."""

    fault: ClassVar[str] = "host"

    def __init__(self, url: str, reason: str, status: int | None = None, hint: str | None = None) -> None:
        super().__init__(f"cannot download '{url}': {reason}", hint)
        self.url = url
        self.reason = reason
        self.status = status


class TransientFetchError(FetchError):
    """The same, where another try later may well succeed (a reset, a timeout, a 503)."""

    retryable: ClassVar[bool] = True


class Transport(Protocol):
    """Fetches one URL (http, https or file) into a sink."""

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
        """Write the body of ``url`` to ``sink``, piece by piece, unmodified (no content decoding).

        ``progress(received, total)`` counts bytes; the total is None where the server does not say. A broken connection is
        taken up again where it broke. Where the server then sends something else from the start, ``start_over()`` is called
        and the sink must forget what it has; without one that is an error. ``etag`` is that of a copy which the caller has: where
        the server has nothing newer, nothing is written (``not_modified``). ``headers`` go to the host of ``url`` and to no
        other that it redirects to. Raises ``FetchError`` or ``TransientFetchError``.
        """
        ...
