"""The shell that a fetcher runs: its derivation's ``postFetch`` over what has come, ``netrcPhase`` before. In the set's bash; the
other half is post_fetch.nix.

Strict as such shell expects it (``set -eu -o pipefail``), in the build folder, with the derivation's attributes and
the fetcher's own variables (``downloadedFile``, ``unpackDir`` ...) in its environment. ``PATH`` holds what the derivation names
and nothing of the host.
"""

import os
import shutil
from collections.abc import Mapping

from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.kernel.bytestr import to_bytes

_OURS = ("postFetchShell", "postFetchSetup")


class NoNetrcError(BuiltinError):
    """A netrcPhase ended well, but wrote no file."""

    def __init__(self) -> None:
        super().__init__("netrcPhase did not write the file 'netrc'", "it must write 'netrc' in the folder that it is started in")


def run_post_fetch(ctx: BuiltinContext, variables: Mapping[str, str], *, cwd: str | None = None) -> None:
    """Run ``postFetch`` where the derivation has one. ``variables`` are paths and words of the fetcher, added to the
    derivation's; ``out`` and the other outputs are there already. Raises ShellFailedError."""
    if ctx.env.get("postFetch"):
        run_shell(ctx, os.fsdecode(to_bytes(ctx.env["postFetch"])), variables, cwd=cwd)


def run_netrc_phase(ctx: BuiltinContext) -> str:
    """The text that ``netrcPhase`` writes; empty where the derivation has none. No file of it stays. Raises ShellFailedError,
    NoNetrcError."""
    if not ctx.env.get("netrcPhase"):
        return ""
    folder = os.path.join(ctx.scratch, ".netrc-phase")
    os.mkdir(folder, 0o700)
    try:
        run_shell(ctx, os.fsdecode(to_bytes(ctx.env["netrcPhase"])), {}, cwd=folder)
        with open(os.path.join(folder, "netrc"), encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        raise NoNetrcError from None
    finally:
        shutil.rmtree(folder)


def run_shell(ctx: BuiltinContext, text: str, variables: Mapping[str, str], *, cwd: str | None = None) -> None:
    """Run another piece of shell of such a derivation in the same way (``preFetch``). Raises ShellFailedError."""
    env = {key: os.fsdecode(to_bytes(value)) for key, value in ctx.env.items() if key not in _OURS}
    env.update(ctx.outputs)
    if ctx.ca_file is not None:
        env.update(dict.fromkeys(("SSL_CERT_FILE", "NIX_SSL_CERT_FILE"), ctx.ca_file))
    env.update(variables)
    env["postFetch"] = text
    shell, setup = (os.fsdecode(to_bytes(ctx.env[name])) for name in _OURS)
    ctx.shell([shell, setup], env=env, cwd=ctx.scratch if cwd is None else cwd)
