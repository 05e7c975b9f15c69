"""What is fetched in the comparisons with nixpkgs' script: a name, and attributes (COMMIT:x stands for a commit's name)."""

from collections.abc import Mapping
from typing import Final

from tests.unit.fetchers.git.repositories import World

LEAVE: Final = {"leaveDotGit": "1"}
DEEP: Final = {"deepClone": "1", "leaveDotGit": "1"}
SUBMODULES: Final = {"fetchSubmodules": "1"}
TAGS: Final = {"fetchTags": "1", "leaveDotGit": "1"}
FOLDERS: Final = {"sparseCheckout": "docs/more\ntool"}
PATTERNS: Final = {"sparseCheckout": "*.md\n!docs/page.md", "nonConeMode": "1"}
ROOT: Final = {"rootDir": "docs", "sparseCheckout": "docs", "nonConeMode": "1"}

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

# What nixpkgs 20.09 does not know: the hashes are those of a younger script.
YOUNG_TREES: Final[Mapping[str, Mapping[str, str]]] = {
    "some folders": {"url": "plain", "rev": "HEAD", **FOLDERS},
    "some folders at a tag": {"url": "plain", "rev": "v1.0", **FOLDERS},
    "some folders of a commit": {"url": "plain", "rev": "COMMIT:third", **FOLDERS},
    "what fits patterns": {"url": "plain", "rev": "HEAD", **PATTERNS},
    "a folder as the whole": {"url": "plain", "rev": "COMMIT:third", **ROOT},
    "one submodule of two": {"url": "outer", "rev": "HEAD", "sparseCheckout": "inner", **SUBMODULES},
}

YOUNG_HISTORIES: Final[Mapping[str, Mapping[str, str]]] = {
    "some folders, .git": {"url": "plain", "rev": "HEAD", **FOLDERS, **LEAVE},
    "some folders of a commit, .git": {"url": "plain", "rev": "COMMIT:third", **FOLDERS, **LEAVE},
    "what fits patterns, .git": {"url": "plain", "rev": "v1.0", **PATTERNS, **LEAVE},
    "some folders, deep": {"url": "plain", "rev": "v1.0", **FOLDERS, **DEEP},
    "some folders, all tags": {"url": "plain", "rev": "refs/heads/side", **FOLDERS, **TAGS},
    "all tags": {"url": "plain", "rev": "HEAD", **TAGS},
    "all tags at a tag": {"url": "plain", "rev": "v1.0", **TAGS},
    "all tags, deep": {"url": "plain", "rev": "v1.0", **DEEP, **TAGS},
    "one submodule of two, .git": {"url": "outer", "rev": "COMMIT:outer", "sparseCheckout": "inner", **SUBMODULES, **LEAVE},
}


def attributes(case: Mapping[str, str], base: str, world: World) -> dict[str, str]:
    """The case's attributes for repositories below the URL ``base``."""
    found = dict(case)
    found["url"] = f"{base}/{case['url']}.git"
    kind, colon, name = case["rev"].partition(":")
    if colon:
        found["rev"] = world.commits[name][: 9 if kind == "SHORT" else None]
    return found
