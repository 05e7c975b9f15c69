"""Which store paths deserve a layer of their own: those that most others lead to, first.

The order is exactly that of nixpkgs' closure-graph.py ("popularity contest"), so that a definition is split here as it is there.
That script unfolds the graph into a tree. Counted on the graph itself, its number for a path is the sum, over the path and
everything above it, of the number of ways that lead there from the roots. Ways multiply, so the numbers grow large; Python's
integers bear it. Equal paths go by name, then by hash, compared as there, joined by a dash (rows 2.038, 2.039).
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from ...formats.store_path import StorePath
from ...kernel.graph import topological

Node = TypeVar("Node", bound=Hashable)


def popularity(roots: Iterable[Node], edges: Mapping[Node, Iterable[Node]]) -> dict[Node, int]:
    """How popular each node is that ``roots`` reach. An edge to itself does not count. Raises kernel.graph.CycleError."""
    cleaned = {node: tuple(child for child in dict.fromkeys(children) if child != node) for node, children in edges.items()}
    root_set = dict.fromkeys(roots)
    bottom_up = topological(root_set, cleaned.__getitem__)
    ways = dict.fromkeys(bottom_up, 0)
    for root in root_set:
        ways[root] += 1
    for node in reversed(bottom_up):
        for child in cleaned[node]:
            ways[child] += ways[node]
    top_down = bottom_up[::-1]
    place = {node: number for number, node in enumerate(top_down)}
    above = [1 << number for number in range(len(top_down))]  # of each node: bits of itself and of all that lead to it
    for node in top_down:
        mine = above[place[node]]
        for child in cleaned[node]:
            above[place[child]] |= mine
    sums = [_subset_sums([ways[node] for node in top_down[start : start + 8]]) for start in range(0, len(top_down), 8)]
    return {node: _sum_of(above[number], sums) for node, number in place.items()}


def _subset_sums(values: list[int]) -> list[int]:
    """For each of the 256 (or fewer) choices of ``values``, as bits of the index, their sum."""
    sums = [0]
    for value in values:
        sums += [value + other for other in sums]
    return sums


def _sum_of(choice: int, sums: list[list[int]]) -> int:
    """The sum over the bits of ``choice``, eight at a time: a closure of thousands takes a fraction of a second so."""
    return sum(table[byte] for table, byte in zip(sums, choice.to_bytes(len(sums), "little"), strict=True) if byte)


def by_popularity(
    root_references: Iterable[Iterable[StorePath]], references: Mapping[StorePath, Iterable[StorePath]]
) -> list[StorePath]:
    """The store paths that the roots lead to, the most popular first.

    ``root_references``: for each root of the image (its config, its customisation layer) what it refers to directly. The roots
    themselves are no store paths here, but they count as places that lead to others, as in nixpkgs.
    """
    edges: dict[StorePath | int, tuple[StorePath | int, ...]] = {path: tuple(refs) for path, refs in references.items()}
    top = -1
    numbers: list[StorePath | int] = []
    for number, refs in enumerate(root_references):
        edges[number] = tuple(refs)
        numbers.append(number)
    edges[top] = tuple(numbers)
    scores = popularity([top], edges)
    ranked = [(-score, popularity_key(node.base_name), node) for node, score in scores.items() if isinstance(node, StorePath)]
    ranked.sort(key=lambda item: item[:2])
    return [item[2] for item in ranked]


def popularity_key(path: str) -> str:
    """What decides between equally popular paths (full or not): the name, a dash, what stood before the first dash."""
    start, dash, name = path.partition("-")
    return f"{name}-{start}" if dash else start
