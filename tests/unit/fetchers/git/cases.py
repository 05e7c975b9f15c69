"""What is fetched in the comparisons with nixpkgs' script: a name, and attributes (COMMIT:x stands for a commit's name)."""

from collections.abc import Mapping
from typing import Final

from tests.unit.fetchers.git.repositories import World

LEAVE: Final = {"leaveDotGit": "1"}
DEEP: Final = {"deepClone": "1", "leaveDotGit": "1"}
SUBMODULES: Final = {"fetchSubmodules": "1"}

TREES: Final[Mapping[str, Mapping[str, str]]] = {
    "HEAD": {"url": "plain", "rev": "HEAD"},
    "the commit of the tip": {"url": "plain", "rev": "COMMIT:tip"},
    "a commit on the way": {"url": "plain", "rev": "COMMIT:second"},
    "a commit at another branch": {"url": "plain", "rev": "COMMIT:side"},
    "a commit of a hidden reference": {"url": "plain", "rev": "COMMIT:pull"},
    "the beginning of a commit": {"url": "plain", "rev": "SHORT:third"},
    "a tag object": {"url": "plain", "rev": "COMMIT:tag object"},
    "an annotated tag": {"url": "plain", "rev": "v1.0"},
    "a light tag": {"url": "plain", "rev": "v0.1"},
    "refs/tags": {"url": "plain", "rev": "refs/tags/v1.0"},
    "refs/heads": {"url": "plain", "rev": "refs/heads/side"},
    "refs/pull": {"url": "plain", "rev": "refs/pull/1/head"},
    "submodules": {"url": "outer", "rev": "with-submodules", **SUBMODULES},
    "submodules of a commit": {"url": "outer", "rev": "COMMIT:outer", **SUBMODULES},
    "submodules left out": {"url": "outer", "rev": "HEAD"},
    "deep, without .git": {"url": "plain", "rev": "COMMIT:second", "deepClone": "1"},
}

HISTORIES: Final[Mapping[str, Mapping[str, str]]] = {
    "HEAD, .git": {"url": "plain", "rev": "HEAD", **LEAVE},
    "tip, .git": {"url": "plain", "rev": "COMMIT:tip", **LEAVE},
    "on the way, .git": {"url": "plain", "rev": "COMMIT:second", **LEAVE},
    "annotated tag, .git": {"url": "plain", "rev": "v1.0", **LEAVE},
    "light tag, .git": {"url": "plain", "rev": "refs/tags/v0.1", **LEAVE},
    "branch, .git": {"url": "plain", "rev": "refs/heads/side", **LEAVE},
    "another name for the branch": {"url": "plain", "rev": "refs/heads/side", "branchName": "trunk", **LEAVE},
    "deep": {"url": "plain", "rev": "refs/heads/main", **DEEP},
    "deep at a tag": {"url": "plain", "rev": "v1.0", **DEEP},
    "deep at a commit": {"url": "plain", "rev": "COMMIT:third", **DEEP},
    "submodules, .git": {"url": "outer", "rev": "with-submodules", **LEAVE, **SUBMODULES},
    "submodules, deep": {"url": "outer", "rev": "HEAD", **DEEP, **SUBMODULES},
}


def attributes(case: Mapping[str, str], base: str, world: World) -> dict[str, str]:
    """The case's attributes for repositories below the URL ``base``."""
    found = dict(case)
    found["url"] = f"{base}/{case['url']}.git"
    kind, colon, name = case["rev"].partition(":")
    if colon:
        found["rev"] = world.commits[name][: 9 if kind == "SHORT" else None]
    return found
