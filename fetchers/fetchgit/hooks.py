"""The pieces of shell of a fetchgit derivation that run before and between: netrcPhase, preFetch, and what preFetch leaves for
the time between checkout and tidying (NIX_PREFETCH_GIT_CHECKOUT_HOOK), at first postCheckout.

They run in the set's own shell like postFetch. What preFetch exports counts for git where its name begins with ``GIT_`` or is a
proxy's, since fetching happens in another process here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from imagetools.builtin.api import BuiltinContext
from imagetools.kernel.bytestr import to_bytes
from imagetools.net.git_commands import PROXY_VARIABLES

from ..post_fetch import run_netrc_phase, run_shell
from .git_program import git_on_path

_HOOK: Final = "NIX_PREFETCH_GIT_CHECKOUT_HOOK"
_TAKEN: Final = (*PROXY_VARIABLES, "SOCKS_SERVER", "NIX_GIT_SSL_CAINFO", "FETCHGIT_HTTP_PROXIES")


@dataclass(frozen=True, slots=True)
class Prepared:
    """``netrc`` is what netrcPhase wrote; ``variables`` what preFetch exported for git; ``checkout_hook`` a piece of shell."""

    netrc: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    checkout_hook: str = ""


def prepare(ctx: BuiltinContext) -> Prepared:
    """Run netrcPhase and preFetch, where the derivation has them. Raises ShellFailedError."""
    written = run_netrc_phase(ctx)
    netrc = f"\n{written}" if written else ""
    given = _text(ctx, "postCheckout")
    if not ctx.env.get("preFetch"):
        return Prepared(netrc, checkout_hook=given)
    exported = os.path.join(ctx.scratch, "git-exported")
    script = f"{_text(ctx, 'preFetch')}\nenv -0 > {exported}\n"
    run_shell(ctx, script, {"PATH": _path(ctx), _HOOK: given})
    pairs = (item.partition("=") for item in Path(exported).read_bytes().decode("utf-8", "surrogateescape").split("\0"))
    found = {name: value for name, equals, value in pairs if equals}
    os.unlink(exported)
    hook = found.get(_HOOK, "")
    taken = {name: value for name, value in found.items() if name in _TAKEN or name.startswith("GIT_")}
    return Prepared(netrc, taken, hook)


def run_checkout_hook(ctx: BuiltinContext, prepared: Prepared, url: str, rev: str, git_environment: Mapping[str, str]) -> None:
    """Run what preFetch left for this moment; it finds the checkout in ``$dir``. Raises ShellFailedError."""
    if prepared.checkout_hook:
        own = {name: value for name, value in git_environment.items() if name.startswith("GIT_")}
        run_shell(ctx, prepared.checkout_hook, own | {"PATH": _path(ctx), "dir": ctx.outputs["out"], "url": url, "rev": rev})


def _path(ctx: BuiltinContext) -> str:
    return f"{git_on_path(os.path.join(ctx.scratch, 'git-bin'))}:{_text(ctx, 'PATH')}"


def _text(ctx: BuiltinContext, name: str) -> str:
    return os.fsdecode(to_bytes(ctx.env.get(name, "")))
