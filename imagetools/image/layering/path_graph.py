"""What the operations of a layering pipeline work on: some store paths, in order, and what they refer to among themselves.

The order is that of nixpkgs' flatten_references_graph, since layers and ties follow from it: small paths first, equal ones by
their text. Paths are texts (``/nix/store/…``). A path's reference to itself is no edge.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from ...kernel.graph import reachable


class PathGraph:
    """``edges``: for each path what it refers to, as far as it is in this graph. ``sizes``: bytes of each NAR. Never changed."""

    def __init__(self, edges: Mapping[str, tuple[str, ...]], sizes: Mapping[str, int]) -> None:
        self.edges: Final = edges
        self.sizes: Final = sizes

    @staticmethod
    def of(references: Mapping[str, Iterable[str]], sizes: Mapping[str, int]) -> "PathGraph":
        """The graph of a closure. References that are none of its paths do not count."""
        ordered = sorted(sorted(references), key=lambda path: sizes[path])
        place = {path: number for number, path in enumerate(ordered)}
        edges = {
            path: tuple(sorted({ref for ref in references[path] if ref != path and ref in place}, key=place.__getitem__))
            for path in ordered
        }
        return PathGraph(edges, sizes)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self.edges)

    @property
    def size(self) -> int:
        """Bytes of all its paths."""
        return sum(self.sizes[path] for path in self.edges)

    @property
    def roots(self) -> tuple[str, ...]:
        """The paths that no other one refers to."""
        targets = {ref for refs in self.edges.values() for ref in refs}
        return tuple(path for path in self.edges if path not in targets)

    def known(self, paths: Iterable[str]) -> list[str]:
        """Those of ``paths`` that are in the graph."""
        return [path for path in paths if path in self.edges]

    def below(self, paths: Iterable[str]) -> set[str]:
        """``paths`` and all that they lead to."""
        return reachable(paths, self.edges.__getitem__)

    def above(self, paths: Iterable[str]) -> set[str]:
        """``paths`` and all that leads to them."""
        return reachable(paths, self.users().__getitem__)

    def users(self) -> dict[str, list[str]]:
        """For each path which others refer to it."""
        found: dict[str, list[str]] = {path: [] for path in self.edges}
        for path, refs in self.edges.items():
            for ref in refs:
                found[ref].append(path)
        return found

    def only(self, kept: set[str]) -> "PathGraph":
        """The part with these paths, in the order they have here."""
        edges = {path: tuple(ref for ref in refs if ref in kept) for path, refs in self.edges.items() if path in kept}
        return PathGraph(edges, self.sizes)

    def cut(self, width: int) -> list["PathGraph"]:
        """Parts of ``width`` paths each, in order; the last one may have fewer."""
        paths = self.paths
        slices = [dict.fromkeys(paths[start : start + width]) for start in range(0, len(paths), width)]
        return [
            PathGraph({path: tuple(ref for ref in self.edges[path] if ref in part) for path in part}, self.sizes)
            for part in slices
        ]

    def without(self, dropped: Iterable[str]) -> "PathGraph":
        return self.only(set(self.edges).difference(dropped))

    def alone(self, path: str) -> "PathGraph":
        """One path for itself."""
        return PathGraph({path: ()}, self.sizes)


def merged(graphs: Iterable[PathGraph]) -> PathGraph:
    """All paths of ``graphs``, one graph after the other; nothing joins them."""
    edges: dict[str, tuple[str, ...]] = {}
    sizes: dict[str, int] = {}
    for graph in graphs:
        edges.update(graph.edges)
        sizes.update(graph.sizes)
    return PathGraph(edges, sizes)
