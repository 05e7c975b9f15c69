"""A repository that is the same to the byte wherever it was fetched: nothing of time, of this machine and of the server's other
branches in it.

What goes and what stays is nixpkgs' choice, since hashes depend on it: no logs, hooks, index, configuration and remote branches,
no tags that lead past the commit, one pack made by one thread. The bytes of the pack are git's, and change with its version.
"""

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Final

from .git_program import Git

_REMOVED: Final = ("logs", "hooks", "index", "FETCH_HEAD", "ORIG_HEAD", "refs/remotes/origin/HEAD", "config")


def make_deterministic(git: Git, folder: str, keep: Collection[str] = ()) -> None:
    """Tidy the repository of the working tree ``folder``; the tags in ``keep`` stay wherever they lead. Raises GitError."""
    git_dir = _git_dir(folder)
    for name in _REMOVED:
        _remove(git_dir / name)
    for branch in git.ask("for-each-ref", "--format=%(refname:lstrip=2)", "refs/remotes", cwd=folder).splitlines():
        git.run("branch", "-q", "-r", "-D", "--", branch, cwd=folder)
    here = git.ask("tag", "--points-at", "HEAD", cwd=folder).strip("\n")
    for tag in git.ask("tag", "--contains", "HEAD", cwd=folder).splitlines():
        if tag != here and tag not in keep:
            git.run("tag", "-d", "--", tag, cwd=folder)
    _order_packs(git_dir)
    git.run("config", "pack.threads", "1", cwd=folder)
    git.run("repack", "-q", "-A", "-d", "-f", cwd=folder)
    _remove(git_dir / "config")
    git.run("gc", "-q", "--prune=all", "--keep-largest-pack", cwd=folder)


def _order_packs(git_dir: Path) -> None:
    """Whole seconds between packs, the youngest last: git goes by them when it writes the packs of a partial clone anew."""
    packs = sorted(git_dir.glob("objects/pack/*.pack"), key=lambda pack: pack.stat().st_mtime_ns)
    for number, pack in enumerate(packs, 1):
        os.utime(pack, (number, number))


def _git_dir(folder: str) -> Path:
    entry = Path(folder, ".git")
    if entry.is_symlink() or not entry.is_file():
        return entry
    text = entry.read_text(encoding="utf-8", errors="surrogateescape").removesuffix("\n")
    return Path(folder, os.path.normpath(text.removeprefix("gitdir: ")))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
