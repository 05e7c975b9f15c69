"""The files of one revision without any history: what most requests want, so the quick way.

git keeps its own folder outside the output, takes one commit and checks it out once; then only the ``.git`` files that point
there are removed. Refuses to leave anything of git behind: see ``with_history`` for that.
"""

import os
import shutil
from pathlib import Path

from imagetools.net.git_commands import is_commit

from .git_program import Git, GitError
from .request import Request
from .revision import Advertised, UnknownRevisionError, unknown
from .submodules import take_submodules

_UNWILLING = ("shallow", "not our ref", "unadvertised", "does not support")


def check_out(git: Git, request: Request, out: str, git_dir: str) -> None:
    """Fill ``out``, which does not exist yet. Raises GitError."""
    git.run("init", "-q", "--template=", f"--separate-git-dir={git_dir}", out, cwd=git.home)
    _name_remote(git_dir, request)
    if request.sparse:
        set_sparse(git, request, out)
    try:
        what = _fetch(git, request, out)
        _take_files(git, what, out)
    except UnknownRevisionError:
        raise
    except GitError as error:
        if error.failure.kind != "revision":
            raise
        raise unknown(git, request) from error
    if request.submodules:
        take_submodules(git, request, out, shallow=True)
    os.unlink(os.path.join(out, ".git"))


def set_sparse(git: Git, request: Request, folder: str) -> None:
    """Only the folders (or patterns) that the request names are to be checked out."""
    mode = ("--no-cone",) if request.any_pattern else ()
    git.run("sparse-checkout", "set", "--stdin", *mode, cwd=folder, input=os.fsencode(request.sparse + "\n"))


def _take_files(git: Git, what: str, folder: str) -> None:
    try:
        git.run("checkout", "-q", "--detach", what, "--", cwd=folder)
    except GitError as error:
        if error.failure.kind != "no commit":
            raise
        git.run("read-tree", "--reset", "-u", f"{what}^{{tree}}", cwd=folder)  # a tag may name a tree of files


def _name_remote(git_dir: str, request: Request) -> None:
    lines = ['[remote "origin"]', f"\turl = {_quoted(request.url)}", "\tfetch = +refs/heads/*:refs/remotes/origin/*"]
    if request.sparse:
        lines += ["\tpromisor = true", "\tpartialclonefilter = blob:none"]
    with open(os.path.join(git_dir, "config"), "a", encoding="utf-8", errors="surrogateescape") as file:
        file.write("\n".join(lines) + "\n")


def _fetch(git: Git, request: Request, folder: str) -> str:
    """Bring the revision here; what to check out."""
    if is_commit(request.rev):
        return _one(git, request, folder, request.rev)
    if request.is_ref:
        return _one(git, request, folder, f"+{request.rev}")
    found = Advertised.ask(git, request.url).find(request.rev)
    if found is not None:
        return _one(git, request, folder, found)
    return _everything(git, request, folder)


def _one(git: Git, request: Request, folder: str, what: str) -> str:
    """One revision without its history; a server that does not give that gives everything."""
    try:
        git.fetch("--no-tags", "--depth=1", "origin", what, cwd=folder)
    except GitError as error:
        if not any(word in line for line in error.lines for word in _UNWILLING):
            raise
        if not is_commit(request.rev):
            git.fetch("--no-tags", "origin", what, cwd=folder)
            return "FETCH_HEAD"
        return _everything(git, request, folder)
    return "FETCH_HEAD"


def _everything(git: Git, request: Request, folder: str) -> str:
    """All branches and tags, for what only a look into the history can tell."""
    git.fetch("--tags", "origin", cwd=folder)
    try:
        return git.ask("rev-parse", "--verify", "--quiet", f"{request.rev}^{{commit}}", cwd=folder).strip()
    except GitError:
        raise unknown(git, request) from None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def take_root(folder: str, root: str) -> None:
    """Make the folder ``root`` of the repository the whole of it. Raises FileNotFoundError."""
    top = Path(folder)
    aside = top.with_name(top.name + ".root")
    chosen = top / root
    if chosen.is_symlink() or not chosen.is_dir() or not chosen.resolve().is_relative_to(top.resolve()):
        raise FileNotFoundError(root)
    chosen.rename(aside)
    shutil.rmtree(top)
    aside.rename(top)
