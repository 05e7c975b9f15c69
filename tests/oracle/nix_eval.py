"""What real Nix says of expressions: many values in one process, failures in a process each."""

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

WORKERS: Final = 2


def run(text: str, folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """``nix-instantiate --eval`` of a text; "@" in ``folder`` never happens, so each call has its own file there."""
    file = folder / f"{abs(hash(text)):x}.nix"
    file.write_text(text, "utf-8")
    environment = {**os.environ, "NIX_PATH": ""}
    command = ["nix-instantiate", "--eval", "--strict", *options, str(file)]
    return subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", env=environment, check=False)


def outcome(text: str, folder: Path) -> str:
    """ "= value", or "! message" (its first line)."""
    result = run(text, folder)
    if result.returncode == 0:
        return "= " + result.stdout.removesuffix("\n")
    for line in result.stderr.split("\n"):
        if line.startswith("error: "):
            return "! " + line.removeprefix("error: ")
    return "! " + result.stderr


def outcomes(texts: Sequence[str], folder: Path) -> list[str]:
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda text: outcome(text, folder), texts))


def wrong_values(pairs: Sequence[tuple[str, str]], folder: Path) -> list[tuple[str, str, str]]:
    """(text, what Nix says, what was expected) for all texts whose printed value is another; one process when all is well."""
    if not pairs:
        return []
    together = "[\n" + "\n".join(f"({text})" for text, _ in pairs) + "\n]"
    expected = "= [ " + " ".join(value for _, value in pairs) + " ]"
    if outcome(together, folder) == expected:
        return []
    found = outcomes([text for text, _ in pairs], folder)
    return [(text, said, "= " + value) for (text, value), said in zip(pairs, found, strict=True) if said != "= " + value]
