"""``fetchTarball`` and ``fetchGit`` of 20,000 files, and of what is cached already, beside nix-instantiate on the same."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.fetchgit import FILES, make_repository
from bench.measure import once

ROUNDS = 3


def main() -> None:
    """Print the table."""
    if not shutil.which("git") or not shutil.which("nix-instantiate"):
        print("needs git and nix-instantiate")
        return
    with tempfile.TemporaryDirectory(prefix="imagetools-bench-") as folder:
        base = Path(folder)
        repository, _ = make_repository(base, 3000)
        tarball = base / "tree.tar.gz"
        words = ["git", "--git-dir", str(repository), "archive", "--prefix=tree/", "-o", str(tarball), "main"]
        subprocess.run(words, check=True)
        print(f"{FILES} files, a tarball of {tarball.stat().st_size / 1e6:.1f} MB")
        texts = {
            "fetchTarball": f'fetchTarball "file://{tarball}"',
            "fetchGit": f'(fetchGit {{ url = "file://{repository}"; ref = "main"; }}).outPath',
        }
        for name, text in texts.items():
            for state in ("new", "cached"):
                show(f"{name}, {state}", measured(base, text, state, ours=True), measured(base, text, state, ours=False))


def show(name: str, mine: float, peer: float) -> None:
    print(f"{name:<44} {mine * 1000:8.0f} ms   nix-instantiate: {peer * 1000:.0f} ms   ratio {mine / peer:.2f}")


def measured(base: Path, text: str, state: str, *, ours: bool) -> float:
    """Median seconds of one evaluation, in a new home or in the one that the first round has filled."""
    times: list[float] = []
    for number in range(ROUNDS + (state == "cached")):
        home = base / ("cached" if state == "cached" else f"new-{number}")
        environment = {**os.environ, "NIX_PATH": "", "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
        home.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "imagetools", "eval", "--store", str(home / "store"), "-E", text]
        if not ours:
            command = ["nix-instantiate", "--eval", "--store", f"local?root={home}/store", "-E", text]
        os.sync()
        times.append(once(command, environment).wall)
        if state == "new":
            removed(home)
    removed(base / "cached")
    return statistics.median(times[-ROUNDS:])


def removed(home: Path) -> None:
    if home.exists():
        subprocess.run(["chmod", "-R", "u+w", str(home)], check=False)
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
