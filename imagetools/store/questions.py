"""What one can ask about objects and how they hang together, with the answers and the order of ``nix-store --query``.

Everything is asked through the ``Store`` port and nothing is printed or changed. Nix quirks that force the shape: sets of paths
are given with dependencies first, which is the post-order of a search through the sorted paths; outputs of a derivation keep the
derivation alive, and outputs that are not valid are passed over.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.kernel import graph
from imagetools.store.ports import InvalidPathError, Store


def info_of(store: Store, path: StorePath) -> PathInfo:
    """What is known of a valid path. Raises InvalidPathError."""
    info = store.query(path)
    if info is None:
        raise InvalidPathError(store.store_dir.join(path))
    return info


def outputs_or_self(store: Store, path: StorePath) -> list[StorePath]:
    """The outputs of a derivation (valid or not, sorted); any other path stands for itself. Raises InvalidPathError."""
    if not path.is_derivation:
        return [path]
    return sorted(set(store.derivation_outputs(path).values()))


def references(store: Store, paths: Iterable[StorePath]) -> set[StorePath]:
    """What the paths refer to directly."""
    return {reference for path in paths for reference in info_of(store, path).references}


def referrers(store: Store, paths: Iterable[StorePath]) -> set[StorePath]:
    """What refers to the paths directly."""
    return {user for path in paths for user in store.referrers(info_of(store, path).path)}


def requisites(store: Store, paths: Iterable[StorePath], *, include_outputs: bool = False) -> set[StorePath]:
    """The closure of the paths; with ``include_outputs`` also that of the valid outputs of each derivation in it."""
    found = set(store.closure(paths).members)
    while include_outputs:
        made = {output for path in found if path.is_derivation for output in store.derivation_outputs(path).values()}
        new = store.valid_paths(made - found)
        if not new:
            break
        found |= set(store.closure(new).members)
    return found


def referrers_closure(store: Store, paths: Iterable[StorePath]) -> set[StorePath]:
    """The paths and all that refers to them, directly or not."""
    return graph.reachable([info_of(store, path).path for path in paths], store.referrers)


def kept_by(store: Store, paths: Iterable[StorePath]) -> set[StorePath]:
    """All that keeps the paths from being collected as long as it is itself kept: what refers to them, and valid outputs of
    derivations among those (Nix's keep-derivations)."""

    def keepers(path: StorePath) -> list[StorePath]:
        users = list(store.referrers(path))
        if path.is_derivation:
            users += store.valid_paths(store.derivation_outputs(path).values())
        return users

    return graph.reachable([info_of(store, path).path for path in paths], keepers)


def dependencies_first(store: Store, paths: Iterable[StorePath]) -> list[StorePath]:
    """The paths in Nix's order: each after those among them that it refers to. Raises kernel.graph.CycleError."""
    wanted = set(paths)

    def inside(path: StorePath) -> list[StorePath]:
        info = store.query(path)
        return [] if info is None else [other for other in info.references if other != path and other in wanted]

    return graph.topological(sorted(wanted), inside)


def tree(store: Store, roots: Sequence[StorePath], show: Callable[[StorePath], str]) -> Iterator[str]:
    """The lines of ``--tree``: objects and their references, each object written out once and then with ``[...]``."""
    done: set[StorePath] = set()
    todo = [(root, "", "") for root in reversed(roots)]
    while todo:
        path, first, rest = todo.pop()
        if path in done:
            yield f"{first}{show(path)} [...]"
            continue
        done.add(path)
        yield first + show(path)
        below = dependencies_first(store, info_of(store, path).references)
        for at in range(len(below) - 1, -1, -1):
            last = at == len(below) - 1
            todo.append((below[at], rest + ("└───" if last else "├───"), rest + ("    " if last else "│   ")))
