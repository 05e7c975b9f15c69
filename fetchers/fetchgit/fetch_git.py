"""``builtin:fetchgit``: a git repository at one revision, by the host's git (rows 1.037-1.041).

Gives the files that nixpkgs' script gives, so that hashes made there are right here. Refuses to check hashes: that is done by who
registers the output. Network is needed even for a repository on this machine, because only a fixed output can be trusted to be
what was meant.
"""

import os
from collections.abc import Mapping
from typing import ClassVar

from imagetools.builtin.api import BuiltinContext, BuiltinError, NoNetworkError
from imagetools.net.redact import redact
from imagetools.store.fs_nar import nar_hash

from ..post_fetch import run_post_fetch
from . import hooks, request, tree_only, with_history
from .git_program import Git, git_on_path
from .host_repository import repositories


class NoRootError(BuiltinError):
    """The repository has no folder of the name that `rootDir` has."""

    def __init__(self, root: str, rev: str) -> None:
        super().__init__(f"builtin:fetchgit: the repository has no folder '{root}' at '{rev}'", "check `rootDir`")
        self.root = root


class FetchGit:
    """The builder behind fetchgit."""

    name: ClassVar[str] = "fetchgit"
    needs_network: ClassVar[bool] = True
    host_binds: ClassVar[tuple[str, ...]] = ("/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/etc/ssh")

    def host_files(self, env: Mapping[str, str]) -> tuple[str, ...]:
        """The repository that a ``file:`` URL or a path names (see ``ReadsHostFiles``)."""
        return repositories(env.get("url", ""))

    def build(self, ctx: BuiltinContext) -> None:
        if ctx.transport is None:
            raise NoNetworkError(self.name)
        if set(ctx.outputs) != {"out"}:
            raise BuiltinError("builtin:fetchgit has exactly one output, 'out'")
        wanted = request.read(ctx.env)
        shell = hooks.prepare(ctx)
        git = Git(ctx, wanted, shell.variables, ctx.netrc + shell.netrc)
        ctx.log(f"fetching '{wanted.rev}' from '{redact(wanted.url)}'")
        try:
            self._make(ctx, git, wanted, shell)
        finally:
            git.forget_logins()

    def _make(self, ctx: BuiltinContext, git: Git, wanted: request.Request, shell: hooks.Prepared) -> None:
        out = ctx.outputs["out"]
        if not wanted.leave_dot_git and not shell.checkout_hook:
            tree_only.check_out(git, wanted, out, os.path.join(ctx.scratch, "git"))
            self._finish(ctx, git, wanted, out)
            return

        def hook() -> None:
            hooks.run_checkout_hook(ctx, shell, wanted.url, wanted.rev, git.env)

        ways = with_history.ways(wanted)
        for number, way in enumerate(ways):
            differs = with_history.check_out(git, wanted, out, way, hook)
            self._finish(ctx, git, wanted, out)
            if number == len(ways) - 1 or not differs or wanted.expected is None:
                return
            if nar_hash(out, wanted.expected.algo)[0] == wanted.expected:
                return
            ctx.log("the hash is another one; trying the layout of younger versions of nixpkgs")
            with_history.remove(out)

    def _finish(self, ctx: BuiltinContext, git: Git, wanted: request.Request, out: str) -> None:
        if wanted.root:
            try:
                tree_only.take_root(out, wanted.root)
            except FileNotFoundError:
                raise NoRootError(wanted.root, wanted.rev) from None
        if ctx.env.get("postFetch"):
            programs = git_on_path(os.path.join(ctx.scratch, "git-bin"))
            own = {key: value for key, value in git.env.items() if key.startswith("GIT_")}
            run_post_fetch(ctx, own | {"PATH": f"{programs}:{ctx.env.get('PATH', '')}"})
