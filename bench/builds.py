"""2,000 derivations whose builder is ``sh -c 'echo > $out'``: what a build costs beside its builder, ours and ``nix-build``'s.

Evaluation and instantiation are done before and taken off (a dry run of the same); so is what the builder needs by itself.

Target: less than 15 ms a build. BENCH_BUILDS is another number of derivations. Both sides run in the sandbox and sync what they
register.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measure import once

COUNT = int(os.environ.get("BENCH_BUILDS", "2000"))
DEFINITION = """{ n, round }:
let tools = builtins.path { path = ./tools; name = "tools"; }; in
builtins.genList
  (i: derivation {
    name = "tiny-${toString i}";
    system = builtins.currentSystem;
    builder = "${tools}/bin/sh";
    args = [ "-c" "echo > $out" ];
    inherit round;
  })
  (builtins.fromJSON n)
"""


def by_itself(shell: Path, folder: str) -> float:
    """Seconds that the builder takes alone."""
    environment = {"out": f"{folder}/out"}
    start = time.perf_counter()
    for _ in range(300):
        os.waitpid(os.posix_spawn(shell, ["sh", "-c", "echo > $out"], environment), 0)
    return (time.perf_counter() - start) / 300


def overhead(argv: Sequence[str], round_: str, environment: Mapping[str, str], alone: float, jobs: int) -> float:
    """Milliseconds a build beside the builder."""
    words = [*argv, "--argstr", "n", str(COUNT), "--argstr", "round", round_]
    once([*words, "--dry-run"], environment)  # writes the derivations
    before = once([*words, "--dry-run"], environment).wall
    took = once([*words, "--no-out-link", "-j", str(jobs)], environment).wall
    return ((took - before) / COUNT - alone / jobs) * 1000


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HOME": folder, "NIX_PATH": "", "NIX_REMOTE": ""}
        ours = [sys.executable, "-m", "imagetools", "build"]
        busybox = subprocess.run(
            [*ours, "<nixpkgs>", "-A", "busybox", "--no-out-link"], env=environment, check=True, capture_output=True, text=True
        )
        tools = Path(folder) / "tools/bin"
        tools.mkdir(parents=True)
        shutil.copy(Path(busybox.stdout.strip()) / "bin/busybox", tools / "sh")
        definition = Path(folder) / "tiny.nix"
        definition.write_text(DEFINITION)
        alone = by_itself(tools / "sh", folder)
        print(f"{COUNT} builds; the builder by itself: {alone * 1000:.1f} ms")
        theirs = [
            "nix-build",
            "--store",
            f"local?root={folder}/nix",
            "--option",
            "substitute",
            "false",
            "--option",
            "sandbox",
            "true",
        ]
        for jobs in (1, 2):
            mine = overhead([*ours, str(definition)], f"ours-{jobs}", environment, alone, jobs)
            line = f"{f'overhead a build, -j {jobs}':<32} {mine:6.1f} ms"
            if shutil.which("nix-build"):
                other = overhead([*theirs, str(definition)], f"theirs-{jobs}", environment, alone, jobs)
                line += f"   nix-build: {other:.1f} ms   ratio {mine / other:.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
