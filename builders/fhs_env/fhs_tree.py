"""Where the files of packages lie in an ordinary Linux system: one tree of links out of many packages, planned, then written.

It takes packages of both layouts: Nix's (``bin``, ``lib``) and Debian's (``usr/bin``, ``lib/x86_64-linux-gnu``); ``/bin``,
``/lib`` and kin are parts of ``/usr``. Folders are always real, so that what comes later can write into them; files are links
into the store. The first package that has a name keeps it, as in nixpkgs' environments. It refuses to look at anything outside
the store: an absolute link of a package is copied as it is, since it means a file of the finished tree.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

PLACES: Final = {
    "bin": "usr/bin",
    "sbin": "usr/sbin",
    "lib": "usr/lib",
    "lib32": "usr/lib32",
    "lib64": "usr/lib64",
    "libexec": "usr/libexec",
    "share": "usr/share",
    "include": "usr/include",
    "usr": "usr",
    "etc": "etc",
    "opt": "opt",
}
"""Top folder of a package to its place; others (nix-support, var) are no part of the tree."""

_MAX_LINKS: Final = 40


@dataclass(slots=True)
class Link:
    """``target``: what is written; ``real``: the folder that can be looked into, where it leads to one."""

    target: str
    real: str | None
    logical: str


@dataclass(slots=True)
class Folder:
    entries: "dict[str, Folder | Link]" = field(default_factory=dict)


class FhsTree:
    """``store_dir``: prefix of absolute links that lead into the store."""

    def __init__(self, store_dir: str) -> None:
        self.top = Folder()
        self._store = store_dir.rstrip("/") + "/"

    def folder(self, path: str) -> Folder:
        """The folder at ``path``, made where it is missing."""
        at = self.top
        for name in path.split("/"):
            at = self._into(at, name)
        return at

    def add(self, real: str, logical: str) -> None:
        """Merge the package whose files lie at ``real`` and whose store path is ``logical``; a single file is no tree."""
        if not os.path.isdir(real):
            return
        for name, place in PLACES.items():
            if os.path.isdir(f"{real}/{name}") and self._leads_to(f"{real}/{name}") is not None:
                self._merge(f"{real}/{name}", f"{logical}/{name}", self.folder(place))

    def write(self, top: str) -> int:
        """Make the tree in the existing folder ``top``; how many links it has."""
        count = 0
        todo = [(self.top, top)]
        while todo:
            folder, place = todo.pop()
            for name, entry in sorted(folder.entries.items()):
                if isinstance(entry, Link):
                    os.symlink(entry.target, f"{place}/{name}")
                    count += 1
                else:
                    os.mkdir(f"{place}/{name}")
                    todo.append((entry, f"{place}/{name}"))
        return count

    def _into(self, folder: Folder, name: str) -> Folder:
        """The folder ``name``: a link to a folder becomes a real one with the same contents."""
        there = folder.entries.get(name)
        if isinstance(there, Folder):
            return there
        made = folder.entries[name] = Folder()
        if there is not None and there.real is not None:
            self._merge(there.real, there.logical, made)
        return made

    def _merge(self, real: str, logical: str, into: Folder) -> None:
        for entry in _sorted(real):
            there = into.entries.get(entry.name)
            inner = f"{logical}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if there is None or isinstance(there, Folder) or there.real is not None:
                    self._merge(entry.path, inner, self._into(into, entry.name))
                continue
            if not entry.is_symlink():
                if there is None and entry.is_file():
                    into.entries[entry.name] = Link(inner, None, inner)
                continue
            found = self._leads_to(entry.path)
            if found is None:
                if there is None:
                    into.entries[entry.name] = Link(os.readlink(entry.path), None, inner)
            elif not os.path.isdir(found):
                if there is None:
                    into.entries[entry.name] = Link(inner, None, inner)
            elif there is None:
                into.entries[entry.name] = Link(inner, found, inner)
            elif isinstance(there, Folder):
                self._merge(found, inner, there)
            elif there.real is not None and os.path.realpath(there.real) != os.path.realpath(found):
                self._merge(found, inner, self._into(into, entry.name))

    def _leads_to(self, path: str) -> str | None:
        """The end of a chain of links that stays in the store; None for one that leaves it or ends nowhere."""
        for _ in range(_MAX_LINKS):
            try:
                mode = os.lstat(path).st_mode
            except OSError:
                return None
            if not stat.S_ISLNK(mode):
                return path
            target = os.readlink(path)
            if target.startswith("/") and not target.startswith(self._store):
                return None
            path = os.path.normpath(os.path.join(os.path.dirname(path), target))
        return None


def _sorted(folder: str) -> "Iterator[os.DirEntry[str]]":
    with os.scandir(folder) as entries:
        yield from sorted(entries, key=lambda entry: entry.name)
