"""Expressions through our own command, all in one process of it."""

import json
import os
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.servers.command_server import command

PACKAGE = Path(__file__).parents[3] / "imagetools"


def run(*words: str, home: Path) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "HOME": str(home),
        "NIX_PATH": "",
        "XDG_DATA_HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
    }
    done = command(words, cwd=home, environment=environment)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def all_in_one(expressions: Iterable[str], prelude: str = "") -> str:
    """One list of all of them, with ``lib`` and ``pkgs`` in scope."""
    items = "\n".join(f"({expression})" for expression in expressions)
    return f"let pkgs = import <nixpkgs> {{ }}; lib = {prelude or 'pkgs.lib'}; in [ {items} ]"


def values(expressions: list[str], home: Path) -> dict[str, object]:
    """Each expression with its value. Fails where one cannot be evaluated."""
    done = run("eval", "--strict", "--json", "-E", all_in_one(expressions), home=home)
    assert done.returncode == 0, done.stderr
    return dict(zip(expressions, json.loads(done.stdout), strict=True))


def failures(expressions: list[str], home: Path) -> dict[str, str]:
    """Each expression with what is said when it fails."""

    def fail(expression: str) -> str:
        done = run("eval", "--strict", "-E", f"let pkgs = import <nixpkgs> {{ }}; lib = pkgs.lib; in {expression}", home=home)
        assert done.returncode == 1, (expression, done.stdout)
        return done.stderr

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(expressions, pool.map(fail, expressions), strict=True))
