"""``builtin:fetchpatch``: download a patch and store it in order: sorted by file, without what changes from day to day.

Needs no program of the host. Only ``decode`` and ``postFetch`` are shell, run by the set's own bash (see post_fetch).
"""

import json
import os
from collections.abc import Mapping
from typing import ClassVar

from imagetools.builtin.api import BuiltinContext, BuiltinError, MissingAttributeError, ShellFailedError
from imagetools.kernel.bytestr import display, to_bytes

from ..download import download
from ..fetchurl.fetch_url import FetchUrl, urls_of
from ..post_fetch import run_post_fetch, run_shell
from .dialect import DIALECTS, Dialect
from .hunk_ranges import parse_hunk_ranges
from .pipeline import NoPatchError, NothingSelectedError, Wanted, process

_SHOWN_LINES = 200
_DUMPED = 128


class EmptyDownloadError(BuiltinError):
    """The server answered with nothing."""

    def __init__(self) -> None:
        super().__init__("the downloaded patch is empty", "look at the URL in a browser: does it need a login?")


class DecodeError(BuiltinError):
    """``decode`` failed or gave nothing; ``data`` is what it was given."""

    def __init__(self, command: str, data: bytes) -> None:
        super().__init__(
            f"the patch cannot be decoded with `{display(command)}`; what came begins with\n{hex_dump(data[:_DUMPED])}",
            '`decode` is a shell command that reads the download and writes the patch, such as "base64 -d"',
        )
        self.command = command
        self.data = data


class FetchPatch:
    """The builder behind fetchpatch and fetchpatch2."""

    name: ClassVar[str] = "fetchpatch"
    needs_network: ClassVar[bool] = True
    host_binds: ClassVar[tuple[str, ...]] = FetchUrl.host_binds

    def host_files(self, env: Mapping[str, str]) -> tuple[str, ...]:
        """The files that ``file:`` URLs name (see ``ReadsHostFiles``)."""
        return FetchUrl().host_files(env)

    def build(self, ctx: BuiltinContext) -> None:
        urls = urls_of(ctx.env)
        if "out" not in ctx.outputs or len(ctx.outputs) != 1:
            raise BuiltinError("builtin:fetchpatch has exactly one output, 'out'")
        dialect = dialect_of(ctx.env)
        wanted = wanted_from(ctx.env, dialect)
        out = ctx.outputs["out"]
        download(ctx, urls, out)
        data = decoded(ctx, out)
        try:
            result = process(data, wanted, dialect)
        except (NoPatchError, NothingSelectedError) as problem:
            _show(ctx, problem.text)
            raise
        with open(out, "wb") as file:
            file.write(result)
        run_post_fetch(ctx, {"downloadedFile": out, "tmpfile": _temporary(ctx)})


def dialect_of(env: Mapping[str, str]) -> Dialect:
    """The habits that the derivation names. Raises MissingAttributeError."""
    dialect = DIALECTS.get(env.get("patchutils", ""))
    if dialect is None:
        raise MissingAttributeError("fetchpatch", "patchutils")
    return dialect


def wanted_from(env: Mapping[str, str], dialect: Dialect) -> Wanted:
    """The derivation's attributes as what is wanted. Raises HunkRangeError."""
    extra = env.get("extraPrefix")
    hunks = env.get("hunks")
    return Wanted(
        relative=to_bytes(env["relative"]) if "relative" in env else None,
        strip=int(env.get("stripLen") or "0"),
        old_prefix=b"" if extra is None else b"a/" + to_bytes(extra),
        new_prefix=b"" if extra is None else b"b/" + to_bytes(extra),
        includes=_patterns(env.get("includes", "")),
        excludes=_patterns(env.get("excludes", "")),
        hunks=None if hunks is None else parse_hunk_ranges(hunks, dialect),
        revert=env.get("revert", "") == "1",
    )


def hex_dump(data: bytes) -> str:
    """Sixteen bytes a line: place, values, and what of it is printable."""
    lines = []
    for start in range(0, len(data), 16):
        piece = data[start : start + 16]
        values = " ".join(f"{byte:02x}" for byte in piece)
        lines.append(f"{start:06x}  {values:<47}  " + "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece))
    return "\n".join(lines)


def _patterns(text: str) -> tuple[bytes, ...]:
    return tuple(pattern.encode() for pattern in json.loads(to_bytes(text))) if text else ()


def _temporary(ctx: BuiltinContext) -> str:
    return os.path.join(ctx.env.get("TMPDIR") or ctx.scratch, "patch")


def decoded(ctx: BuiltinContext, path: str) -> bytes:
    """What came, by way of the command `decode`, if there is one. Raises EmptyDownloadError, DecodeError."""
    with open(path, "rb") as file:
        data = file.read()
    if not data:
        raise EmptyDownloadError
    command = ctx.env.get("decode", "")
    if not command:
        return data
    place = _temporary(ctx)
    try:
        # `$out` and `$tmpfile` mean what they mean in nixpkgs
        run_shell(ctx, os.fsdecode(to_bytes(command)) + ' < "$out" > "$tmpfile"', {"tmpfile": place})
        with open(place, "rb") as file:
            patch = file.read()
    except (ShellFailedError, FileNotFoundError):
        patch = b""
    if not patch:
        raise DecodeError(command, data)
    os.unlink(place)
    return patch


def _show(ctx: BuiltinContext, text: bytes) -> None:
    """What was at hand when nothing was left, in the build's log."""
    lines = text.decode("utf-8", "replace").split("\n")
    ctx.log("it was:")
    for line in lines[:_SHOWN_LINES]:
        ctx.log(line)
    if len(lines) > _SHOWN_LINES:
        ctx.log(f"... and {len(lines) - _SHOWN_LINES} lines more")
