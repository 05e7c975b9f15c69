"""Submodules of a fetched repository, by git's own command: it knows relative URLs, nesting, and the tricks that names can play.

git refuses names that leave its folder, URLs and paths that look like options, and symlinks where a submodule belongs; transports
are limited by its environment.
"""

import os
import re
import shutil
import stat
from typing import Final

from imagetools.builtin.api import BuiltinError

from .git_program import Git, GitError
from .request import Request

_FAILED: Final = re.compile(
    r"(?:clone of '([^']*)' into|Unable to fetch in|Fetched in|Unable to checkout .* in) submodule path '([^']*)'"
)
_HOPELESS: Final = {"protocol", "login", "host", "certificate", "path", "submodule", "repository"}


class EscapingSubmoduleError(BuiltinError):
    """A submodule whose place is not a folder of its repository."""

    def __init__(self, place: str) -> None:
        super().__init__(f"builtin:fetchgit: the place of submodule '{place}' is not a folder of the repository")
        self.place = place


class SubmoduleError(GitError):
    """One submodule could not be fetched; ``place`` is its path where git named it."""

    def __init__(self, error: GitError, place: str, url: str) -> None:
        super().__init__(url or error.url, error.failure, error.lines)
        self.place = place
        if place:
            source = f" from '{self.url}'" if url else ""
            self.message = f"cannot fetch submodule '{place}'{source} of '{error.url}': {error.failure.reason}"

    @staticmethod
    def of(error: GitError, folder: str) -> "SubmoduleError":
        """From git's words: which submodule it was, and where it was looked for."""
        for line in error.lines:
            if found := _FAILED.search(line):
                url, place = found.group(1) or "", found.group(2)
                return SubmoduleError(error, os.path.relpath(place, folder) if place.startswith("/") else place, url)
        return SubmoduleError(error, "", "")


def take_submodules(git: Git, request: Request, folder: str, *, shallow: bool) -> None:
    """Check out all submodules of ``folder``, nested ones too, and remove their ``.git`` entries. Raises GitError."""
    if not _names_some(folder) and not request.sparse:
        return
    update(git, folder, shallow=shallow)
    remove_git_entries(folder)


def update(git: Git, folder: str, *, shallow: bool) -> None:
    """``git submodule update``, at first without history where that is wished."""
    jobs = str(max(len(os.sched_getaffinity(0)), 1))
    # --checkout: also what .gitmodules would leave alone (`update = none`)
    words = ("submodule", "update", "--init", "--recursive", "--checkout", "--jobs", jobs, "--progress")
    try:
        if shallow:
            try:
                return git.run(*words, "--depth", "1", cwd=folder)
            except GitError as error:
                if error.failure.kind in _HOPELESS:
                    raise
        git.run(*words, cwd=folder)
    except GitError as error:
        raise SubmoduleError.of(error, folder) from error


def remove_git_entries(folder: str) -> None:
    """Remove everything called ``.git`` below the top of ``folder``; symlinks are not followed."""
    todo = [folder]
    while todo:
        here = todo.pop()
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.name == ".git":
                    if here != folder:
                        _remove(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)


def _names_some(folder: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(os.path.join(folder, ".gitmodules")).st_mode)
    except FileNotFoundError:
        return False


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def named(git: Git, folder: str) -> list[tuple[str, str, str]]:
    """Place, URL and commit of each submodule of one repository, relative URLs resolved. Raises GitError."""
    if not _names_some(folder):
        return []
    git.run("submodule", "-q", "init", cwd=folder)
    found = []
    places = _values(git.ask("config", "-z", "-f", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$", cwd=folder), ".path")
    urls = _values(git.ask("config", "-z", "--get-regexp", r"^submodule\..*\.url$", cwd=folder), ".url")
    commits = _links(git.ask("ls-files", "-s", "-z", cwd=folder))
    for name, place in places.items():
        if place in commits and name in urls:
            found.append((place, urls[name], commits[place]))
    return found


def _values(text: str, suffix: str) -> dict[str, str]:
    """``submodule.NAME.KEY\\nVALUE\\0…`` as names to values."""
    pairs = (item.partition("\n") for item in text.split("\0") if item)
    return {key.removeprefix("submodule.").removesuffix(suffix): value for key, _, value in pairs}


def _links(text: str) -> dict[str, str]:
    """The commits that an index names in the place of folders."""
    found = {}
    for item in text.split("\0"):
        state, tab, place = item.partition("\t")
        if tab and state.startswith("160000 "):
            found[place] = state.split(" ")[1]
    return found


def place_of(folder: str, place: str) -> str:
    """The folder where a submodule belongs. Raises EscapingSubmoduleError where a symlink leads elsewhere."""
    path = os.path.join(folder, place)
    if os.path.realpath(path) != os.path.join(os.path.realpath(folder), place) or not os.path.isdir(path):
        raise EscapingSubmoduleError(place)
    return path
