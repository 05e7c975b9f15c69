"""Running imagetools and its peers as a person would: one process, its output, its exit code."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.servers.command_server import FRESH, command

#: Paths that were built and not looked at yet: conftest.py does so when the test is over.
BUILT: list[str] = []


def imagetools(
    *words: str,
    home: Path,
    stdin: bytes = b"",
    nix_path: str = "",
    check: bool = True,
    variables: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a command of ours with its store and caches below ``home``; ``variables`` are more of its environment."""
    environment = {**os.environ, "HOME": str(home), "NIX_PATH": nix_path, **(variables or {})}
    for name in ("IMAGETOOLS_STORE", "IMAGETOOLS_CACHE", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    done = as_text(command(words, cwd=home, environment=environment, stdin=stdin), check=check)
    if words[:1] == ("build",) and done.returncode == 0:
        BUILT.extend(line for line in done.stdout.splitlines() if line.startswith("/"))
    return done


def with_host_programs(*words: str, home: Path, stdin: bytes = b"", check: bool = True) -> "subprocess.CompletedProcess[str]":
    """A command of ours as in ``tests.golden.bad_input.command``: builders find the host's programs."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(FRESH)}
    environment = {**kept, "PATH": "/usr/bin:/bin", "HOME": str(home)}
    return as_text(command(words, cwd=home, environment=environment, stdin=stdin, host=True), check=check)


def nix(
    program: str, *words: str, root: Path, nix_path: str = "", check: bool = True, variables: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a program of real Nix over a store of its own below ``root``; ``variables`` are more of its environment."""
    environment = {**os.environ, "HOME": str(root), "NIX_PATH": nix_path, "NIX_REMOTE": "", **(variables or {})}
    return run([program, "--store", f"local?root={root}", *words], cwd=root, environment=environment, check=check)


def run(
    argv: Sequence[str], *, cwd: Path, environment: dict[str, str] | None = None, stdin: bytes = b"", check: bool = True
) -> "subprocess.CompletedProcess[str]":
    """Run a program; a failure shows what it said."""
    return as_text(subprocess.run(argv, cwd=cwd, env=environment, input=stdin, capture_output=True, check=False), check=check)


def as_text(done: "subprocess.CompletedProcess[bytes]", *, check: bool) -> "subprocess.CompletedProcess[str]":
    """AssertionError with all that it said where it failed and must not."""
    result = subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )
    if check and result.returncode:
        raise AssertionError(f"{' '.join(result.args)} ended with {result.returncode}:\n{result.stderr}{result.stdout}")
    return result
