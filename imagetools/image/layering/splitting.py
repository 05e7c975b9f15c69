"""Cutting a graph of store paths into parts by name, as nixpkgs' split_paths, subcomponent_in and subcomponent_out do."""

from collections.abc import Callable, Iterable, Sequence

from .path_graph import PathGraph


def subcomponent(
    graph: PathGraph, paths: Iterable[str], direction: Callable[[PathGraph, Iterable[str]], set[str]]
) -> dict[str, PathGraph]:
    """``main``: ``paths`` and what lies in ``direction`` of them; ``rest``: the others. Both are there, empty or not."""
    main = direction(graph, graph.known(paths))
    return {"main": graph.only(main), "rest": graph.without(main)}


def split_paths(graph: PathGraph, paths: Iterable[str], parents: Sequence[str] = ()) -> dict[str, PathGraph]:
    """``main``: ``paths``, the direct references of ``parents``, and what only these lead to; ``common``: what others lead to as
    well; ``rest``: all others. Only parts that have paths are there; as in nixpkgs, nothing in them leads to what was split
    off. Paths that are not in the graph do not count.
    """
    split = set(graph.known(paths))
    for parent in graph.known(parents):
        split.update(graph.edges[parent])
    if not split:
        return {"rest": graph}
    roots = graph.roots
    if len(roots) == 1 and roots[0] in split:
        return {"main": graph}
    cut = PathGraph({path: tuple(ref for ref in refs if ref not in split) for path, refs in graph.edges.items()}, graph.sizes)
    elsewhere = cut.below(root for root in roots if root not in split)
    off = graph.below(split)
    parts = {"main": cut.only(off - elsewhere), "common": cut.only(off & elsewhere), "rest": cut.only(elsewhere - off)}
    return {name: part for name, part in parts.items() if part.edges}
