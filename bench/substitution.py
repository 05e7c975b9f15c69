"""Fetching 100 paths, 500 MB, from a binary cache on local HTTP (zstd) beside ``nix-store --realise`` from the same cache.

Target: 0.9 of the peer's time.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.image import choose
from bench.measure import Cost, once
from imagetools.store.local import LocalStore
from tests.oracle.cache_server import serving

WANTED = 500 << 20
PATHS = 100
ROUNDS = 3


def main() -> None:
    """Print the table."""
    folders, size, _ = choose(WANTED)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        root = fill(f"{home}/origin", folders)
        environment = {**os.environ, "HOME": folder, "NIX_REMOTE": ""}
        ours = [sys.executable, "-m", "imagetools", "copy"]
        to_cache = [*ours, root, "--to", f"file://{home}/cache", "--compression", "zstd", "--store", f"{home}/origin"]
        subprocess.run(to_cache, check=True, env=environment, stderr=subprocess.DEVNULL)
        mine: list[Cost] = []
        peer: list[Cost] = []
        with serving(home / "cache") as server:
            print(f"{size / 1e6:.0f} MB in {len(list((home / 'cache').glob('*.narinfo')))} paths")
            for number in range(ROUNDS):
                words = ["--from", server.url, root, "--no-check-sigs", "--store", f"{home}/ours-{number}"]
                mine.append(once([*ours, *words], environment))
                store = f"local?root={home}/theirs-{number}"
                options = ["--option", "substituters", server.url, "--option", "require-sigs", "false"]
                peer.append(once(["nix-store", "--store", store, "--realise", root, *options], environment))
        a, b = (statistics.median(cost.wall for cost in side) for side in (mine, peer))
        print(f"{'fetching over HTTP':<44} {a:8.2f} s    nix-store: {b:.2f} s   ratio {a / b:.2f}")
        memory = [max(cost.memory for cost in side) / 1024 for side in (mine, peer)]
        print(f"{'memory':<44} {memory[0]:8.0f} MiB  nix-store: {memory[1]:.0f} MiB")


def fill(root: str, folders: list[str]) -> str:
    """A store of as many objects, the last of which refers to all; its logical path."""
    with LocalStore(root, durable=False) as store:
        made = [store.add_source(path, f"n{number}") for number, path in enumerate(folders)]
        made += [store.add_text(f"t{number}", b"text") for number in range(PATHS - 1 - len(made))]
        return store.store_dir.join(store.add_text("all", b"\n".join(path.base_name.encode() for path in made), made))


if __name__ == "__main__":
    main()
