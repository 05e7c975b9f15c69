"""A collection in a store of 100,000 paths, half of them alive, beside ``nix-store --gc`` on a copy. Target: under 10 s."""

import os
import shutil
import subprocess
import sys
import tempfile

from bench.measure import once
from imagetools.formats.store_path import StorePath
from imagetools.store.local import LocalStore
from imagetools.store.ports import TextObject

PATHS = 100_000
CHAIN = 20


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = f"{folder}/ours", f"{folder}/theirs"
        subprocess.run([sys.executable, "-m", "bench.gc", ours], check=True)  # apart: a child's memory begins with its parent's
        subprocess.run(["cp", "-a", ours, theirs], check=True)
        environment = {**os.environ, "HOME": folder, "NIX_REMOTE": ""}
        mine = once([sys.executable, "-m", "imagetools", "store", "gc", "--store", ours], environment)
        line = f"{f'gc of {PATHS} paths, half of them dead':<44} {mine.wall:8.2f} s  ({mine.memory / 1024:.0f} MiB)"
        if shutil.which("nix-store"):
            peer = once(["nix-store", "--store", f"local?root={theirs}", "--gc"], environment)
            line += f"   nix-store: {peer.wall:.2f} s  ({peer.memory / 1024:.0f} MiB)   ratio {mine.wall / peer.wall:.2f}"
        print(line)


def fill(root: str) -> None:
    """Chains of texts that refer to the one before; every second chain is kept by a root."""
    with LocalStore(root, durable=False) as store:
        kept: list[StorePath] = []
        for start in range(0, PATHS, 10 * CHAIN):
            made: list[StorePath] = []
            for depth in range(CHAIN):
                items = [
                    TextObject(f"object-{start}-{depth}-{chain}", b"text" * 100, (made[chain - 10],) if depth else ())
                    for chain in range(10)
                ]
                made += store.add_texts(items)
            kept += made[-10::2]
        for number, path in enumerate(kept):
            link = f"{store.layout.gc_roots}/kept-{number}"
            os.symlink(store.store_dir.join(path), link)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fill(sys.argv[1])
    else:
        main()
