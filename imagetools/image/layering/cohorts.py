"""Layers around the largest store paths: what is needed by the same large ones lies in one layer with it.

nixpkgs' default since 2025 (auto-layer.py). Popularity puts into the layer for the rest what few others need: the top of the
closure, which changes most often, with most bytes. Here the largest path gets a layer, with all that only it leads to; then
the next largest; what several of them lead to gets layers of its own, one for each set of them; until no layer is left.
What is small and near the top of the closure shares one small layer. Adding a small path moves no other one.
"""

from typing import Final

from ...kernel.graph import reachable
from .path_graph import PathGraph
from .popularity import popularity_key

_NOBODY: Final[frozenset[str]] = frozenset()


def size_cohorts(graph: PathGraph, most: int) -> list[PathGraph]:
    """At most ``most`` layers (at least 1), each after those that it refers to."""
    users = graph.users()
    cohort: dict[str, frozenset[str]] = dict.fromkeys(graph.edges, _NOBODY)
    for primary in _largest(graph)[:most]:
        above = reachable([primary], users.__getitem__)
        deps = graph.below([primary]) - {primary}
        split = cohort | {primary: frozenset({primary})}
        for dep in deps:
            needed = split[dep] - above
            split[dep] = needed if needed & deps else needed | {primary}
        if len(set(split.values())) > most:
            break
        cohort = split
    members: dict[frozenset[str], set[str]] = {}
    for path, primaries in cohort.items():
        members.setdefault(primaries, set()).add(path)
    layers = [graph.only(paths) for paths in members.values()]
    return sorted(layers, key=lambda layer: (_closure_size(graph, layer), popularity_key(min(layer.paths, key=popularity_key))))


def _largest(graph: PathGraph) -> list[str]:
    """The graph is in the order of sizes; of two equal ones the later one comes first, as nixpkgs takes them."""
    return list(reversed(graph.paths))


def _closure_size(graph: PathGraph, layer: PathGraph) -> int:
    return graph.only(graph.below(layer.paths)).size
