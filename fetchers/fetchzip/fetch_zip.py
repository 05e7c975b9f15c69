"""``builtin:fetchzip``: download an archive and leave what is in it as the output.

The steps are those of nixpkgs, so that hashes agree: unpack, take the one folder of the archive (or keep a single file in a new
folder), run ``postFetch`` with ``unpackDir`` and ``renamed``, open the output's mode. Refuses what may not come out of an archive
(``archive.unpack``); the derivation's ``allowOutsideLinks`` lets symbolic links lead where they like.
"""

import os
from collections.abc import Mapping
from typing import ClassVar

from imagetools.archive.unpack import UnpackPolicy
from imagetools.builtin.api import BuiltinContext, BuiltinError, NoNetworkError
from imagetools.kernel.bytestr import to_bytes

from ..archives import unpack_into
from ..download import as_ascii, download
from ..fetchurl.fetch_url import FetchUrl, urls_of
from ..post_fetch import run_post_fetch

_LINKS_HINT = "where the links are meant so, give fetchzip the argument `allowOutsideLinks = true`; they stay links then"


class RootCountError(BuiltinError):
    """``stripRoot`` where the archive has not exactly one file or folder at its top; ``names`` are those that it has."""

    def __init__(self, names: list[str]) -> None:
        few = ", ".join(f"'{name}'" for name in names[:5]) + (" ..." if len(names) > 5 else "")
        has = f"it has {len(names)}: {few}" if len(names) > 1 else f"it has a link, {few}" if names else "it has nothing"
        super().__init__(
            f"zip file must contain a single file or directory. ({has})",
            "Pass stripRoot=false; to fetchzip to assume flat list of files.",
        )
        self.names = tuple(names)


class FetchZip:
    """The builder behind fetchzip."""

    name: ClassVar[str] = "fetchzip"
    needs_network: ClassVar[bool] = True
    host_binds: ClassVar[tuple[str, ...]] = FetchUrl.host_binds

    def host_files(self, env: Mapping[str, str]) -> tuple[str, ...]:
        """The files that ``file:`` URLs name (see ``ReadsHostFiles``)."""
        return FetchUrl().host_files(env)

    def build(self, ctx: BuiltinContext) -> None:
        if ctx.transport is None:
            raise NoNetworkError(self.name)
        urls = urls_of(ctx.env)
        if "out" not in ctx.outputs or len(ctx.outputs) != 1:
            raise BuiltinError("builtin:fetchzip has exactly one output, 'out'")
        out = ctx.outputs["out"]
        unpack_folder = os.path.join(ctx.scratch, "unpack")
        strip = ctx.env.get("stripRoot", "") == "1"
        scripted = bool(ctx.env.get("postFetch"))
        name = archive_name(ctx.env.get("archiveName", ""))
        archive = None if scripted else _where_it_lies(ctx, urls[0])
        if archive is None:
            folder = os.path.join(ctx.scratch, "download")
            os.mkdir(folder)
            archive = os.path.join(folder, name)
            download(ctx, urls, archive)
        os.mkdir(out)
        size = unpack_into(
            archive,
            out,
            name.partition("?")[0],  # what follows may be secret
            UnpackPolicy(
                any_links=ctx.env.get("allowOutsideLinks", "") == "1",
                stripped=1 if strip else 0,
                final=not scripted,
                hint=_LINKS_HINT,
            ),
        )
        ctx.log(f"unpacked {size} bytes")
        if strip:
            lift_root(out)
        if not scripted:
            return
        os.mkdir(unpack_folder)
        run_post_fetch(
            ctx, {"unpackDir": unpack_folder, "renamed": archive, "downloadedFile": archive}, cwd=unpack_folder if strip else out
        )
        if not os.path.islink(out) and os.path.exists(out):
            os.chmod(out, 0o755)


def _where_it_lies(ctx: BuiltinContext, url: str) -> str | None:
    """The archive that a ``file:`` URL names, so that it need not be copied first; None where it must come by ``download``,
    which also knows what to say about one that is missing."""
    if not url.startswith("file:") or ctx.env.get("netrcPhase"):
        return None
    for path in FetchUrl().host_files({"url": url}):
        if os.access(path, os.R_OK):
            ctx.log(f"reading '{as_ascii(url)}'")
            return path
    return None


def archive_name(name: str) -> str:
    """What the downloaded file is called: the derivation's ``archiveName`` (a bytestr), made fit to be a file's name."""
    raw = to_bytes(name).replace(b"/", b"_")[:255]
    return "download" if raw in {b"", b".", b".."} else os.fsdecode(raw)


def lift_root(out: str) -> None:
    """Put the members of the one folder in ``out`` in its place; a single file stays where it is.

    Raises RootCountError where there is not exactly one, or it is a symbolic link.
    """
    names = sorted(os.listdir(out))
    root = os.path.join(out, names[0]) if names else ""
    if len(names) != 1 or os.path.islink(root):
        raise RootCountError(names)
    if not os.path.isdir(root):
        return
    members = os.listdir(root)
    if names[0] in members:  # its own name is in the way
        aside = next(name for name in (f"root-{number}" for number in range(len(members) + 1)) if name not in members)
        os.rename(root, os.path.join(out, aside))
        root = os.path.join(out, aside)
    for name in members:
        os.rename(os.path.join(root, name), os.path.join(out, name))
    os.rmdir(root)
