"""The door through which bytes come from elsewhere: one protocol, what can be asked of it, one result, the errors.

Whoever needs a download (store, image_io, the fetchers) takes a ``Transport`` and never learns how it works. This module
refuses to know HTTP: no sockets, no environment, no clock. Nothing here decides about hashes either; the caller checks what it
got, because in Nix the hash of a fixed output belongs to the derivation and not to the download.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, runtime_checkable

from imagetools.kernel.errors import ImagetoolsError

Sink = Callable[[bytes], object]
Progress = Callable[[int, int | None], None]


@runtime_checkable
class FileSink(Protocol):
    """A sink that is an open file: the kernel may bring bytes into it without showing them to us."""

    def __call__(self, piece: bytes, /) -> object: ...

    def fileno(self) -> int:
        """Its position is where the next piece goes."""
        ...

    def moved(self, count: int) -> object:
        """So many bytes were written through ``fileno``."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """What is there of a file already: ``size`` bytes of ``total`` (None: nobody said), and what the server called its state."""

    size: int
    total: int | None = None
    etag: str | None = None
    last_modified: str | None = None

    @property
    def continuable(self) -> bool:
        """Whether a later request can tell that the file is still the same one (RFC 9110 §13.1.5)."""
        return self.last_modified is not None or (self.etag is not None and not self.etag.startswith("W/"))


@dataclass(frozen=True, slots=True)
class Wishes:
    """How one download differs from an ordinary one. ``None`` and empty: as the transport does it anyway.

    ``headers`` replace those of the same name, an empty value takes one away; they go to the first server only, except for
    those that no secret can be in. ``login`` is for the first server too. ``netrc`` is the text of a netrc file, asked before
    the transport's own. Times are seconds; ``decode`` undoes a Content-Encoding (gzip, deflate).
    """

    headers: tuple[tuple[str, str], ...] = ()
    login: tuple[str, str] | None = None
    netrc: str = ""
    proxy: str | None = None
    no_proxy: str | None = None
    verify: bool = True
    decode: bool = False
    redirects: int | None = None
    attempts: int | None = None
    connect_timeout: float | None = None
    max_time: float | None = None

    def __repr__(self) -> str:
        return "Wishes(***)"


AS_USUAL: Final = Wishes()
MISSING: Final = frozenset((404, 410))


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What came: ``size`` in bytes, ``url`` the last address after redirects (secrets taken out), validators where given."""

    url: str
    size: int
    etag: str | None = None
    last_modified: str | None = None
    content_type: str | None = None


class FetchError(ImagetoolsError):
    """A download failed for good. ``url`` has its secrets taken out, ``status`` is the HTTP status where there was one."""

    fault: ClassVar[str] = "host"

    def __init__(self, url: str, reason: str, status: int | None = None, hint: str | None = None) -> None:
        super().__init__(f"cannot download '{url}': {reason}", hint)
        self.url = url
        self.reason = reason
        self.status = status

    @property
    def missing(self) -> bool:
        """Whether the server (or the disk) says that there is no such thing."""
        return self.status in MISSING


class NoSuchFileError(FetchError):
    """A ``file:`` URL of something that does not exist."""

    @property
    def missing(self) -> bool:
        return True


class TransientFetchError(FetchError):
    """The same, where another try later may well succeed (a reset, a timeout, a 503)."""

    retryable: ClassVar[bool] = True


class Transport(Protocol):
    """Fetches one URL (http, https, ftp or file) into a sink."""

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
        """Write the body of ``url`` to ``sink``, piece by piece, unmodified (no content decoding).

        ``progress(received, total)`` counts bytes; the total is None where the server does not say. A broken connection is
        taken up again where it broke. Where the server then sends something else from the start, ``start_over()`` is called
        and the sink must forget what it has; without one that is an error. ``part`` is what the sink has from an earlier time
        (it must be ``continuable``); ``begun`` is told about each body that starts from its first byte, before that byte: what
        a later ``part`` needs. Raises ``FetchError`` or ``TransientFetchError``.
        """
        ...
