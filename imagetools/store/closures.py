"""Closures over path infos that are at hand (row 6.003). Pure: whoever calls fetches what is missing."""

from collections.abc import Iterable, Mapping

from imagetools.formats.closure import Closure
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.store.ports import InvalidPathError


def missing_members(roots: Iterable[StorePath], known: Mapping[StorePath, PathInfo]) -> set[StorePath]:
    """What is reached from the roots through known infos and is not itself known."""
    missing: set[StorePath] = set()
    seen = set(roots)
    todo = list(seen)
    while todo:
        path = todo.pop()
        info = known.get(path)
        if info is None:
            missing.add(path)
            continue
        for reference in info.references:
            if reference not in seen:
                seen.add(reference)
                todo.append(reference)
    return missing


def closure_from(store_dir: StoreDir, roots: Iterable[StorePath], known: Mapping[StorePath, PathInfo]) -> Closure:
    """The closure of the roots. Raises InvalidPathError for a member that is not known."""
    wanted = tuple(sorted(set(roots)))
    members: dict[StorePath, PathInfo] = {}
    todo = list(wanted)
    while todo:
        path = todo.pop()
        if path in members:
            continue
        info = known.get(path)
        if info is None:
            raise InvalidPathError(store_dir.join(path))
        members[path] = info
        todo.extend(info.references)
    return Closure(wanted, members)
