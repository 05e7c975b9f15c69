"""Inputs of types ``github``, ``gitlab`` and ``sourcehut``: a commit's tree as the forge packs it, without git.

What the forges differ in is one ``Forge`` each: how to ask for the commit of a ref, where the tarball is, how an access token is
sent. The tree is known by its commit for ever after.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from imagetools.formats.store_path import StorePath
from imagetools.instantiate.fetching.attributes import Attributes, Input
from imagetools.instantiate.fetching.downloads import download_file, download_tarball
from imagetools.instantiate.fetching.errors import BadUrl, FetchingError
from imagetools.instantiate.fetching.url import Url
from imagetools.instantiate.fetching.world import World
from imagetools.kernel.hashes import Hash
from imagetools.net.fetch_cache import Info

REF: Final = re.compile(r"[a-zA-Z0-9@][a-zA-Z0-9_.\/@+-]*")
COMMIT: Final = re.compile(r"[0-9a-fA-F]{40}")
HOST: Final = re.compile(r"[a-zA-Z0-9.-]+(?::[0-9]+)?")
_NAMES: Final = ("type", "owner", "repo", "ref", "rev", "narHash", "lastModified", "host", "name", "treeHash")


@dataclass(frozen=True)
class Place:
    """One repository of a forge; texts as they go into URLs."""

    host: str
    owner: str
    repo: str

    def read(self, world: World, url: str, headers: Mapping[str, str]) -> str:
        """The text at ``url``."""
        path = download_file(world, url, "source", locked=False, headers=headers).path
        with open(world.real(path), encoding="utf-8", errors="replace") as file:
            return file.read()


@dataclass(frozen=True)
class Forge:
    """``commit_of(world, place, ref, headers)`` asks for a commit's name, ``tarball(place, rev)`` is the URL of its tree,
    ``header(token)`` how an access token is sent."""

    kind: str
    host: str
    commit_of: Callable[[World, Place, str, Mapping[str, str]], str]
    tarball: Callable[[Place, str], str]
    header: Callable[[str], tuple[str, str]]


class ForgeScheme:
    """See ``schemes.Scheme``."""

    def __init__(self, forge: Forge) -> None:
        self.forge: Final = forge
        self.kind: Final = forge.kind

    def from_url(self, url: Url, text: str) -> Attributes | None:
        """``github:OWNER/REPO/REF-OR-REV?host=HOST``."""
        if url.scheme != self.kind:
            return None
        parts = [part for part in url.path.split("/") if part]
        query = dict(url.query)
        if len(parts) < 2:
            raise BadUrl(f"URL '{text}' is invalid")
        found: dict[str, str | int | bool] = {"type": self.kind, "owner": parts[0], "repo": parts[1]}
        last = "/".join(parts[2:])
        if last and COMMIT.fullmatch(last):
            found["rev"] = last
        elif last and REF.fullmatch(last):
            found["ref"] = last
        elif last:
            raise BadUrl(f"in URL '{text}', '{last}' is not a commit hash or branch/tag name")
        for name in ("rev", "ref"):
            if name in query:
                if name in found:
                    raise BadUrl(f"URL '{text}' contains multiple {'commit hashes' if name == 'rev' else 'branch/tag names'}")
                found[name] = query[name]
        for name in ("host", "narHash"):
            if name in query:
                found[name] = query[name]
        if "rev" in found and "ref" in found:
            raise BadUrl(f"URL '{text}' contains both a commit hash and a branch/tag name {found['ref']} {found['rev']}")
        return found

    def check(self, given: Input) -> None:
        given.check_names(_NAMES, "")
        given.needed("owner")
        given.needed("repo")
        host = given.text("host")
        if host is not None and not HOST.fullmatch(host):
            raise FetchingError(f"'{host}' is not the host of a {self.kind} instance")
        if given.ref is not None and not REF.fullmatch(given.ref):
            raise FetchingError(f"'{given.ref}' is not a branch/tag name")
        if given.ref is not None and given.rev is not None:
            raise BadUrl(f"input '{given.json()}' contains both a commit hash and a branch/tag name")

    def to_url(self, given: Input) -> str:
        which = given.rev.base16() if given.rev is not None else given.ref
        path = "/".join(part for part in (given.needed("owner"), given.needed("repo"), which) if part)
        return str(Url(self.kind, None, path))

    def has_all_info(self, given: Input) -> bool:
        return given.rev is not None and given.number("lastModified") is not None

    def fetch(self, world: World, given: Input) -> tuple[StorePath, Input]:
        host = given.text("host") or self.forge.host
        place = Place(host, given.needed("owner"), given.needed("repo"))
        token = world.settings.tokens.get(host)
        headers = dict([self.forge.header(token)]) if token else {}
        if given.rev is not None:
            rev = given.rev.base16()
        else:
            rev = Hash.parse(self.forge.commit_of(world, place, given.ref or "HEAD", headers), "sha1").base16()
        made = given.without("ref").changed(rev=rev)
        locked: Info = {"type": "git-tarball", "rev": rev, "name": given.name}
        found = world.fresh(locked)
        if found is not None:
            return found[1], made.changed(lastModified=found[0].number("lastModified"))
        tree = download_tarball(world, self.forge.tarball(place, rev), given.name, locked=True, headers=headers)
        world.remember(locked, tree.path, {"rev": rev, "lastModified": tree.modified}, True)
        return tree.path, made.changed(lastModified=tree.modified)


def _field(text: str, place: Place, *path: str | int) -> str:
    try:
        value = json.loads(text)
        for step in path:
            value = value[step]
    except (ValueError, KeyError, IndexError, TypeError):
        value = None
    if not isinstance(value, str):
        raise FetchingError(f"'{place.host}' does not say what the commit of '{place.owner}/{place.repo}' is")
    return value


def _github_commit(world: World, place: Place, ref: str, headers: Mapping[str, str]) -> str:
    return _field(place.read(world, f"{_github(place)}/commits/{ref}", headers), place, "sha")


def _github(place: Place) -> str:
    api = "https://api.github.com" if place.host == "github.com" else f"https://{place.host}/api/v3"
    return f"{api}/repos/{place.owner}/{place.repo}"


def _gitlab_commit(world: World, place: Place, ref: str, headers: Mapping[str, str]) -> str:
    return _field(place.read(world, f"{_gitlab(place)}/commits?ref_name={ref}", headers), place, 0, "id")


def _gitlab(place: Place) -> str:
    return f"https://{place.host}/api/v4/projects/{place.owner}%2F{place.repo}/repository"


def _gitlab_header(token: str) -> tuple[str, str]:
    """``OAuth2:...``, ``PAT:...``, or any other ``HEADER:VALUE``."""
    name, _, value = token.partition(":")
    if name == "OAuth2":
        return "Authorization", f"Bearer {value}"
    return "Private-token" if name == "PAT" else name, value


def _sourcehut_commit(world: World, place: Place, ref: str, headers: Mapping[str, str]) -> str:
    base = f"https://{place.host}/{place.owner}/{place.repo}"
    wanted = {f"refs/heads/{ref}", f"refs/tags/{ref}"}
    if ref == "HEAD":
        head = place.read(world, f"{base}/HEAD", headers).partition("\n")[0]
        if not head.startswith("ref: "):
            raise FetchingError(f"in 'sourcehut:{place.owner}/{place.repo}', couldn't resolve HEAD ref '{ref}'")
        wanted = {head.removeprefix("ref: ").strip()}
    for line in place.read(world, f"{base}/info/refs", headers).splitlines():
        commit, _, name = line.partition("\t")
        if name in wanted:
            return commit
    raise FetchingError(f"in 'sourcehut:{place.owner}/{place.repo}', couldn't find ref '{ref}'")


FORGES: Final = (
    Forge(
        "github",
        "github.com",
        _github_commit,
        lambda place, rev: f"{_github(place)}/tarball/{rev}",
        lambda token: ("Authorization", f"token {token}"),
    ),
    Forge(
        "gitlab",
        "gitlab.com",
        _gitlab_commit,
        lambda place, rev: f"{_gitlab(place)}/archive.tar.gz?sha={rev}",
        _gitlab_header,
    ),
    Forge(
        "sourcehut",
        "git.sr.ht",
        _sourcehut_commit,
        lambda place, rev: f"https://{place.host}/{place.owner}/{place.repo}/archive/{rev}.tar.gz",
        lambda token: ("Authorization", f"Bearer {token}"),
    ),
)
