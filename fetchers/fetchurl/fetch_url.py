"""``builtin:fetchurl``: stream one of several URLs into the output.

Reads the attributes that Nix's own ``<nix/fetchurl.nix>`` writes (``url``, ``urls``, ``executable``, ``unpack``), so that both
spellings make the same derivations work. Refuses to check hashes: that is done by who registers the output, and the message
of row 1.006 belongs there. Bytes are stored unmodified (row 1.017).
"""

import os
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

from imagetools.builtin.api import BuiltinContext, BuiltinError, MissingAttributeError, NoNetworkError
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.errors import NotYetError
from imagetools.net.ports import FetchError, Transport
from imagetools.net.redact import redact

from .into_file import Download

_URL_BYTES = "".join(chr(code) for code in range(33, 127))


class NothingWorkedError(BuiltinError):
    """Every URL failed; ``reasons`` holds one sentence each (secrets taken out)."""

    fault = "host"

    def __init__(self, failures: list[FetchError]) -> None:
        self.reasons = tuple(failure.message for failure in failures)
        if len(failures) == 1:
            super().__init__(self.reasons[0], failures[0].hint)
        else:
            super().__init__(
                f"none of the {len(failures)} URLs could be downloaded:\n" + "\n".join(f"  {text}" for text in self.reasons)
            )


class FetchUrl:
    """The builder behind fetchurl."""

    name: ClassVar[str] = "fetchurl"
    needs_network: ClassVar[bool] = True
    host_binds: ClassVar[tuple[str, ...]] = (
        "/etc/ssl",
        "/etc/pki",
        "/usr/share/ca-certificates",
        "/usr/local/share/ca-certificates",
    )

    def host_files(self, env: Mapping[str, str]) -> tuple[str, ...]:
        """The files that ``file:`` URLs name (see ``ReadsHostFiles``); only regular ones, and nothing of the kernel's."""
        found = []
        for url in (*env.get("urls", "").split(), *env.get("url", "").split()):
            if url.lower().startswith("file:"):
                path = os.path.normpath(unquote_to_bytes(urlsplit(url).path))
                if os.path.isfile(path) and not path.startswith((b"/proc/", b"/sys/", b"/dev/")):
                    found.append(os.fsdecode(path))
        return tuple(dict.fromkeys(found))

    def build(self, ctx: BuiltinContext) -> None:
        if ctx.transport is None:
            raise NoNetworkError(self.name)
        urls = urls_of(ctx.env)
        if "out" not in ctx.outputs or len(ctx.outputs) != 1:
            raise BuiltinError("builtin:fetchurl has exactly one output, 'out'")
        if ctx.env.get("unpack", "") not in {"", "0"}:
            raise NotYetError("unpack = true of <nix/fetchurl.nix>")
        executable = ctx.env.get("executable", "") == "1"
        failures: list[FetchError] = []
        for url in urls:
            try:
                _fetch(ctx, ctx.transport, url, executable)
            except FetchError as failure:
                failures.append(failure)
                if len(failures) < len(urls):
                    ctx.log(f"{failure.message}; trying the next URL")
            else:
                return
        raise NothingWorkedError(failures)


def urls_of(env: Mapping[str, str]) -> list[str]:
    """``urls`` (a list, so joined by spaces), else ``url``. Raises ``MissingAttributeError``, and NotYetError for mirror:."""
    urls = env.get("urls", "").split() or env.get("url", "").split()
    if not urls:
        raise MissingAttributeError("fetchurl", "url")
    for url in urls:
        if url.lower().startswith("mirror:"):
            raise NotYetError("a mirror:// URL", "write out the address that it stands for")
    return [as_ascii(url) for url in urls]


def as_ascii(url: str) -> str:
    """A bytestr URL with what is no printable ASCII written as percent escapes."""
    return quote_from_bytes(to_bytes(url), safe=_URL_BYTES)


def _fetch(ctx: BuiltinContext, transport: Transport, url: str, executable: bool) -> None:
    ctx.log(f"downloading '{redact(url)}'")
    with Download(ctx.outputs["out"], ctx.log) as download:
        result = transport.get(url, download.write, progress=download.progress, start_over=download.start_over)
        download.finish(0o755 if executable else 0o644)
    ctx.log(f"{result.size} bytes from '{result.url}'")
