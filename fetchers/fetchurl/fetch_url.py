"""``builtin:fetchurl``: one of several URLs as the output, as it is, or what postFetch makes of it.

Reads the attributes that Nix's own ``<nix/fetchurl.nix>`` writes (``url``, ``urls``, ``executable``, ``unpack``), so that both
spellings make the same derivations work, and those of our fetchurl. Refuses to check hashes: that is done by who registers the
output, and the message of row 1.006 belongs there. Bytes are stored unmodified (row 1.017).
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar
from urllib.parse import unquote_to_bytes, urlsplit

from imagetools.builtin.api import CERTIFICATES, BuiltinContext, BuiltinError, MissingAttributeError, NoNetworkError
from imagetools.kernel.hashes import Hash, HashError

from ..download import NothingWorkedError, download, wishes_of
from ..measure import Measure
from ..mirrors import expand
from ..post_fetch import run_post_fetch
from .unpack_nar import unpack_nar

_TRIES_ON_MIRRORS = 15.0  # seconds to connect


class FetchUrl:
    """The builder behind fetchurl."""

    name: ClassVar[str] = "fetchurl"
    needs_network: ClassVar[bool] = True
    host_binds: ClassVar[tuple[str, ...]] = CERTIFICATES

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
        out = ctx.outputs["out"]
        if _is_set(ctx, "showURLs"):
            with open(out, "w", encoding="latin-1") as file:
                file.write(" ".join(expand(urls, ctx.env)) + "\n")
        elif _is_set(ctx, "unpack"):
            archive = os.path.join(ctx.scratch, "archive")
            download(ctx, urls, archive)
            unpack_nar(archive, out, compressed=urls[0].endswith(".xz"))
            if _is_set(ctx, "executable") and not os.path.islink(out):
                os.chmod(out, 0o755)
        elif not _from_hashed_mirrors(ctx, out):
            _fetch(ctx, urls, out)


def urls_of(env: Mapping[str, str]) -> list[str]:
    """``urls`` (a list, so joined by spaces), else ``url``: bytestrs. Raises ``MissingAttributeError``."""
    urls = env.get("urls", "").split() or env.get("url", "").split()
    if not urls:
        raise MissingAttributeError("fetchurl", "url")
    return urls


def _fetch(ctx: BuiltinContext, urls: list[str], out: str) -> None:
    executable = _is_set(ctx, "executable")
    mode = 0o755 if executable else 0o644
    if not ctx.env.get("postFetch"):
        measure = _measure(ctx, executable)
        try:
            size = download(ctx, urls, out, mode=mode, measure=measure).size
            if measure is not None:
                ctx.measured("out", measure.finish(size))
        finally:
            if measure is not None:
                measure.close()
        return
    place = os.path.join(ctx.scratch, "file") if _is_set(ctx, "downloadToTemp") else out
    download(ctx, urls, place, mode=mode)
    run_post_fetch(ctx, {"downloadedFile": place})


def _measure(ctx: BuiltinContext, executable: bool) -> Measure | None:
    if ctx.env.get("curlOptsList") or ctx.env.get("curlOpts") or ctx.env.get("netrcPhase"):
        return None
    wanted = _hash(ctx.env)
    return Measure("sha256" if wanted is None else wanted.algo, executable)


def _from_hashed_mirrors(ctx: BuiltinContext, out: str) -> bool:
    """Try the places that name files by their hash (row 1.019): MIRROR/ALGORITHM/BASE16. What comes needs no postFetch."""
    mirrors = ctx.env.get("NIX_HASHED_MIRRORS", "").split() or ctx.env.get("hashedMirrors", "").split()
    wanted = _hash(ctx.env)
    if not mirrors or wanted is None or ctx.env.get("outputHashMode", "flat") != "flat" or not any(wanted.digest):
        return False
    wishes = replace(wishes_of(ctx), attempts=1, connect_timeout=_seconds(ctx.env.get("NIX_CONNECT_TIMEOUT", "")))
    for mirror in mirrors:
        try:
            download(ctx, [f"{mirror.rstrip('/')}/{wanted.algo}/{wanted.base16()}"], out, wishes=wishes)
        except NothingWorkedError as failure:
            ctx.log(f"not from the hashed mirror: {failure.message}")
        else:
            return True
    return False


def _hash(env: Mapping[str, str]) -> Hash | None:
    """The specified hash; None where it is empty (a hash of zeros, whose algorithm is sha256)."""
    try:
        return Hash.parse(env.get("outputHash", ""), env.get("outputHashAlgo") or None)
    except HashError:
        return None


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() and int(text) else _TRIES_ON_MIRRORS


def _is_set(ctx: BuiltinContext, attribute: str) -> bool:
    return ctx.env.get(attribute, "") not in {"", "0"}
