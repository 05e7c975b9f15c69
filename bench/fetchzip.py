"""fetchzip of 300 MB in 15,000 files (a .tar.gz), the whole ``imagetools build``, against ``tar x`` and ``nix hash path``."""

import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import once

FILES = 15_000
MEAN = 20_000
TARGET = 1.2
_NIX = ["nix", "--extra-experimental-features", "nix-command", "hash", "path"]


def make_tree(root: Path) -> None:
    """Source code more than anything else: seven files in eight are text, sizes spread widely around 20 kB; always the same."""
    dice = random.Random(4)
    words = ["".join(dice.choices("abcdefghijklmnopqrstuvwxyz_", k=dice.randrange(2, 11))) for _ in range(4000)]
    usual = [1 / (rank + 1) for rank in range(len(words))]
    lines = [
        "    " * dice.randrange(4) + " ".join(dice.choices(words, usual, k=dice.randrange(1, 12))) + "\n" for _ in range(60_000)
    ]
    text = "".join(dice.choices(lines, k=90_000)).encode()
    noise = dice.randbytes(4 << 20)
    for number in range(FILES):
        folder = root / f"part{number % 37}" / f"module{number // 37 % 40}"
        folder.mkdir(parents=True, exist_ok=True)
        size = min(int(math.exp(dice.gauss(math.log(MEAN) - 0.72, 1.2))), 1 << 20)
        source = text if number % 8 else noise
        start = dice.randrange(len(source) - (1 << 20))
        path = folder / f"file{number}.{'c' if number % 8 else 'png'}"
        path.write_bytes(b"%d\n" % number + source[start : start + size])
        if number % 50 == 0:
            path.chmod(0o755)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_tree(folder / "tree" / "project-1.0")
        archive = folder / "project-1.0.tar.gz"
        subprocess.run(["tar", "-czf", archive, "-C", folder / "tree", "project-1.0"], check=True)
        size = sum(path.stat().st_size for path in (folder / "tree").rglob("*") if path.is_file())
        print(f"{FILES} files, {size / 1e6:.0f} MB, {archive.stat().st_size / 1e6:.0f} MB packed")
        shutil.rmtree(folder / "tree")
        measure(folder, archive)


def measure(folder: Path, archive: Path, rounds: int = 5) -> None:
    """Both, in turn, each into nothing."""
    (folder / "peer").mkdir()
    unpack = ["tar", "-xf", str(archive), "-C", str(folder / "peer")]
    subprocess.run(unpack, check=True)
    tree = str(folder / "peer" / "project-1.0")
    value = subprocess.run([*_NIX, tree], check=True, capture_output=True, text=True).stdout.strip()
    expression = f'(import <nixpkgs> {{ }}).fetchzip {{ url = "file://{archive}"; hash = "{value}"; }}'
    home = folder / "home"
    environment = {**os.environ, "HOME": str(home), "NIX_PATH": ""}
    ours = [sys.executable, "-m", "imagetools", "build", "--no-out-link", "-E", expression]
    mine: list[float] = []
    theirs: dict[str, list[float]] = {"tar x": [], "nix hash path": []}
    for _ in range(rounds):
        _remove(folder / "peer")
        (folder / "peer").mkdir()
        theirs["tar x"].append(once(unpack).wall)
        theirs["nix hash path"].append(once([*_NIX, tree]).wall)
        _remove(home)
        home.mkdir()
        mine.append(once(ours, environment).wall)
    _remove(home)
    own = statistics.median(mine)
    medians = {name: statistics.median(times) for name, times in theirs.items()}
    peer = statistics.median(map(sum, zip(*theirs.values(), strict=True)))
    shown = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in medians.items())
    print(f"{f'fetchzip (target {TARGET})':<44} {own * 1000:8.0f} ms   {shown}   ratio {own / peer:.2f}")


def _remove(tree: Path) -> None:
    """A store's folders are read-only."""
    subprocess.run(["chmod", "-R", "u+w", tree], check=False, capture_output=True)
    shutil.rmtree(tree, ignore_errors=True)
