"""mkBinaryCache of about 587 MB beside ``nix copy --to file://`` with zstd, of the same paths in the same store.

Ours is the whole command: evaluation, sandbox, hashing and registering the cache as a store object. Target: half of the peer's
time.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.image import choose
from bench.measure import Cost, once

WANTED = 587 << 20
ROUNDS = 5
SOURCES = """
with import <nixpkgs> { };
writeText "all" (toString [ %s ])
"""
CACHE = """
{ round }:
(import <nixpkgs> { }).mkBinaryCache { name = "cache-${round}"; rootPaths = [ (builtins.storePath "%s") ]; }
"""


def main() -> None:
    """Print the table."""
    paths, size, count = choose(WANTED)
    print(f"{size / 1e6:.0f} MB in {count} files, {len(paths)} store paths")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = {**os.environ, "IMAGETOOLS_STORE": f"{home}/store", "HOME": folder, "NIX_REMOTE": ""}
        build = [sys.executable, "-m", "imagetools", "build", "--no-out-link", "--print-logical"]
        sources, cache = home / "sources.nix", home / "cache.nix"
        named = (f'(builtins.path {{ path = "{path}"; name = "n{n}"; }})' for n, path in enumerate(paths))
        sources.write_text(SOURCES % " ".join(named))
        root = subprocess.run([*build, sources], env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        cache.write_text(CACHE % root)
        copy = ["nix", "--extra-experimental-features", "nix-command", "copy", "--no-check-sigs"]
        mine: list[Cost] = []
        peer: list[Cost] = []
        for number in range(ROUNDS + 1):  # the first is not counted: it touches memory that nobody has touched before
            target = f"file://{home}/peer-{number}?compression=zstd"
            sides = [
                (mine, [*build, str(cache), "--argstr", "round", str(number)]),
                (peer, [*copy, "--store", f"local?root={home}/store", "--to", target, root]),
            ]
            for found, words in sides if number % 2 else reversed(sides):
                cost = once(words, environment)
                if number:
                    found.append(cost)
        a, b = (statistics.median(cost.wall for cost in side) for side in (mine, peer))
        print(f"{'mkBinaryCache, zstd':<44} {a:8.2f} s    nix copy: {b:.2f} s   ratio {a / b:.2f}")
        memory = [max(cost.memory for cost in side) / 1024 for side in (mine, peer)]
        print(f"{'memory of the largest process':<44} {memory[0]:8.0f} MiB  nix copy: {memory[1]:.0f} MiB")


if __name__ == "__main__":
    main()
