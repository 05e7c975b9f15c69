"""``imagetools prefetch git`` and ``github``: a revision of a repository, by the commit that it means now."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.declare import Argument, Command, Option, Options
from imagetools.app.cli.prefetch_options import Fetching, HashOption, Url, run

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.app.fetcher_call import Argument as Value
    from imagetools.net.git_remote import Resolved


class Checkout(Options):
    """What of a repository is fetched."""

    submodules: Annotated[bool, Option("--fetch-submodules", help="Submodules as well.")] = False
    deep: Annotated[bool, Option("--deep-clone", help="The whole history (and .git).")] = False
    dot_git: Annotated[bool, Option("--leave-dotGit", "--leave-dot-git", help="Leave .git there.")] = False
    sparse: Annotated[
        list[str] | None, Option("--sparse-checkout", metavar="FOLDER", help="This folder of the repository only. Repeatable.")
    ] = None

    def arguments(self) -> "dict[str, Value]":
        """Those of the fetcher."""
        arguments: dict[str, Value] = {"fetchSubmodules": True} if self.submodules else {}
        arguments |= {"deepClone": True} if self.deep else {}
        arguments |= {"leaveDotGit": True} if self.dot_git else {}
        return arguments | ({"sparseCheckout": tuple(self.sparse)} if self.sparse else {})


def git(
    url: Url,
    *,
    rev: Annotated[str | None, Option("--rev", metavar="REV", help="A commit, tag, branch or refs/... (default: HEAD).")] = None,
    checkout: Checkout,
    hash: HashOption = None,
    fetching: Fetching,
) -> None:
    """Fetch a revision of a git repository, as fetchgit does; print the hash of the folder and the call.

    A branch or tag is looked up first, so that the call names the commit it means now.

    Example: imagetools prefetch git https://example.org/tool.git --rev v1.0
    """
    from imagetools.app.fetcher_call import FetcherCall
    from imagetools.net.git_commands import is_commit

    session = fetching.session()
    commit = rev if rev and is_commit(rev) else _resolve(session, url, rev or "HEAD").commit
    arguments: dict[str, Value] = {"url": url, "rev": commit}
    arguments |= {"name": fetching.name} if fetching.name else {}
    more: dict[str, Value] = {"fetchSubmodules": False} | checkout.arguments()
    run(fetching, hash, FetcherCall("fetchgit", arguments | more), session)


def github(
    owner: Annotated[str, Argument(metavar="OWNER", help="Owner of the repository.", show_default=False)],
    repo: Annotated[str, Argument(metavar="REPO", help="Name of the repository.", show_default=False)],
    rev: Annotated[
        str | None, Argument(metavar="[REV]", help="A commit, tag or branch (default: the branch that is shown first).")
    ] = None,
    *,
    base: Annotated[str, Option("--github-base", metavar="DOMAIN", help="A GitHub (or Gitea) of one's own.")] = "github.com",
    checkout: Checkout,
    hash: HashOption = None,
    fetching: Fetching,
) -> None:
    """Fetch a repository of GitHub, as fetchFromGitHub does; print the hash of the folder and the call.

    A branch is looked up first, so that the call names the commit it means now; a tag stays a tag.

    Example: imagetools prefetch github NixOS patchelf 0.18.0
    """
    from imagetools.app.fetcher_call import FetcherCall
    from imagetools.net.git_commands import is_commit

    session = fetching.session()
    arguments: dict[str, Value] = {"owner": owner, "repo": repo}
    if rev is not None and is_commit(rev):
        arguments["rev"] = rev
    else:
        found = _resolve(session, f"https://{base}/{owner}/{repo}.git", rev or "HEAD")
        arguments |= {"tag": found.tag} if found.tag is not None else {"rev": found.commit}
    arguments |= {"name": fetching.name} if fetching.name else {}
    arguments |= {"githubBase": base} if base != "github.com" else {}
    run(fetching, hash, FetcherCall("fetchFromGitHub", arguments | checkout.arguments()), session)


def _resolve(session: "Session", url: str, revision: str) -> "Resolved":
    from imagetools.net.git_remote import Access, resolve

    settings = session.settings
    try:
        netrc = Path(settings.netrc).read_text("utf-8", "replace")
    except OSError:
        netrc = ""
    access = Access(settings.environment.get("PATH", os.defpath), settings.ca_file, netrc, settings.environment)
    return resolve(url, revision, access)


DECLARED: Final = (Command("git", git), Command("github", github))
