"""How long the command line takes to answer: ``--version``, a small evaluation, and a build with nothing to do."""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.measure import compare, once
from tests.unit.app.terminals import imagetools

DEFINITION = """
with import <nixpkgs> { };
dockerTools.buildLayeredImage { name = "hello"; tag = "latest"; config.Cmd = [ "${bash}/bin/bash" "-c" "echo hello" ]; }
"""
NIX = ["--option", "sandbox", "true", "--option", "sandbox-paths", "/bin/sh /lib /lib64 /usr", "--option", "substituters", ""]
PLAIN = 'derivation { name = "x"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; }'


def main() -> None:
    """Print the table."""
    ours = [sys.executable, "-m", "imagetools"]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HOME": folder, "NIX_PATH": ""}
        compare(
            "imagetools --version (target 150 ms)",
            [*ours, "--version"],
            {"nix --version": ["nix", "--version"]},
            environment=environment,
        )
        compare(
            "eval -E '1 + 1'",
            [*ours, "eval", "-E", "1 + 1"],
            {"nix-instantiate --eval": ["nix-instantiate", "--eval", "-E", "1 + 1"]},
            environment=environment,
        )
        prompt = statistics.median(_prompt(Path(folder)) for _ in range(5))
        print(f"{'repl, its prompt on a terminal (target 300)':<44} {prompt * 1000:8.0f} ms")
        image = Path(folder, "image.nix")
        image.write_text(DEFINITION)
        plain = Path(folder, "plain.nix")
        plain.write_text(PLAIN)
        words = ["build", "--no-out-link"]
        once([*ours, *words, str(image)], environment)
        once([*ours, *words, str(plain)], environment)
        compare("build of an image, nothing to do (target 500)", [*ours, *words, str(image)], {}, environment=environment)
        theirs = ["nix-build", "--store", f"local?root={folder}/nix-root", *NIX, "--no-out-link", str(plain)]
        peers = {}
        if shutil.which("nix-build"):
            once(theirs, environment)
            peers["nix-build"] = theirs
        compare("build of one derivation, nothing to do", [*ours, *words, str(plain)], peers, environment=environment)


def _prompt(home: Path) -> float:
    """Seconds until the prompt stands there."""
    begin = time.perf_counter()
    with imagetools(home, "repl") as terminal:
        terminal.until("imagetools>")
        return time.perf_counter() - begin


if __name__ == "__main__":
    main()
