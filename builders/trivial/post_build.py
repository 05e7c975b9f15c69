"""What a derivation made by ours runs at the end: its ``postBuild``, in bash, with the finished output in ``$out``."""

import os

from imagetools.builtin.api import BuiltinContext
from imagetools.kernel.bytestr import to_bytes


def run_post_build(ctx: BuiltinContext) -> None:
    """Run ``postBuild`` where the derivation has one (``shell`` and ``script`` stand beside it, see joins.nix)."""
    if not ctx.env.get("postBuild"):
        return
    attributes = {key: value for key, value in ctx.env.items() if key not in {"postBuild", "pkgs", "paths"}}
    attributes["buildCommand"] = ctx.env["postBuild"]
    env = {key: os.fsdecode(to_bytes(value)) for key, value in attributes.items()}  # byte strings, as a process takes them
    env.update(ctx.logical_outputs)
    ctx.shell([ctx.env["shell"], "-e", ctx.env["script"]], env=env, cwd=ctx.scratch)
