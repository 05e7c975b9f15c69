"""A commit checked out into a folder, with its submodules, as ``git submodule update --init --recursive`` would.

Unlike an archive a checkout keeps what ``export-ignore`` names. Each submodule comes from a local copy of its own, by the same
rules as the repository itself. Nix quirk: relative URLs start from the repository's URL.
"""

import os
from typing import Final

from imagetools.instantiate.fetching.errors import FetchingError, as_bytestr, shown
from imagetools.instantiate.fetching.world import World
from imagetools.net.git_clone import GitClone

DEEPEST: Final = 50


def check_out(
    world: World, folder: str, where: tuple[str, ...], commit: str, url: str, *, follow: bool, files: bool, depth: int = 0
) -> None:
    """Write the files of ``commit`` (of the repository that git finds by ``where``) below ``folder``.

    ``url`` is where it came from, for relative URLs; ``follow`` its submodules; ``files``: they may lie on this machine.
    """
    git = world.git
    os.makedirs(folder, exist_ok=True)
    directory = git.line(*where, "rev-parse", "--absolute-git-dir")
    index = folder + ".index"
    try:
        git.output("--git-dir", directory, "--work-tree", folder, "read-tree", "-u", "--reset", commit, index=index)
    finally:
        if os.path.exists(index):
            os.unlink(index)
    if not follow:
        return
    links = _links(world, directory, commit)
    if not links:
        return
    if depth >= DEEPEST:
        raise FetchingError(f"submodules of '{shown(as_bytestr(url))}' are nested more than {DEEPEST} deep")
    known = _modules(world, directory, commit)
    for path, pinned in links.items():
        module = known.get(path)
        if module is None:
            raise FetchingError(
                f"the Git repository '{shown(as_bytestr(url))}' has a submodule at '{as_bytestr(path)}',"
                " and no URL for it in .gitmodules"
            )
        if module.get("update") == "none":
            continue
        source = _resolved(url, module.get("url", ""))
        clone = GitClone(git, os.path.join(world.settings.cache, "git"), source, files=files)
        with clone.locked():
            _bring(clone, pinned)
        check_out(
            world,
            os.path.join(folder, path),
            ("--git-dir", clone.path),
            pinned,
            source,
            follow=True,
            files=files,
            depth=depth + 1,
        )


def _bring(clone: GitClone, commit: str) -> None:
    if clone.has(commit):
        return
    clone.fetch("HEAD")
    if clone.has(commit):
        return
    clone.fetch_all()
    if not clone.has(commit) and not clone.fetch_commit(commit):
        raise FetchingError(f"the submodule '{shown(as_bytestr(clone.url))}' has no commit '{commit}'")


def _links(world: World, directory: str, commit: str) -> dict[str, str]:
    """Path to commit of every submodule."""
    found: dict[str, str] = {}
    for entry in world.git.output("--git-dir", directory, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        head, _, path = entry.partition(b"\t")
        if head.startswith(b"160000 "):
            found[os.fsdecode(path)] = head.split()[2].decode("ascii")
    return found


def _modules(world: World, directory: str, commit: str) -> dict[str, dict[str, str]]:
    """What .gitmodules says, by path."""
    done = world.git.run("--git-dir", directory, "config", "--blob", f"{commit}:.gitmodules", "-z", "--list")
    sections: dict[str, dict[str, str]] = {}
    for item in done.output.split(b"\0"):
        key, _, value = os.fsdecode(item).partition("\n")
        if key.startswith("submodule.") and key.count(".") >= 2:
            name, _, what = key.removeprefix("submodule.").rpartition(".")
            sections.setdefault(name, {})[what] = value
    return {section["path"].rstrip("/"): section for section in sections.values() if "path" in section}


def _resolved(base: str, url: str) -> str:
    """A submodule's URL; relative ones begin with ``./`` or ``../``."""
    if not url.startswith(("./", "../")):
        return url
    base = base.rstrip("/")
    while True:
        if url.startswith("./"):
            url = url[2:]
        elif url.startswith("../"):
            url = url[3:]
            cut = max(base.rfind("/"), base.rfind(":"))
            if cut <= 0:
                raise FetchingError(f"cannot strip one component off url '{as_bytestr(base)}'")
            base = base[:cut]
        else:
            return f"{base}/{url}".rstrip("/")
