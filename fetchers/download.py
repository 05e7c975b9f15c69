"""A download inside a builtin builder: the first of several URLs that works, into one file.

Refuses to check hashes, which is for who registers the output, and to know protocols: the transport comes with the context.
Whatever fails, no half of a file stays at the place where the whole one belongs.
"""

from collections.abc import Sequence
from urllib.parse import quote_from_bytes

from imagetools.builtin.api import BuiltinContext, BuiltinError, NoNetworkError
from imagetools.kernel.bytestr import to_bytes
from imagetools.net.ports import FetchError, FetchResult, Transport
from imagetools.net.redact import redact

from .into_file import Download

_URL_BYTES = "".join(chr(code) for code in range(33, 127))


class NothingWorkedError(BuiltinError):
    """Every URL failed; ``reasons`` holds one sentence each (secrets taken out)."""

    fault = "host"

    def __init__(self, failures: Sequence[FetchError]) -> None:
        self.reasons = tuple(failure.message for failure in failures)
        if len(failures) == 1:
            super().__init__(self.reasons[0], failures[0].hint)
        else:
            super().__init__(
                f"none of the {len(failures)} URLs could be downloaded:\n" + "\n".join(f"  {text}" for text in self.reasons)
            )


def download(ctx: BuiltinContext, urls: Sequence[str], to: str, *, mode: int = 0o644) -> FetchResult:
    """Bring the first of ``urls`` (bytestrs) that works into the new file ``to``.

    Says in the build's log what happens. Raises NothingWorkedError, NoNetworkError.
    """
    if ctx.transport is None:
        raise NoNetworkError(ctx.name)
    failures: list[FetchError] = []
    for url in urls:
        try:
            return _fetch(ctx, ctx.transport, as_ascii(url), to, mode)
        except FetchError as failure:
            failures.append(failure)
            if len(failures) < len(urls):
                ctx.log(f"{failure.message}; trying the next URL")
    raise NothingWorkedError(failures)


def as_ascii(url: str) -> str:
    """A bytestr URL with what is no printable ASCII written as percent escapes."""
    return quote_from_bytes(to_bytes(url), safe=_URL_BYTES)


def _fetch(ctx: BuiltinContext, transport: Transport, url: str, to: str, mode: int) -> FetchResult:
    ctx.log(f"downloading '{redact(url)}'")
    with Download(to, ctx.log) as part:
        result = transport.get(url, part.write, progress=part.progress, start_over=part.start_over)
        part.finish(mode)
    ctx.log(f"{result.size} bytes from '{result.url}'")
    return result
