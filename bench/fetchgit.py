"""fetchgit of 20,000 files, the whole ``imagetools build`` with hash and registration, beside ``git clone --depth 1`` and
``nix hash path`` of the same repository. Target: at most 1.2 times their time.

Once with files as sources have them (a few kilobytes, some many), once with files of a line, where starting two Pythons and a
sandbox weighs most.
"""

import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.measure import once

FILES = 20_000
ROUNDS = 5
_HASH = "nix --extra-experimental-features nix-command hash path"


def main() -> None:
    """Print the table."""
    if not shutil.which("git") or not shutil.which("nix"):
        print("needs git and nix")
        return
    for title, median in (("files as sources have them", 3000), ("files of a line", 30)):
        with tempfile.TemporaryDirectory(prefix="imagetools-bench-") as folder:
            compare(title, Path(folder), median)


def compare(title: str, base: Path, median: int) -> None:
    """Rounds of theirs and ours in turn over a new repository; one line."""
    repository, size = make_repository(base, median)
    url = f"file://{repository}"
    clone = ["sh", "-c", f'git clone -q --depth 1 {url} "$0/o" && rm -rf "$0/o/.git" && {_HASH} "$0/o"']
    said = subprocess.run([*clone, str(base / "first")], check=True, capture_output=True, text=True).stdout.strip()
    expression = f'(import <nixpkgs> {{ }}).fetchgit {{ url = "{url}"; rev = "refs/heads/main"; hash = "{said}"; }}'
    build = [sys.executable, "-m", "imagetools", "build", "--no-out-link", "-E", expression, "--store"]
    theirs, ours = [], []
    for number in range(ROUNDS):
        theirs.append(timed(clone, base / f"theirs-{number}"))
        ours.append(timed(build, base / f"ours-{number}"))
    mine, peer = statistics.median(ours), statistics.median(theirs)
    title = f"{title}, {size / 1e6:.0f} MB"
    print(f"{title:<44} {mine * 1000:8.0f} ms   git clone + nix hash path: {peer * 1000:.0f} ms   ratio {mine / peer:.2f}")


def timed(command: Sequence[str], folder: Path) -> float:
    """Seconds that the command takes with the new folder as its last word; what it left is removed afterwards."""
    environment = {**os.environ, "NIX_PATH": ""}
    os.sync()  # what the last round wrote is not this one's business
    try:
        return once([*command, str(folder)], environment).wall
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def make_repository(base: Path, median: int) -> tuple[Path, int]:
    """A bare repository with FILES files in 200 folders, half of them smaller than ``median`` bytes; and their bytes together."""
    work = base / "work"
    chance = random.Random(1)
    words = [f"{chance.getrandbits(32):x}"[: 2 + number % 7] for number in range(4000)]
    text = " ".join(chance.choice(words) for _ in range(400_000)).encode()
    total = 0
    for number in range(FILES):
        path = work / f"d{number % 200:03}" / f"f{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        length = min(int(chance.lognormvariate(math.log(median), 1.2)) + 1, len(text) // 2)
        start = chance.randrange(len(text) - length)
        total += path.write_bytes(text[start : start + length])
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "files"]):
        subprocess.run(["git", *words], cwd=work, check=True)
    repository = base / "bench.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(repository)], check=True)
    subprocess.run(["git", "repack", "-q", "-a", "-d"], cwd=repository, check=True)
    return repository, total


if __name__ == "__main__":
    main()
