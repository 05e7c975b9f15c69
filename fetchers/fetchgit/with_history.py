"""The files of one revision together with a repository in ``.git``, the same to the byte wherever it is made.

What lies in ``.git`` afterwards depends on what was fetched, step by step, so the steps are those of nixpkgs' script. There are
two kinds of it: up to 20.09 a commit that is no tip brings the whole history with it and each submodule is a repository of its
own; later versions bring that one commit, and submodules live in the ``.git`` of the whole. Where a request would come out
differently, the known hash of the output decides; the way of 20.09 is the first.
"""

import os
import shutil
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from imagetools.net.git_commands import is_hexadecimal, protocol

from . import submodules
from .deterministic import make_deterministic
from .git_program import Git, GitError
from .request import Request
from .revision import Advertised, UnknownRevisionError, unknown
from .tree_only import set_sparse


class Way(Enum):
    """Which nixpkgs' steps."""

    OF_2009 = "20.09"
    YOUNGER = "younger"


def ways(request: Request) -> tuple[Way, ...]:
    """The ways to try, in order."""
    return (Way.YOUNGER,) if request.younger else (Way.OF_2009, Way.YOUNGER)


def check_out(git: Git, request: Request, out: str, way: Way, hook: Callable[[], object]) -> bool:
    """Fill ``out``, which does not exist yet; ``hook`` runs between checkout and tidying. Whether the other way could differ.

    Raises GitError.
    """
    os.mkdir(out)
    clone = _Clone(git, request, out, way)
    rev = request.rev
    if request.is_ref:
        clone.into(out, request.url, "", rev)
    elif is_hexadecimal(rev):
        clone.into(out, request.url, rev, "")
    else:
        clone.into(out, request.url, "", Advertised.ask(git, request.url).find(rev) or f"refs/tags/{rev}")
    if request.tags is not None:
        wanted = [f"refs/tags/{tag}:refs/tags/{tag}" for tag in request.tags] or ["refs/tags/*:refs/tags/*"]
        clone.fetch("origin", *wanted, folder=out)
    if not request.leave_dot_git:
        clone.name_tag(out)
    hook()
    if request.leave_dot_git:
        for folder in repositories_below(out):
            make_deterministic(git, folder, request.tags or ())
    else:
        submodules.remove_git_entries(out)
        shutil.rmtree(os.path.join(out, ".git"), ignore_errors=True)
    return clone.differs


def repositories_below(top: str) -> list[str]:
    """All folders that hold something called ``.git``, outermost first."""
    found: list[str] = []
    todo = [top]
    while todo:
        here = todo.pop(0)
        with os.scandir(here) as entries:
            for entry in sorted(entries, key=lambda item: item.name):
                if entry.name == ".git":
                    found.append(here)
                elif entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
    return found


def remove(out: str) -> None:
    """Take back what ``check_out`` made (git writes its objects read-only; so may a hook its files)."""
    for folder, names, _ in os.walk(out):
        os.chmod(folder, 0o755)
        names[:] = [name for name in names if not os.path.islink(os.path.join(folder, name))]
    shutil.rmtree(out)


class _Clone:
    def __init__(self, git: Git, request: Request, top: str, way: Way) -> None:
        self._git = git
        self._top = top
        self._request = request
        self._way = way
        self._tag = ""
        self.differs = False

    def fetch(self, *words: str, folder: str) -> None:
        """``git fetch``. Raises GitError.

        A repository that stays must be whole, so a sparse one comes as from a server that knows no partial clones: in packs
        that count as promised by the remote, with all that they refer to.
        """
        if not self._request.sparse or not self._request.leave_dot_git:
            self._git.fetch(*words, cwd=folder)
            return
        self._git.fetch("--no-filter", *words, cwd=folder)
        for pack in Path(folder, ".git/objects/pack").glob("*.pack"):
            pack.with_suffix(".promisor").touch()

    def name_tag(self, folder: str) -> None:
        """Have the tag that was fetched by its name, so that ``git describe`` finds it."""
        if self._tag:
            self._git.run("update-ref", self._tag, "FETCH_HEAD", cwd=folder)

    def into(self, folder: str, url: str, commit: str, reference: str) -> None:
        """One repository, and its submodules."""
        self._start(folder, url)
        self._take(folder, url, commit, reference)
        if not self._request.submodules:
            return
        if self._way is Way.YOUNGER:
            if os.path.lexists(os.path.join(folder, ".gitmodules")) or self._request.sparse:
                self.differs = True
                submodules.update(self._git, folder, shallow=False)
        else:
            self._submodules(folder)

    def _start(self, folder: str, url: str) -> None:
        self._git.run("init", "-q", "--initial-branch=master", cwd=folder)
        self._git.run("remote", "add", "origin", "--", url, cwd=folder)
        if self._request.sparse:
            self._git.run("config", "remote.origin.partialclonefilter", "blob:none", cwd=folder)
            self._git.run("config", "fetch.unpackLimit", "1", cwd=folder)
            set_sparse(self._git, self._request, folder)

    def _take(self, folder: str, url: str, commit: str, reference: str) -> None:
        git, branch, deep = self._git, self._request.branch, self._request.deep
        try:
            if not deep:
                reference = reference or Advertised.ask(git, url).name_of(commit) or ""
                if reference and not reference.endswith("^{}"):
                    try:
                        self.fetch("--depth=1", "origin", f"+{reference}", folder=folder)
                    except GitError as error:
                        if error.failure.kind not in {"revision", "unknown"}:
                            raise
                    else:
                        git.run("checkout", "-q", "-b", branch, "FETCH_HEAD", "--", cwd=folder)
                        if folder == self._top and reference.startswith("refs/tags/"):
                            self._tag = reference
                        return
            self._take_commit(folder, commit or self._commit_of(url, reference))
        except GitError as error:
            if error.failure.kind != "revision" or isinstance(error, UnknownRevisionError) or folder != self._top:
                raise
            raise unknown(git, self._request) from error

    def _take_commit(self, folder: str, commit: str) -> None:
        git = self._git
        if not self._request.deep:
            self.differs = True
        if self._way is Way.YOUNGER and not self._request.deep:
            try:
                self.fetch("--depth=1", "origin", commit, folder=folder)
            except GitError as error:
                if error.failure.kind not in {"revision", "unknown"}:
                    raise
                self.fetch("-t", "origin", folder=folder)
        else:
            self.fetch("-t", "origin", folder=folder)
        git.run("checkout", "-q", "-b", self._request.branch, commit, "--", cwd=folder)

    def _commit_of(self, url: str, reference: str) -> str:
        found = Advertised.ask(self._git, url).references.get(reference)
        if found is None:
            raise unknown(self._git, self._request)
        return found

    def _submodules(self, folder: str) -> None:
        """Each submodule as a repository of its own, as 20.09 has them."""
        found = submodules.named(self._git, folder)
        if found:
            self.differs = True
        for place, url, commit in found:
            protocol(url)
            try:
                self.into(submodules.place_of(folder, place), url, commit, "")
            except GitError as error:
                if isinstance(error, submodules.SubmoduleError):
                    raise
                raise submodules.SubmoduleError(error, place, url) from error
