"""``builtin:appimage-extract``: the builder behind appimageTools.extract (rows 2.077, 2.082)."""

import os
import stat
from dataclasses import replace
from typing import ClassVar

from imagetools.builtin.api import BuiltinContext, BuiltinError, MissingAttributeError
from imagetools.kernel.bytestr import to_bytes

from .unpack_image import POLICY, unpack_appimage


class NoFileError(BuiltinError):
    """``src`` is no file."""

    def __init__(self, path: str) -> None:
        super().__init__(f"appimageTools.extract: src = '{path}' is no file")
        self.path = path


class AppImageExtract:
    """The builder; ``src`` is the AppImage's store path, ``postExtract`` a script that finds the tree in ``$out``."""

    name: ClassVar[str] = "appimage-extract"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        source = ctx.env.get("src")
        if not source:
            raise MissingAttributeError(self.name, "src")
        path = ctx.real_path(source)
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise NoFileError(source)
        out = ctx.outputs["out"]
        os.mkdir(out)
        scripted = bool(ctx.env.get("postExtract"))
        image, size = unpack_appimage(path, out, replace(POLICY, final=not scripted))
        ctx.log(f"unpacked an AppImage of type {image.kind}, {size / 1e6:.1f} MB")
        if scripted:
            _run_post_extract(ctx)


def _run_post_extract(ctx: BuiltinContext) -> None:
    attributes = {**ctx.env, "buildCommand": ctx.env["postExtract"]}
    env = {key: os.fsdecode(to_bytes(value)) for key, value in attributes.items()}  # byte strings, as a process takes them
    env.update(ctx.logical_outputs)
    ctx.shell([ctx.env["shell"], "-e", ctx.env["script"]], env=env, cwd=ctx.scratch)
