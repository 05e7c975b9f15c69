"""A download inside a builtin builder: the first of several URLs that works, into one file.

Refuses to check hashes, which is for who registers the output, and to know protocols: the transport comes with the context.
Whatever fails, no half of a file stays at the place where the whole one belongs; what has come is kept elsewhere, and the next
build of the same derivation asks for the rest only.
"""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote_from_bytes

from imagetools.builtin.api import BuiltinContext, BuiltinError, NoNetworkError
from imagetools.kernel.bytestr import to_bytes
from imagetools.net.ports import FetchError, FetchResult, Transport, Wishes
from imagetools.net.redact import without_login

from .curl_options import wishes_from
from .kept_part import KeptPart
from .measure import Measure
from .mirrors import expand
from .post_fetch import run_netrc_phase

_URL_BYTES = "".join(chr(code) for code in range(33, 127))


class NothingWorkedError(BuiltinError):
    """Every URL failed; ``reasons`` holds one sentence each (secrets taken out)."""

    fault = "host"

    def __init__(self, failures: Sequence[FetchError]) -> None:
        self.reasons = tuple(failure.message for failure in failures)
        if len(failures) == 1:
            super().__init__(self.reasons[0], failures[0].hint)
        else:
            lines = "\n".join(f"  {failure.message}" for failure in failures)
            hints = dict.fromkeys(failure.hint for failure in failures if failure.hint)
            super().__init__(f"none of the {len(failures)} URLs could be downloaded:\n{lines}", "; ".join(hints) or None)


def wishes_of(ctx: BuiltinContext) -> Wishes:
    """What the derivation asks of its downloads: curl options, and what its netrcPhase writes. Raises CurlOptionError,
    NoNetrcError, ShellFailedError."""
    return replace(wishes_from(ctx.env), netrc=run_netrc_phase(ctx))


def download(
    ctx: BuiltinContext,
    urls: Sequence[str],
    to: str,
    *,
    mode: int = 0o644,
    wishes: Wishes | None = None,
    measure: Measure | None = None,
) -> FetchResult:
    """Bring the first of ``urls`` (bytestrs; ``mirror://`` is understood) that works into the new file ``to``.

    ``wishes`` are the derivation's where none are given; ``measure`` watches the file come. Says in the build's log what
    happens. Raises NothingWorkedError, NoNetworkError, NoRoomError, UnknownMirrorError, and as ``wishes_of``.
    """
    if ctx.transport is None:
        raise NoNetworkError(ctx.name)
    places = [as_ascii(url) for url in expand(urls, ctx.env)]
    if wishes is None:
        wishes = wishes_of(ctx)
    failures: list[FetchError] = []
    for url in places:
        try:
            return _fetch(ctx, ctx.transport, url, to, mode, wishes, measure)
        except FetchError as failure:
            failures.append(failure)
            if len(failures) < len(places):
                ctx.log(f"{failure.message}; trying the next URL")
    raise NothingWorkedError(failures)


def as_ascii(url: str) -> str:
    """A bytestr URL with what is no printable ASCII written as percent escapes."""
    return quote_from_bytes(to_bytes(url), safe=_URL_BYTES)


def _fetch(
    ctx: BuiltinContext, transport: Transport, url: str, to: str, mode: int, wishes: Wishes, measure: Measure | None
) -> FetchResult:
    shown = without_login(url)
    with KeptPart(ctx.kept, url, shown, ctx.log, measure) as file:
        if file.part is not None and wishes.decode:
            file.start_over()
        where = "" if file.part is None else f" from byte {file.part.size} on"
        ctx.log(f"downloading '{shown}'{where}")
        result = transport.get(
            url,
            file,
            progress=file.progress,
            start_over=file.start_over,
            wishes=wishes,
            part=file.part,
            begun=file.begun,
        )
        file.finish(to, mode)
    ctx.log(f"{result.size} bytes from '{result.url}'")
    return result
