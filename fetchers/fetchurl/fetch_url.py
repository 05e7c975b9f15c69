"""``builtin:fetchurl``: stream one of several URLs into the output.

Reads the attributes that Nix's own ``<nix/fetchurl.nix>`` writes (``url``, ``urls``, ``executable``, ``unpack``), so that both
spellings make the same derivations work. Refuses to check hashes: that is done by who registers the output, and the message
of row 1.006 belongs there. Bytes are stored unmodified (row 1.017).
"""

import os
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import unquote_to_bytes, urlsplit

from imagetools.builtin.api import BuiltinContext, BuiltinError, MissingAttributeError, NoNetworkError
from imagetools.kernel.errors import NotYetError

from ..download import as_ascii, download


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
        download(ctx, urls, ctx.outputs["out"], mode=0o755 if executable else 0o644)


def urls_of(env: Mapping[str, str]) -> list[str]:
    """``urls`` (a list, so joined by spaces), else ``url``. Raises ``MissingAttributeError``, and NotYetError for mirror:."""
    urls = env.get("urls", "").split() or env.get("url", "").split()
    if not urls:
        raise MissingAttributeError("fetchurl", "url")
    for url in urls:
        if url.lower().startswith("mirror:"):
            raise NotYetError("a mirror:// URL", "write out the address that it stands for")
    return [as_ascii(url) for url in urls]
