"""One fetchgit, run in this process in a small real context."""

from collections.abc import Mapping
from pathlib import Path

from imagetools.bundled.fetchers.fetchgit.fetch_git import FetchGit
from imagetools.net.http import HttpTransport
from imagetools.store.fs_nar import nar_hash
from tests.unit.fetchers.context import SmallContext


def context(folder: Path, env: Mapping[str, str], *, netrc: str = "") -> SmallContext:
    folder.mkdir(parents=True, exist_ok=True)
    made = SmallContext.below(folder, "fetchgit", env, HttpTransport())
    made.netrc = netrc
    return made


def fetch(folder: Path, env: Mapping[str, str], *, netrc: str = "") -> SmallContext:
    """Run it; the output is ``folder/out``."""
    made = context(folder, env, netrc=netrc)
    FetchGit().build(made)
    return made


def fetched_hash(folder: Path, env: Mapping[str, str]) -> str:
    """The SRI hash of what came."""
    fetch(folder, env)
    return nar_hash(str(folder / "out"))[0].sri()
