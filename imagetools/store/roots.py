"""Garbage collector roots that a person sees: result links (row 6.039).

A result link is physical (``./result -> R/nix/store/...``), so that it can be opened without a mounted store. For each there
are two entries: ``gcroots/auto/<hash>`` leads to the link, as Nix's own, and ``gcroots/imagetools/<hash>`` to the object by its
logical name, since real Nix counts only links to logical paths. The second is worth something only while the first still leads
to a link to that object: ``prune`` removes it afterwards, so renaming or deleting the link ends the protection.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imagetools.formats.store_path import StorePath
from imagetools.kernel import base32
from imagetools.kernel.errors import ImagetoolsError
from imagetools.store.disk import show, writing
from imagetools.store.layout import Layout
from imagetools.store.ports import RootExistsError, RootInStoreError


def add_root(layout: Layout, link: str, target: StorePath) -> None:
    """Make or replace ``link`` and its two roots. Raises RootExistsError, RootInStoreError, StoreAccessError."""
    link = os.path.abspath(link)
    if _inside(link, layout.store) or _inside(link, layout.store_dir.path):
        raise RootInStoreError(show(link))
    if os.path.lexists(link) and _object_of_link(layout, link) is None:
        raise RootExistsError(show(link))
    mark = base32.encode(hashlib.sha1(os.fsencode(link), usedforsecurity=False).digest())
    with writing(link), _unpruned(layout):
        # The logical root first: the object is protected before the link says so.
        _replace_symlink(f"{layout.logical_roots}/{mark}", layout.store_dir.join(target))
        _replace_symlink(link, layout.real_path(target))
        _replace_symlink(f"{layout.auto_roots}/{mark}", link)


def roots(layout: Layout) -> dict[str, StorePath]:
    """Every living result link (its path) and the object that it protects."""
    found: dict[str, StorePath] = {}
    for _, link, target in _pairs(layout):
        if link is not None and target is not None and _object_of_link(layout, link) == target:
            found[link] = target
    return found


def all_roots(layout: Layout) -> list[tuple[str, StorePath]]:
    """Every link that keeps an object alive, as real Nix finds them (``nix-store --gc --print-roots`` without running
    processes), sorted: result links, and all else below gcroots and profiles that leads into the store, directly, through one
    more link, or by the name of a regular file.
    """
    found = set(roots(layout).items())
    for folder in (layout.gc_roots, layout.profiles):
        for where, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if f"{where}/{name}" != layout.logical_roots]  # those of result links
            for name in (*names, *(name for name in folders if os.path.islink(f"{where}/{name}"))):
                root = _root_of(layout, f"{where}/{name}")
                if root is not None:
                    found.add(root)
    return sorted(found)


def _root_of(layout: Layout, path: str) -> tuple[str, StorePath] | None:
    """The link and the object that an entry below gcroots stands for."""
    target = _read_link(path)
    if target is None:
        try:
            return path, StorePath.parse(os.path.basename(path))
        except ImagetoolsError:
            return None
    direct = _object_of_link(layout, path)
    if direct is not None:
        return path, direct
    link = os.path.join(os.path.dirname(path), target)
    indirect = _object_of_link(layout, link)
    return None if indirect is None else (os.path.normpath(link), indirect)


def prune(layout: Layout) -> list[str]:
    """Remove the logical roots whose link is gone or leads elsewhere; return their names."""
    gone: list[str] = []
    with writing(layout.logical_roots), _unpruned(layout):
        living = roots(layout)
        for mark, link, target in _pairs(layout):
            if link is not None and target is not None and living.get(link) == target:
                continue
            for folder in (layout.logical_roots, layout.auto_roots):
                with suppress(FileNotFoundError):
                    os.unlink(f"{folder}/{mark}")
            gone.append(mark)
    return gone


@contextmanager
def _unpruned(layout: Layout) -> Iterator[None]:
    """While a root is being made it has not all its links yet: nobody may take it for one whose link is gone."""
    os.makedirs(layout.logical_roots, exist_ok=True)
    fd = os.open(layout.logical_roots, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _pairs(layout: Layout) -> list[tuple[str, str | None, StorePath | None]]:
    """For each logical root its mark, the link that it stands for, and its object."""
    try:
        marks = sorted(os.listdir(layout.logical_roots))
    except FileNotFoundError:
        return []
    return [
        (mark, _read_link(f"{layout.auto_roots}/{mark}"), _object_of_link(layout, f"{layout.logical_roots}/{mark}"))
        for mark in marks
        if ".tmp-" not in mark
    ]


def _object_of_link(layout: Layout, link: str) -> StorePath | None:
    """The object that a symlink names, physically or logically; None for anything else."""
    target = _read_link(link)
    if target is None:
        return None
    for folder in (layout.store, layout.store_dir.path):
        if _inside(target, folder):
            try:
                return StorePath.parse(target[len(folder) + 1 :].partition("/")[0])
            except ImagetoolsError:
                return None
    return None


def _read_link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def _replace_symlink(path: str, target: str) -> None:
    """Atomically: the old link or the new one, never none."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.tmp-{os.getpid()}"
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    os.symlink(target, temporary)
    os.rename(temporary, path)
