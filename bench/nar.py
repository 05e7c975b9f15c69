"""NAR and SHA-256 of trees: 30,000 small files (138 MB), and /usr/share; against ``nix-hash``. Then adding a tree to a store."""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.measure import compare
from imagetools.store.fs_nar import nar_hash

FILES = 30_000
MEAN = 4_600


def make_tree(root: Path) -> None:
    """Files in 300 folders, sizes spread exponentially around 4.6 kB; always the same bytes."""
    dice = random.Random(1)
    for folder in range(300):
        where = root / f"d{folder % 20}" / f"s{folder}"
        where.mkdir(parents=True)
        for number in range(FILES // 300):
            (where / f"file-{dice.randrange(10**9)}-{number}.txt").write_bytes(dice.randbytes(int(dice.expovariate(1 / MEAN))))


def hash_side_by_side(title: str, tree: str, rounds: int = 5) -> None:
    """The function in this process against the whole of nix-hash, and both as commands."""
    theirs = ["nix-hash", "--type", "sha256", "--base32", tree]
    mine: list[float] = []
    peer: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        value, size = nar_hash(tree)
        mine.append(time.perf_counter() - start)
        start = time.perf_counter()
        found = subprocess.run(theirs, capture_output=True, text=True, check=True).stdout.strip()
        peer.append(time.perf_counter() - start)
        assert found == value.base32(), "the hashes differ"
    ours, other = statistics.median(mine), statistics.median(peer)
    label = f"{title}, {size / 1e6:.0f} MB NAR, in process"
    print(f"{label:<44} {ours * 1000:8.0f} ms   nix-hash: {other * 1000:.0f} ms   ratio {ours / other:.2f}")
    code = f"from imagetools.store.fs_nar import nar_hash; print(nar_hash({tree!r})[0])"
    compare(
        f"{title}, as a command",
        [sys.executable, "-c", code],
        {"nix-hash": theirs, "nix hash path": ["nix", "--extra-experimental-features", "nix-command", "hash", "path", tree]},
        rounds=rounds,
    )


def add_side_by_side(tree: str, folder: str) -> None:
    """Adding a tree that is not there yet (with every fsync), and one that is."""
    code = "import sys; from imagetools.store.local import LocalStore; LocalStore(sys.argv[1]).add_source(sys.argv[2], 'tree')"
    for number, title in enumerate(("add to an empty store", "add again")):
        compare(
            title,
            [sys.executable, "-c", code, f"{folder}/ours", tree],
            {"nix-store --add": ["nix-store", "--store", f"local?root={folder}/theirs", "--add", tree]},
            rounds=1 + 2 * number,
        )


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        make_tree(tree)
        hash_side_by_side("30,000 files", str(tree))
        big = Path(folder, "big")
        with open(big, "wb") as file:
            for _ in range(500):
                file.write(os.urandom(1 << 20))
        hash_side_by_side("one file of 500 MiB", str(big), rounds=3)
        big.unlink()
        if os.path.isdir("/usr/share"):
            hash_side_by_side("/usr/share", "/usr/share", rounds=3)
        add_side_by_side(str(tree), folder)
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


if __name__ == "__main__":
    main()
