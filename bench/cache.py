"""mkBinaryCache of about 587 MB beside ``nix copy --to file://`` with zstd, of the same paths in the same store.

Ours is the whole command: evaluation, sandbox, hashing and registering the cache as a store object. Target: half of the peer's time.
"""

import os
import sys
import tempfile
from pathlib import Path

from bench.image import choose
from bench.measure import once

WANTED = 587 << 20
ROUNDS = 3
DEFINITION = """
{ round }:
with import <nixpkgs> { };
rec {
  all = writeText "all" (toString [ %s ]);
  cache = mkBinaryCache { name = "cache-${round}"; rootPaths = [ all ]; };
}
"""


def main() -> None:
    """Print the table."""
    paths, size, count = choose(WANTED)
    print(f"{size / 1e6:.0f} MB in {count} files, {len(paths)} store paths")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        definition = home / "definition.nix"
        definition.write_text(
            DEFINITION % " ".join(f'(builtins.path {{ path = "{path}"; name = "n{n}"; }})' for n, path in enumerate(paths))
        )
        root = home / "store"
        environment = {**os.environ, "IMAGETOOLS_STORE": str(root), "HOME": folder, "NIX_REMOTE": ""}

        def ours(attribute: str, number: int) -> list[str]:
            words = ["build", str(definition), "-A", attribute, "--argstr", "round", str(number), "--no-out-link"]
            return [sys.executable, "-m", "imagetools", *words]

        once(ours("all", 0), environment)
        all_path = next((root / "nix/store").glob("*-all"))
        theirs = [
            "nix",
            "--extra-experimental-features",
            "nix-command",
            "copy",
            "--no-check-sigs",
            "--store",
            f"local?root={root}",
        ]
        mine, peer = [], []
        for number in range(ROUNDS):
            mine.append(once(ours("cache", number), environment))
            target = f"file://{home}/peer-{number}?compression=zstd"
            peer.append(once([*theirs, "--to", target, f"/nix/store/{all_path.name}"], environment))
        a, b = sorted(cost.wall for cost in mine)[ROUNDS // 2], sorted(cost.wall for cost in peer)[ROUNDS // 2]
        print(f"{'mkBinaryCache, zstd':<44} {a:8.2f} s    nix copy: {b:.2f} s   ratio {a / b:.2f}")
        print(
            f"{'memory of the largest process':<44} {max(cost.memory for cost in mine) / 1024:8.0f} MiB  nix copy: {max(cost.memory for cost in peer) / 1024:.0f} MiB"
        )


if __name__ == "__main__":
    main()
