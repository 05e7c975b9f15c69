"""What a derivation made by ours runs at the end: its ``postBuild``, in bash, with the finished output in ``$out``."""

from imagetools.builtin.api import BuiltinContext


def run_post_build(ctx: BuiltinContext) -> None:
    """Run ``postBuild`` where the derivation has one (``shell`` and ``script`` stand beside it, see joins.nix)."""
    if not ctx.env.get("postBuild"):
        return
    env = {key: value for key, value in ctx.env.items() if key not in {"postBuild", "pkgs", "paths"}}
    env["buildCommand"] = ctx.env["postBuild"]
    env.update(ctx.logical_outputs)
    ctx.shell([ctx.env["shell"], "-e", ctx.env["script"]], env=env, cwd=ctx.scratch)
