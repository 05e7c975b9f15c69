"""``builtin:fhs-root``: the tree that a program of buildFHSEnv sees as its root (rows 3.039-3.043, 3.046).

``/usr`` and ``/etc`` with what packages bring, ``/bin``, ``/lib`` and kin as links into ``/usr``, ``/etc/profile``. Empty
folders stand where the wrapper shows some of the host's own data. ``postBuild`` (extraBuildCommands) finishes the tree.
"""

import json
import os
from typing import ClassVar, Final

from imagetools.builtin.api import BuiltinContext, BuiltinError, MissingAttributeError
from imagetools.kernel.bytestr import to_bytes

from ..trivial.post_build import run_post_build
from .fhs_tree import FhsTree, Link

USUAL: Final = ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/share", "etc")
MERGED: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libexec")
"""Folders of the root that are links to those of ``/usr``."""


class FhsPackageError(BuiltinError):
    """A package of the environment is not there."""

    def __init__(self, path: str) -> None:
        super().__init__(f"buildFHSEnv: '{path}' does not exist")
        self.path = path


class FhsRoot:
    """The builder; ``pkgs`` is JSON: ``[{"paths": [...], "priority": 5}, ...]``, the lowest number first."""

    name: ClassVar[str] = "fhs-root"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        for key in ("pkgs", "profile", "hostShares"):
            if key not in ctx.env:
                raise MissingAttributeError(self.name, key)
        tree = FhsTree(ctx.store_dir.path)
        for path in _paths(ctx):
            if not os.path.lexists(ctx.real_path(path)):
                raise FhsPackageError(path)
            tree.add(ctx.real_path(path), path)
        for path in (*USUAL, *ctx.env["hostShares"].split()):
            tree.folder(path)
        usr = tree.folder("usr").entries
        for name in MERGED:
            if name in usr:
                tree.top.entries[name] = Link(f"usr/{name}", None, "")
        etc = tree.folder("etc").entries
        etc["mtab"] = Link("/proc/mounts", None, "")
        etc.pop("profile", None)
        out = ctx.outputs["out"]
        os.mkdir(out)
        count = tree.write(out)
        with open(f"{out}/etc/profile", "wb") as file:
            file.write(to_bytes(ctx.env["profile"]))
        ctx.log(f"created {count} symlinks")
        run_post_build(ctx)


def _paths(ctx: BuiltinContext) -> list[str]:
    packages = json.loads(to_bytes(ctx.env["pkgs"]))
    found = [path for package in sorted(packages, key=lambda package: package["priority"]) for path in package["paths"]]
    if ctx.env.get("includeClosures") == "1" and found:
        closure = ctx.closure(sorted(set(found)))
        found += [ctx.store_dir.join(path) for path in reversed(closure.topological())]
    return list(dict.fromkeys(found))
