"""How long a program of buildFHSEnv takes to start, against bubblewrap with the same binds and the same shell inside."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROUNDS = 41
TARGET = 60
DEFINITION = """
with import <nixpkgs> { };
let env = buildFHSEnv { name = "start"; runScript = "true"; targetPkgs = pkgs: [ pkgs.zlib ]; }; in [ env env.fhsenv bash ]
"""
SCRIPT = "source /etc/profile\nexec true\n"
OTHER_USER = 65534


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        environment = {**os.environ, "HOME": folder, "NIX_PATH": ""}
        words = [sys.executable, "-m", "imagetools", "build", "--no-out-link", "-E", DEFINITION]
        built = subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout.split()
        wrapper, root, bash = map(Path, built)
        init = Path(folder, "init")
        init.write_text(SCRIPT)
        init.chmod(0o755)
        ours = [f"{wrapper}/bin/start"]
        theirs = ["bwrap", *_binds(root), "--chdir", "/", f"/nix/store/{bash.name}/bin/bash", str(init)]
        costs: dict[str, list[float]] = {"imagetools": [], "bwrap": []}
        for _ in range(ROUNDS):
            costs["imagetools"].append(_once(ours))
            costs["bwrap"].append(_once(theirs))
    mine, peer = (statistics.median(found) * 1000 for found in costs.values())
    print(
        f"{'start of a wrapped program':<44} {mine:8.1f} ms   bwrap: {peer:.1f} ms   over it {mine - peer:.1f} (target {TARGET})"
    )


def _binds(root: Path) -> list[str]:
    """What the wrapper makes, in bubblewrap's words."""
    words = ["--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc", "--ro-bind", str(root.parent), "/nix/store"]
    words += ["--ro-bind", f"{root}/usr", "/usr", "--ro-bind", "/etc", "/.host-etc", "--tmpfs", "/etc"]
    hidden = {"dev", "proc", "nix", "etc", "usr"}
    for entry in sorted(root.iterdir()):
        if entry.is_symlink():
            words += ["--symlink", os.readlink(entry), f"/{entry.name}"]
            hidden.add(entry.name)
    for entry in sorted((root / "etc").iterdir()):
        words += ["--symlink", f"/nix/store/{root.name}/etc/{entry.name}", f"/etc/{entry.name}"]
    for entry in sorted(Path("/").iterdir()):
        if entry.is_dir() and not entry.is_symlink() and entry.name not in hidden:
            words += ["--bind", str(entry), str(entry)]
    return words


def _once(argv: Sequence[str]) -> float:
    """Seconds; as an ordinary user, where we can become one."""
    user = {"user": OTHER_USER, "group": OTHER_USER, "extra_groups": []} if os.geteuid() == 0 else {}
    begin = time.perf_counter()
    subprocess.run(argv, check=True, cwd="/", **user)  # type: ignore[call-overload]
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
