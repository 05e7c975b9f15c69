"""From values of the language to a fetch and back: what the builtins of ``builtins.py`` do when they are called.

What restricted and pure evaluation forbid is decided here, before anything is fetched (rows 1.065, 1.074, 1.082).
"""

import re
import time
from collections.abc import Callable
from typing import Final, TypeVar

from imagetools.formats.store_path import StoreNameError, StorePath, check_name
from imagetools.instantiate.fetching.attributes import Input, Value
from imagetools.instantiate.fetching.downloads import download_file, download_tarball
from imagetools.instantiate.fetching.errors import (
    BadUrl,
    DiskTrouble,
    FetchedHashMismatch,
    FetchFailed,
    FetchingError,
    NoNameForDownload,
    NotLocked,
    shown,
)
from imagetools.instantiate.fetching.forges import COMMIT
from imagetools.instantiate.fetching.schemes import fetch, of_attributes, of_url, scheme_of
from imagetools.instantiate.fetching.url import encode_path
from imagetools.instantiate.fetching.world import World, as_evaluation
from imagetools.instantiate.io import StoreIO
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash
from imagetools.lang.runtime.coerce import base_name, to_string
from imagetools.lang.runtime.errors import RestrictedPath, RestrictedUri, TypeErrorNix
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.search_path import resolve_uri
from imagetools.lang.values.model import Attrs, NixPath, NixString, describe, make_string
from imagetools.store.fs_nar import file_hash

NO_REV: Final = "0" * 40
_SCP: Final = re.compile(r"([^/]*)@(.*):(.*)", re.DOTALL)
T = TypeVar("T")


class Calls:
    """The builtins over one evaluation; each method gets the argument as it is. Raises EvalErrors."""

    def __init__(self, io: StoreIO, world: World) -> None:
        self.io = io
        self.world = world

    def fetch_url(self, m: Machine, args: object) -> object:
        """``builtins.fetchurl``."""
        return self._fetch(m, args, "fetchurl", "", unpack=False)

    def fetch_tarball(self, m: Machine, args: object) -> object:
        """``fetchTarball``."""
        return self._fetch(m, args, "fetchTarball", "source", unpack=True)

    def fetch_git(self, m: Machine, args: object) -> object:
        """``fetchGit``."""
        return self._fetch_tree(m, args, "git", "fetchGit")

    def fetch_tree(self, m: Machine, args: object) -> object:
        """``fetchTree``."""
        return self._fetch_tree(m, args, None, "fetchTree")

    def fetch_mercurial(self, m: Machine, args: object) -> object:
        """``fetchMercurial``."""
        value = m.force(args)
        context: set[str] = set()
        attributes: dict[str, Value] = {"type": "hg", "name": "source"}
        url = ""
        if isinstance(value, Attrs):
            for argument in sorted(value.d):
                if argument == "url":
                    url = to_string(m, value.d[argument], context, False, False)
                elif argument == "rev":
                    text = m.string(value.d[argument])
                    attributes["rev" if COMMIT.fullmatch(text) else "ref"] = text
                elif argument == "name":
                    attributes["name"] = m.string(value.d[argument])
                else:
                    raise FetchingError(f"unsupported argument '{argument}' to 'fetchMercurial'")
            if not url:
                raise FetchingError("'url' argument required")
        else:
            url = to_string(m, value, context, False, False)
        self.io.check_uri(url)
        if "rev" not in attributes:
            if self.io.pure:
                raise NotLocked("'fetchMercurial' requires a Mercurial revision")
            self.io.spoil(f"it fetches '{url}' without a revision")
        attributes["url"] = url if "://" in url else "file://" + encode_path(url)
        path, found = self._input(lambda: of_attributes(attributes))
        made: dict[str, object] = {"outPath": self._result(path)}
        rev = found.rev.base16() if found.rev is not None else NO_REV
        made |= {"rev": rev, "shortRev": rev[:12]}
        count = found.number("revCount")
        if found.ref is not None:
            made["branch"] = found.ref
        if count is not None:
            made["revCount"] = count
        return Attrs(made)

    def _fetch_tree(self, m: Machine, args: object, kind: str | None, who: str) -> object:
        given = self._parsed(m, args, kind, who)
        if not given.locked:
            if self.io.pure:
                raise NotLocked(f"'{who}' requires a locked input")
            self.io.spoil(f"{who} gets something that may change")
        self._check_input(given)
        path, found = self._input(lambda: given)
        is_git = found.kind == "git"
        made: dict[str, object] = {"outPath": self._result(path), "narHash": found.text("narHash")}
        if is_git:
            made["submodules"] = found.flag("submodules")
        rev = found.rev
        if rev is not None:
            made |= {"rev": rev.base16(), "shortRev": rev.base16()[:7]}
        elif kind == "git":
            made |= {"rev": NO_REV, "shortRev": NO_REV[:7]}
        count = found.number("revCount")
        if count is not None or kind == "git":
            made["revCount"] = count or 0
        modified = found.number("lastModified")
        if modified is not None:
            made["lastModified"] = modified
            made["lastModifiedDate"] = time.strftime("%Y%m%d%H%M%S", time.gmtime(modified))
        return Attrs(made)

    def _parsed(self, m: Machine, args: object, kind: str | None, who: str) -> Input:
        """The input that the argument of fetchTree or fetchGit (``kind``: git) means."""
        value = m.force(args)
        context: set[str] = set()
        if not isinstance(value, Attrs):
            url = to_string(m, value, context, False, False)
            if kind == "git":
                return self._checked(lambda: of_attributes({"type": "git", "url": self._git_url(url)}))
            if url.startswith("/"):
                url = "path:" + encode_path(url)
            return self._checked(lambda: of_url(url))
        if "type" in value.d:
            if kind is not None:
                raise FetchingError("unexpected attribute 'type'")
            kind = {"mercurial": "hg"}.get(found := m.string(value.d["type"]), found)
        elif kind is None:
            raise FetchingError("attribute 'type' is missing in call to 'fetchTree'")
        attributes: dict[str, Value] = {"type": kind}
        for name in sorted(value.d):
            if name == "type":
                continue
            item = m.force(value.d[name])
            if isinstance(item, bool | int) and not (isinstance(item, int) and item < 0):
                attributes[name] = item
            elif isinstance(item, str | NixString | NixPath):
                text = to_string(m, item, context, False, False)
                if name == "url":
                    text = self._git_url(text) if kind == "git" else self._url(text)
                attributes[name] = text
            elif isinstance(item, int):
                raise FetchingError(f"negative value given for '{who}' argument '{name}': {item}")
            else:
                raise TypeErrorNix(
                    f"fetchTree argument '{name}' is {describe(item)} while a string, Boolean or integer is expected"
                )
        if "name" in attributes and who == "fetchTree":
            raise FetchingError("attribute 'name' isn't supported in call to 'fetchTree'")
        return self._checked(lambda: of_attributes(attributes))

    def _check_input(self, given: Input) -> None:
        """Nix quirk: in pure mode a folder with a known hash may be copied from anywhere, as by ``builtins.path``."""
        if given.kind == "path":
            if not (self.io.pure and given.nar_hash is not None):
                self.io.check(given.needed("path"))
            return
        url = given.text("url")
        try:
            self.io.check_uri(scheme_of(given).to_url(given))
        except (RestrictedUri, RestrictedPath):
            if url is None:
                raise
            self.io.check_uri(url)  # as ``https:``, where the whole is ``git+https:``

    def _url(self, text: str, scheme: str = "file") -> str:
        self.io.check_uri(text)
        return text if "://" in text else f"{scheme}://{encode_path(text)}"

    def _git_url(self, text: str) -> str:
        """Nix quirk: ``user@host:path`` is ``ssh://user@host/path``."""
        found = None if text.startswith("/") else _SCP.fullmatch(text)
        if found is None and "://" not in text and not text.startswith("/"):
            raise BadUrl(f"'{shown(text)}' is neither a URL nor a full path")
        return self._url(text) if found is None else self._url(f"{found[1]}@{found[2]}/{found[3]}", "ssh")

    def _input(self, make: Callable[[], Input]) -> tuple[StorePath, Input]:
        return self._checked(lambda: fetch(self.world, make()))

    @staticmethod
    def _checked(work: Callable[[], T]) -> T:
        try:
            return work()
        except ImagetoolsError as error:
            raise as_evaluation(error) from error
        except OSError as error:
            raise DiskTrouble(error) from error

    def _fetch(self, m: Machine, args: object, who: str, name: str, *, unpack: bool) -> object:
        value = m.force(args)
        url: str | None = None
        expected: Hash | None = None
        if isinstance(value, Attrs):
            for argument in sorted(value.d):
                if argument == "url":
                    url = m.string(value.d[argument])
                elif argument == "sha256":
                    expected = self._expected(m.string(value.d[argument]))
                elif argument == "name":
                    name = m.string(value.d[argument])
                else:
                    raise FetchingError(f"unsupported argument '{argument}' to '{who}'")
            if url is None:
                raise FetchingError("'url' argument required")
        else:
            url = m.string(value)
        url = resolve_uri(url)
        self.io.check_uri(url)
        name = name or base_name(url)
        try:
            check_name(name)
        except StoreNameError as error:
            raise NoNameForDownload(error, url, who, value) from None
        if expected is None:
            if self.io.pure:
                raise NotLocked(f"'{who}' requires a 'sha256' argument")
            self.io.spoil(f"it fetches '{url}' without a hash")
        return self._result(self._checked(lambda: self._fetched(url, name, expected, unpack=unpack)))

    def _expected(self, text: str) -> Hash:
        value = self._checked(lambda: Hash.parse_loose(text, "sha256"))
        if not text:
            self.world.warn(f"found empty hash, assuming '{value.sri()}'")
        return value

    def _fetched(self, url: str, name: str, expected: Hash | None, *, unpack: bool) -> StorePath:
        world = self.world
        if expected is not None:
            wanted = world.fixed(name, "nar" if unpack else "flat", expected)
            if world.is_valid(wanted):
                return wanted
        if unpack:
            path = download_tarball(world, url, name, locked=False).path
        else:
            path = download_file(world, url, name, locked=False).path
        if expected is not None:
            got = world.nar_hash(path) if unpack else file_hash(world.real(path))[0]
            if got != expected:
                raise FetchedHashMismatch(url, expected, got)
        return path

    def _result(self, path: StorePath) -> object:
        logical = self.world.logical(path)
        self.io.allow(logical)
        self.io.relied_on(logical)
        return make_string(logical, {logical})


def search_path_entry(world: World, url: str) -> str | None:
    """The unpacked folder of a tarball URL in the search path; None (and a warning) where it cannot be downloaded (row 1.079)."""
    try:
        return file_argument(world, url)
    except FetchFailed:
        return None


def file_argument(world: World, url: str) -> str:
    """The unpacked folder of a tarball URL that is given where a file is expected."""
    try:
        return world.logical(download_tarball(world, resolve_uri(url), "source", locked=False).path)
    except ImagetoolsError as error:
        raise as_evaluation(error) from error
