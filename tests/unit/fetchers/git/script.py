"""nixpkgs' own script for fetchgit, run as its builder does: the file stands below IMAGETOOLS_NIXPKGS."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from imagetools.store.fs_nar import nar_hash


def script() -> Path | None:
    """The script, where a nixpkgs was given."""
    folder = os.environ.get("IMAGETOOLS_NIXPKGS")
    path = Path(folder, "pkgs/build-support/fetchgit/nix-prefetch-git") if folder else None
    return path if path is not None and path.is_file() else None


def knows_all(path: Path) -> bool:
    """Whether the script is young enough for ``YOUNG_TREES`` and ``YOUNG_HISTORIES``."""
    return "--root-dir" in path.read_text()


def script_hash(path: Path, folder: Path, attributes: Mapping[str, str]) -> str:
    """The hash of what the script makes for a derivation with these attributes."""
    out = folder / "theirs"
    words = ["--builder", "--url", attributes["url"], "--out", str(out), "--rev", attributes["rev"]]
    for name, option in (
        ("leaveDotGit", "--leave-dotGit"),
        ("deepClone", "--deepClone"),
        ("fetchSubmodules", "--fetch-submodules"),
        ("fetchTags", "--fetch-tags"),
        ("nonConeMode", "--non-cone-mode"),
    ):
        if attributes.get(name):
            words.append(option)
    for name, option in (("branchName", "--branch-name"), ("sparseCheckout", "--sparse-checkout"), ("rootDir", "--root-dir")):
        if attributes.get(name):
            words += [option, attributes[name]]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ALLOW_PROTOCOL": "file:git:http",
        "NIX_PREFETCH_GIT_CHECKOUT_HOOK": "",
    }
    done = subprocess.run(["bash", str(path), *words], cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return nar_hash(str(out))[0].sri()
