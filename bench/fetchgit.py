"""fetchgit of 20,000 files, the whole ``imagetools build`` with hash and registration, beside ``git clone --depth 1`` and
``nix hash path`` of the same repository. Target: at most 1.2 times their time.
"""

import os
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
    with tempfile.TemporaryDirectory(prefix="imagetools-bench-") as folder:
        base = Path(folder)
        repository = make_repository(base)
        size = sum(path.stat().st_size for path in repository.rglob("*") if path.is_file())
        print(f"{FILES} files, a repository of {size / 1e6:.0f} MB")
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
        print(
            f"{'fetchgit':<44} {mine * 1000:8.0f} ms   git clone + nix hash path: {peer * 1000:.0f} ms   ratio {mine / peer:.2f}"
        )


def timed(command: Sequence[str], folder: Path) -> float:
    """Seconds that the command takes with the new folder as its last word; what it left is removed afterwards."""
    environment = {**os.environ, "NIX_PATH": ""}
    os.sync()  # what the last round wrote is not this one's business
    try:
        return once([*command, str(folder)], environment).wall
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def make_repository(base: Path) -> Path:
    """A bare repository with FILES files of up to a few kilobytes in 200 folders."""
    work = base / "work"
    for number in range(FILES):
        path = work / f"d{number % 200:03}" / f"f{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"file {number}\n" * (number % 200 + 1))
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "files"]):
        subprocess.run(["git", *words], cwd=work, check=True)
    repository = base / "bench.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(repository)], check=True)
    subprocess.run(["git", "repack", "-q", "-a", "-d"], cwd=repository, check=True)
    return repository


if __name__ == "__main__":
    main()
