"""The local copy of a remote repository: one bare repository a remote, made once and kept (row 1.075).

What is fetched from the remote's ref R lies at ``refs/fetched/R``, so nothing that a remote has can be taken for something else.
Everything that writes happens under a lock between processes. A process that was killed leaves lock files of git's, which are
removed, or half a repository, which is made anew.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from imagetools.net.git import GitFetchError, HostGit

MARKS: Final = "fetched-at"
_LOCKED: Final = ("refs", "objects/info", "worktrees")


class GitClone:
    """``folder`` holds all copies, ``url`` is as the person wrote it. ``shallow``: a copy without history."""

    def __init__(self, git: HostGit, folder: str, url: str, *, shallow: bool = False, files: bool = True) -> None:
        key = hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:40]
        self._git: Final = git
        self._files = files
        self.url: Final = url
        self.shallow: Final = shallow
        self.path: Final = os.path.join(folder, key + ("-shallow" if shallow else ""))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the copy against other processes; it is there and whole then. Raises OSError."""
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        fd = os.open(self.path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            self._make()
            yield
        finally:
            os.close(fd)

    def _make(self) -> None:
        if os.path.isdir(self.path):
            self._remove_stale_locks()
            if self._git.run("--git-dir", self.path, "rev-parse", "--is-bare-repository").output.strip() == b"true":
                return
            shutil.rmtree(self.path)
        with tempfile.TemporaryDirectory(dir=os.path.dirname(self.path), prefix=".new-") as folder:
            made = os.path.join(folder, "repository")
            self._git.output("-c", "init.defaultBranch=none", "init", "--quiet", "--bare", "--template=", made)
            os.rename(made, self.path)

    def _remove_stale_locks(self) -> None:
        """Nobody else writes here while the lock is held, so these are of processes that were killed."""
        places = [self.path] + [place for top in _LOCKED for place, _, _ in os.walk(os.path.join(self.path, top))]
        for place in places:
            with suppress(OSError):
                for name in os.listdir(place):
                    if name.endswith(".lock"):
                        os.unlink(os.path.join(place, name))

    # -- what is there ---------------------------------------------------------------------------------------------------

    def has(self, commit: str) -> bool:
        """Whether a commit, with what it needs, is there."""
        return self._git.run("--git-dir", self.path, "cat-file", "-e", commit + "^{commit}").status == 0

    def resolve(self, ref: str) -> str | None:
        """The commit of a ref of the remote's, as it was fetched last."""
        done = self._git.run("--git-dir", self.path, "rev-parse", "--verify", "--quiet", f"refs/fetched/{ref}^{{commit}}")
        return done.output.decode("ascii").strip() if done.status == 0 else None

    def fetched_at(self, ref: str) -> float:
        """When a ref was fetched last, in seconds since 1970; 0 for never."""
        try:
            return os.stat(self._mark(ref)).st_mtime
        except OSError:
            return 0

    def _mark(self, ref: str) -> str:
        return os.path.join(self.path, MARKS, hashlib.sha256(ref.encode("utf-8", "surrogateescape")).hexdigest())

    # -- getting more ----------------------------------------------------------------------------------------------------

    def fetch(self, ref: str, now: Callable[[], float] = time.time) -> None:
        """Bring a ref (``HEAD`` or a full name) up to date. Raises GitFetchError, GitUrlError."""
        self._fetch(f"+{ref}:refs/fetched/{ref}")
        self._note(ref, now())

    def fetch_all(self) -> None:
        """Bring all refs up to date."""
        self._fetch("+refs/*:refs/fetched/refs/*", "--prune")

    def fetch_commit(self, commit: str) -> bool:
        """Try to get one commit by its name, which a server may refuse."""
        try:
            self._fetch(f"+{commit}:refs/fetched/commits/{commit}")
        except GitFetchError as error:
            if error.kind == "revision":
                return False
            raise
        return True

    def _fetch(self, refspec: str, *more: str) -> None:
        depth = ("--depth=1",) if self.shallow else ()
        options = ("--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", *depth, *more)
        bare = self._git.bare(self.url)
        self._git.network(self.url, "--git-dir", self.path, "fetch", *options, "--", bare, refspec, files=self._files)

    def _note(self, ref: str, at: float) -> None:
        mark = self._mark(ref)
        with suppress(OSError):
            os.makedirs(os.path.dirname(mark), exist_ok=True)
            with open(mark, "wb"):
                pass
            os.utime(mark, (at, at))
