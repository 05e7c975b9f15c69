"""Expressions that fetch, evaluated by imagetools and by Nix 2.8, each with a store and caches of its own."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.oracle.commands import imagetools, nix


@dataclass(frozen=True)
class Said:
    """The exit code, the value that was printed, the first line of the error and the warnings, both without their marks."""

    code: int
    value: str
    failure: str
    warnings: tuple[str, ...]

    @staticmethod
    def of(done: "subprocess.CompletedProcess[str]") -> "Said":
        lines = done.stderr.splitlines()
        failure = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")
        warnings = tuple(line.removeprefix("warning: ") for line in lines if line.startswith("warning: "))
        return Said(done.returncode, done.stdout.strip(), failure, warnings)


def ours(text: str, home: Path, *options: str, variables: Mapping[str, str] | None = None) -> Said:
    """What ``imagetools eval`` says."""
    words = ("eval", "--strict", *options, "-E", text)
    return Said.of(imagetools(*words, home=home, check=False, variables=variables))


def theirs(text: str, root: Path, *options: str) -> Said:
    """What ``nix-instantiate --eval`` says."""
    words = ("--eval", "--strict", "--option", "experimental-features", "flakes", *options, "-E", text)
    return Said.of(nix("nix-instantiate", *words, root=root, check=False))


def assert_same_values(texts: Sequence[str], home: Path, root: Path, *options: str) -> None:
    """One process each when all is well; else one a text, to say which."""
    together = "[\n" + "\n".join(f"({text})" for text in texts) + "\n]"
    mine, real = ours(together, home, *options), theirs(together, root, *options)
    if mine.code == real.code == 0 and mine.value == real.value:
        return
    for text in texts:
        mine, real = ours(text, home, *options), theirs(text, root, *options)
        if (mine.code, mine.value) != (real.code, real.value):
            raise AssertionError(f"{text}\nours:   {mine}\ntheirs: {real}")
    raise AssertionError(f"each alone is the same, together they are not:\n{ours(together, home, *options).failure}")
