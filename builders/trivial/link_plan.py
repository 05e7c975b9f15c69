"""Which links an environment has: the merging rules of buildEnv, decided before anything is written.

A name that only one package has becomes one link, to a whole folder where possible; a folder that several have becomes a real
folder, and its contents are merged. The rules on priorities, collisions and names that never count are those of nixpkgs'
buildEnv, since images depend on them. Refuses to write.
"""

import filecmp
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from imagetools.builtin.api import BuiltinError


class CollisionError(BuiltinError):
    """Two packages have different things under one name."""

    def __init__(self, name: str, new: str, old: str, why: str) -> None:
        super().__init__(
            f"collision between '{new}' and '{old}': {why}",
            "let one win: wrap a package in lib.hiPrio or lib.lowPrio (or set meta.priority; the lower number wins), link less "
            "with pathsToLink, or take the first with ignoreCollisions = true",
        )
        self.name = name
        self.new = new
        self.old = old


class NotATreeError(BuiltinError):
    """A path that is a single file cannot be part of an environment."""

    def __init__(self, path: str, name: str) -> None:
        where = f" and cannot become the folder '{name}'" if name else " and cannot be merged into an environment"
        super().__init__(f"buildEnv: '{path}' is a file{where}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Entry:
    """``target``: what the link points to, None for a real folder."""

    target: str | None
    priority: int


class LinkPlan:
    """Names (``""``, ``/bin``, ``/bin/x``) to entries. ``real`` maps a store path to where it can be looked at."""

    def __init__(
        self,
        paths_to_link: Iterable[str],
        *,
        ignore_collisions: bool,
        check_contents: bool,
        real: Callable[[str], str],
        warn: Callable[[str], None],
    ) -> None:
        self._wanted = ["/" + path.strip("/") for path in paths_to_link]
        self._ignore = ignore_collisions
        self._check = check_contents
        self._real = real
        self._warn = warn
        self.entries: dict[str, Entry] = {"": Entry(None, 0)}
        for path in self._wanted:
            name = ""
            for part in path.strip("/").split("/"):
                if part:
                    name += "/" + part
                    self.entries[name] = Entry(None, 0)

    def add(self, path: str, priority: int, *, quiet: bool = False) -> None:
        """Merge the tree at ``path``. ``quiet`` lets the earlier one win at every collision (propagated packages)."""
        if os.path.isfile(self._real(path)):
            raise NotATreeError(path, "")
        self._place("", path, priority, quiet)

    def links(self) -> Iterable[tuple[str, Entry]]:
        """What to make, parents first."""
        return [(name, entry) for name, entry in sorted(self.entries.items()) if self._inside(name)]

    def _inside(self, name: str) -> bool:
        return any(path in {"/", name} or name.startswith(path + "/") for path in self._wanted)

    def _leads_to(self, name: str) -> bool:
        return name == "" or any(path == name or path.startswith(name + "/") for path in self._wanted)

    def _place(self, name: str, target: str, priority: int, quiet: bool) -> None:
        if _never_linked(name) or not (self._inside(name) or self._leads_to(name)):
            return
        old = self.entries.get(name)
        if old is None:
            self.entries[name] = Entry(target, priority)
            return
        if old.target is None:
            if not self._is_folder(target):
                if not (self._ignore or quiet):
                    raise NotATreeError(target, name)
                self._warn_unless(quiet, target, f"the folder {name}")
                return
            self._merge(name, None, priority, target, priority, quiet)
            return
        old_is_folder = self._is_folder(old.target)
        if priority < old.priority and not old_is_folder:
            self.entries[name] = Entry(target, priority)
        elif os.path.realpath(self._real(target)) == os.path.realpath(self._real(old.target)):
            if os.path.islink(self._real(old.target)) and not os.path.islink(self._real(target)):
                self.entries[name] = Entry(target, priority)
        elif priority > old.priority and not old_is_folder:
            pass
        elif old_is_folder and self._is_folder(target):
            self._merge(name, old, old.priority, target, priority, quiet)
        elif self._ignore or quiet:
            self._warn_unless(quiet, target, old.target)
        else:
            why = _difference(self._real(old.target), self._real(target))
            if why is None and self._check:
                return
            raise CollisionError(name, target, old.target, why or "they are equal, but checkCollisionContents is false")

    def _merge(self, name: str, old: Entry | None, old_priority: int, target: str, priority: int, quiet: bool) -> None:
        """Turn the link at ``name`` into a real folder that holds what both have."""
        if old is not None and old.target is not None:
            self.entries[name] = Entry(None, old_priority)
            self._place_inside(name, old.target, old_priority, quiet)
        self._place_inside(name, target, priority, quiet)
        self.entries[name] = Entry(None, priority)

    def _place_inside(self, name: str, folder: str, priority: int, quiet: bool) -> None:
        for inner in sorted(os.listdir(self._real(folder))):
            self._place(f"{name}/{inner}", f"{folder}/{inner}", priority, quiet)

    def _is_folder(self, path: str) -> bool:
        return os.path.isdir(self._real(path))

    def _warn_unless(self, quiet: bool, new: str, old: str) -> None:
        if not quiet:
            self._warn(f"warning: collision between '{new}' and '{old}'; the latter stays")


def _never_linked(name: str) -> bool:
    """Names that packages have for the package manager's sake, or that many have with contents that cannot be merged."""
    base = name.rpartition("/")[2]
    return (
        name in {"/propagated-build-inputs", "/nix-support"}
        or name.endswith("info/dir")
        or (name.startswith("/share/mime/") and not name.startswith("/share/mime/packages"))
        or base in {"perllocal.pod", "log"}
    )


def _difference(old: str, new: str) -> str | None:
    """Why two things are not the same file, or None where they are (permissions and contents)."""
    try:
        a, b = os.stat(old), os.stat(new)
    except OSError:
        return "one of them is a dangling symbolic link"
    if not (stat.S_ISREG(a.st_mode) and stat.S_ISREG(b.st_mode)):
        return "one is a folder, the other is not"
    if a.st_mode != b.st_mode:
        return f"their permissions differ ({b.st_mode & 0o7777:04o} and {a.st_mode & 0o7777:04o})"
    return None if filecmp.cmp(old, new, shallow=False) else "their contents differ"
