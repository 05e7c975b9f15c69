"""``builtin:buildenv``: an environment, the merged tree of links that buildEnv describes. The rules stand in ``link_plan``."""

import json
import os
from typing import Any, ClassVar

from imagetools.builtin.api import BuiltinContext, MissingAttributeError
from imagetools.kernel.bytestr import to_bytes, to_str

from .link_plan import LinkPlan
from .post_build import run_post_build

_PROPAGATED = 1000


class BuildEnv:
    """The builder behind buildEnv; ``pkgs`` is JSON: ``[{"paths": [...], "priority": 5}, ...]``."""

    name: ClassVar[str] = "buildenv"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        plan = LinkPlan(
            [_text(path) for path in _json(ctx, "pathsToLink")],
            ignore_collisions=ctx.env.get("ignoreCollisions") == "1",
            check_contents=ctx.env.get("checkCollisionContents") == "1",
            real=ctx.real_path,
            warn=ctx.log,
        )
        self._add_all(ctx, plan)
        out = ctx.outputs["out"]
        prefix = ctx.env.get("extraPrefix", "").strip("/")
        top = os.path.join(out, prefix) if prefix else out
        os.makedirs(top)
        count = 0
        for name, entry in plan.links():
            if entry.target is None:
                os.makedirs(top + name, exist_ok=True)
            else:
                os.makedirs(os.path.dirname(top + name), exist_ok=True)
                os.symlink(to_bytes(entry.target), os.fsencode(top + name))
                count += 1
        if ctx.env.get("manifest"):
            os.symlink(ctx.env["manifest"], os.path.join(out, "manifest"))
        ctx.log(f"created {count} symlinks")
        run_post_build(ctx)

    def _add_all(self, ctx: BuiltinContext, plan: LinkPlan) -> None:
        done: set[str] = set()
        later: list[str] = []
        for package in _json(ctx, "pkgs"):
            for path in map(_text, package["paths"]):
                if ctx.env.get("ignoreSingleFileOutputs") == "1" and os.path.isfile(ctx.real_path(path)):
                    continue
                later += _add(ctx, plan, path, package["priority"], done, quiet=False)
        if ctx.env.get("includeClosures") == "1" and done:
            closure = ctx.closure(sorted(done))
            later += [
                path for member in closure.topological() if os.path.isdir(ctx.real_path(path := ctx.store_dir.join(member)))
            ]
        priority = _PROPAGATED
        while later:
            batch, later = sorted(set(later)), []
            for path in batch:
                later += _add(ctx, plan, path, priority, done, quiet=True)
                priority += 1


def _add(ctx: BuiltinContext, plan: LinkPlan, path: str, priority: int, done: set[str], *, quiet: bool) -> list[str]:
    """Merge one tree; returns the packages that it drags along (nix-support/propagated-user-env-packages)."""
    if path in done or not os.path.exists(ctx.real_path(path)):
        return []
    done.add(path)
    plan.add(path, priority, quiet=quiet)
    try:
        with open(ctx.real_path(path) + "/nix-support/propagated-user-env-packages", "rb") as file:
            return to_str(file.read()).split()
    except OSError:
        return []


def _json(ctx: BuiltinContext, key: str) -> list[Any]:
    if key not in ctx.env:
        raise MissingAttributeError(BuildEnv.name, key)
    value: list[Any] = json.loads(to_bytes(ctx.env[key]))
    return value


def _text(text: str) -> str:
    """A text from JSON (Unicode) as os functions take it, so that names that are no UTF-8 survive."""
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))
