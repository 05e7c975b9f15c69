"""Inputs of types ``path``, ``tarball`` and ``file``: what needs no version control."""

import os
import stat
from typing import Final

from imagetools.formats.store_path import StorePath, StorePathError
from imagetools.instantiate.fetching.attributes import Attributes, Input
from imagetools.instantiate.fetching.downloads import download_file, download_tarball
from imagetools.instantiate.fetching.errors import BadUrl, FetchingError
from imagetools.instantiate.fetching.url import Url, encode_path, percent_decode
from imagetools.instantiate.fetching.world import World
from imagetools.kernel.bytestr import to_bytes

_TARBALLS: Final = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst")
_NUMBERS: Final = ("revCount", "lastModified")


class PathScheme:
    """A file or folder of this machine, copied whole. Nix quirk: ``rev`` and its like are believed, to pin an exported tree."""

    kind: Final = "path"

    def from_url(self, url: Url, text: str) -> Attributes | None:
        if url.scheme != "path":
            return None
        if url.authority:
            raise BadUrl(f"path URL '{text}' should not have an authority ('{url.authority}')")
        found: dict[str, str | int | bool] = {"type": "path", "path": percent_decode(url.path)}
        for name, value in url.query:
            if name in {"rev", "narHash"}:
                found[name] = value
            elif name not in _NUMBERS:
                raise BadUrl(f"path URL '{text}' has unsupported parameter '{name}'")
            elif not value.isdecimal():
                raise BadUrl(f"path URL '{text}' has invalid parameter '{name}'")
            else:
                found[name] = int(value)
        return found

    def check(self, given: Input) -> None:
        given.check_names(("type", "path", "rev", "narHash", "name", *_NUMBERS), "path ")
        given.needed("path")

    def to_url(self, given: Input) -> str:
        query = {name: _text(value) for name, value in given.attributes.items() if name not in {"type", "path"}}
        return str(Url("path", None, encode_path(given.needed("path")), tuple(sorted(query.items()))))

    def has_all_info(self, given: Input) -> bool:
        return True

    def fetch(self, world: World, given: Input) -> tuple[StorePath, Input]:
        path = given.needed("path")
        if not path.startswith("/"):
            raise FetchingError(f"cannot fetch input '{self.to_url(given)}' because it uses a relative path")
        stored = self._stored(world, path)
        if stored is not None:
            return stored, given.changed(lastModified=given.number("lastModified") or 0)
        physical = to_bytes(path)
        try:
            modified = _last_modified(physical)
        except FileNotFoundError:
            raise FetchingError(f"getting status of '{path}': No such file or directory") from None
        return world.add(physical, given.name), given.changed(lastModified=modified)

    @staticmethod
    def _stored(world: World, path: str) -> StorePath | None:
        """The path itself where it is a store object that needs no copy."""
        try:
            found = world.store.store_dir.parse(path)
        except StorePathError:
            return None
        return found if found.name == "source" and world.is_valid(found) else None


class TarballScheme:
    """The tree in a tarball."""

    kind: Final = "tarball"

    def from_url(self, url: Url, text: str) -> Attributes | None:
        """A URL that ends like a tarball's, or any that begins with ``tarball+``."""
        if url.scheme.startswith("tarball+"):
            url = url.changed(url.scheme.removeprefix("tarball+"), dict(url.query))
        elif not url.path.endswith(_TARBALLS):
            return None
        return _from_url("tarball", url)

    def check(self, given: Input) -> None:
        given.check_names(("type", "url", "narHash", "name", "rev", *_NUMBERS), "tarball ")
        given.needed("url")

    def to_url(self, given: Input) -> str:
        return _to_url(given)

    def has_all_info(self, given: Input) -> bool:
        return True

    def fetch(self, world: World, given: Input) -> tuple[StorePath, Input]:
        tree = download_tarball(world, given.needed("url"), given.name, locked=False)
        if given.number("lastModified") is not None:
            return tree.path, given
        return tree.path, given.changed(lastModified=tree.modified)


class FileScheme:
    """One file. As a tree it is named by its NAR hash, as every other input (current Nix)."""

    kind: Final = "file"

    def from_url(self, url: Url, text: str) -> Attributes | None:
        if not url.scheme.startswith("file+") and url.path.endswith(_TARBALLS):
            return None
        return _from_url("file", url.changed(url.scheme.removeprefix("file+"), dict(url.query)))

    def check(self, given: Input) -> None:
        given.check_names(("type", "url", "narHash", "name", "rev", *_NUMBERS), "file ")
        given.needed("url")

    def to_url(self, given: Input) -> str:
        return _to_url(given)

    def has_all_info(self, given: Input) -> bool:
        return True

    def fetch(self, world: World, given: Input) -> tuple[StorePath, Input]:
        file = download_file(world, given.needed("url"), given.name, locked=False)
        return world.add(world.real(file.path), given.name), given


def _from_url(kind: str, url: Url) -> Attributes | None:
    if url.scheme not in {"file", "http", "https"}:
        return None
    query = dict(url.query)
    found: dict[str, str | int | bool] = {"type": kind}
    for name in ("narHash", "rev"):
        if name in query:
            found[name] = query.pop(name)
    for name in _NUMBERS:
        if name in query and query[name].isdecimal():
            found[name] = int(query.pop(name))
    return {**found, "url": str(url.changed(url.scheme, query))}


def _to_url(given: Input) -> str:
    url = Url.parse(given.needed("url"))
    query = dict(url.query)
    if given.nar_hash is not None:
        query["narHash"] = given.nar_hash.sri()
    return str(url.changed(url.scheme, query))


def _text(value: str | int | bool) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else str(value)


def _last_modified(root: bytes) -> int:
    """The latest time of anything in a tree, in seconds since 1970."""
    info = os.lstat(root)
    latest = int(info.st_mtime)
    if stat.S_ISDIR(info.st_mode):
        for folder, folders, files in os.walk(root):
            for name in (*folders, *files):
                latest = max(latest, int(os.lstat(os.path.join(folder, name)).st_mtime))
    return latest
