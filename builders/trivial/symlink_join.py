"""``builtin:symlinkjoin``: one tree out of several, every file a symbolic link (what lndir(1) makes).

Folders are real, files are links to the originals, links are copied as they are. Where two trees have the same name, the first
wins without a word; buildenv is the one that knows about collisions.
"""

import json
import os
import stat
from typing import ClassVar

from imagetools.builtin.api import BuiltinContext, BuiltinError, MissingAttributeError
from imagetools.kernel.bytestr import to_bytes

from .post_build import run_post_build


class JoinPathError(BuiltinError):
    """One of the paths cannot be joined."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"symlinkJoin: '{path}' {what}")
        self.path = path


class SymlinkJoin:
    """The builder behind symlinkJoin; ``paths`` is a JSON list."""

    name: ClassVar[str] = "symlinkjoin"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        if "paths" not in ctx.env:
            raise MissingAttributeError(self.name, "paths")
        out = ctx.outputs["out"]
        os.mkdir(out)
        for path in json.loads(to_bytes(ctx.env["paths"])):
            source = ctx.real_path(path)
            if not os.path.isdir(source):
                if os.path.lexists(source):
                    raise JoinPathError(path, "is a file, not a folder")
                if ctx.env.get("failOnMissing") == "1":
                    raise JoinPathError(path, "does not exist")
                continue
            _link(os.path.realpath(source), path, out)
        run_post_build(ctx)


def _link(source: str, logical: str, target: str) -> None:
    """Link what is in ``source`` (known to links as ``logical``) into the existing folder ``target``."""
    with os.scandir(source) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            place = os.path.join(target, entry.name)
            try:
                there: int | None = os.lstat(place).st_mode
            except FileNotFoundError:
                there = None
            inner = f"{logical}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if there is None:
                    os.mkdir(place)
                elif not stat.S_ISDIR(there):
                    raise JoinPathError(inner, "is a folder, but an earlier path has a file or a link of that name")
                _link(entry.path, inner, place)
            elif there is None:
                os.symlink(os.readlink(entry.path) if entry.is_symlink() else inner, place)
