"""What a derivation of fetchgit asks for, read from its environment once, with everything checked that git could misread."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from imagetools.builtin.api import BuiltinError, MissingAttributeError
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.hashes import Hash
from imagetools.net import git_commands

DEFAULT_BRANCH = "fetchgit"


class BadPatternError(BuiltinError):
    """A folder or pattern that git would take for an option, or that leaves the repository."""

    def __init__(self, attribute: str, pattern: str) -> None:
        super().__init__(
            f"builtin:fetchgit: '{pattern}' cannot stand in `{attribute}`", "name folders relative to the repository"
        )
        self.attribute = attribute
        self.pattern = pattern


@dataclass(frozen=True, slots=True)
class Request:
    """``url`` is without name and password, a line of git's credentials in ``login``; ``expected`` is the output's hash.
    ``hooked``: a piece of shell sees the checkout before it is tidied. ``tags``: None for no further tags, an empty tuple for
    all, else the wanted ones.
    """

    url: str
    login: str | None
    protocol: str
    rev: str
    leave_dot_git: bool
    deep: bool
    submodules: bool
    branch: str
    sparse: str
    any_pattern: bool
    root: str
    lfs: bool
    hooked: bool
    tags: tuple[str, ...] | None
    expected: Hash | None

    @property
    def is_ref(self) -> bool:
        """Whether ``rev`` is a full name of its own."""
        return self.rev == "HEAD" or self.rev.startswith("refs/")

    @property
    def younger(self) -> bool:
        """Whether only younger versions of nixpkgs know this kind of request."""
        return bool(self.sparse or self.root or self.lfs or self.hooked or self.tags is not None)

    @property
    def protocols(self) -> tuple[str, ...]:
        """The transports that may be used: this machine's files only for a repository that is on this machine itself."""
        return (*git_commands.REMOTE_PROTOCOLS, "file") if self.protocol == "file" else git_commands.REMOTE_PROTOCOLS


def read(env: Mapping[str, str]) -> Request:
    """Raises MissingAttributeError, GitUrlError, GitRevisionError, BadPatternError."""

    def text(key: str) -> str:
        return os.fsdecode(to_bytes(env.get(key, "")))

    def flag(key: str) -> bool:
        return env.get(key, "") not in {"", "0"}

    given = text("url")
    if not given:
        raise MissingAttributeError("fetchgit", "url")
    protocol = git_commands.protocol(given)
    url, login = git_commands.split_credentials(given)
    rev = text("rev") or "HEAD"
    branch = text("branchName") or DEFAULT_BRANCH
    git_commands.check_revision(rev)
    git_commands.check_revision(branch)
    sparse, root, tags = text("sparseCheckout"), text("rootDir").strip("/"), text("fetchTags")
    for name, value in (("sparseCheckout", sparse), ("rootDir", root)):
        for pattern in value.split("\n"):
            if pattern.startswith("-") or "\0" in pattern or (name == "rootDir" and ".." in pattern.split("/")):
                raise BadPatternError(name, pattern)
    for tag in tags.split():
        git_commands.check_revision(tag)
    return Request(
        url=url,
        login=login,
        protocol=protocol,
        rev=rev,
        leave_dot_git=flag("leaveDotGit"),
        deep=flag("deepClone"),
        submodules=flag("fetchSubmodules"),
        branch=branch,
        sparse=sparse,
        any_pattern=flag("nonConeMode"),
        root=root,
        lfs=flag("fetchLFS"),
        hooked=bool(env.get("postCheckout")),
        tags=None if tags in {"", "0"} else () if tags == "1" else tuple(tags.split()),
        expected=_hash(env),
    )


def _hash(env: Mapping[str, str]) -> Hash | None:
    """The hash that the output must have; None where it is not known yet."""
    value, algo = env.get("outputHash", ""), env.get("outputHashAlgo", "") or None
    if not value:
        return None
    found = Hash.parse(value, algo)
    return None if found == Hash.zero(found.algo) else found
