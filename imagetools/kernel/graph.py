"""Order of a graph: what is needed comes first. Pure, iterative (a closure may be thousands deep), deterministic.

The result depends only on the order of ``nodes`` and of each node's edges, so callers that want stable results pass sorted ones.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from .errors import ImagetoolsError

Node = TypeVar("Node", bound=Hashable)


class CycleError(ImagetoolsError):
    """The graph has a cycle. ``cycle`` names its members in order; each needs the next, the last needs the first."""

    def __init__(self, cycle: tuple[object, ...]) -> None:
        shown = " -> ".join(str(node) for node in (*cycle, cycle[0]))
        super().__init__(f"cycle detected: {shown}")
        self.cycle = cycle


def topological(nodes: Iterable[Node], edges: Callable[[Node], Iterable[Node]]) -> list[Node]:
    """All ``nodes`` and what they reach, each after everything that its ``edges`` name. Raises CycleError.

    ``edges`` is called once for each node.
    """
    order: list[Node] = []
    done: set[Node] = set()
    for root in nodes:
        if root in done:
            continue
        path: dict[Node, None] = {root: None}
        stack = [(root, iter(edges(root)))]
        while stack:
            node, rest = stack[-1]
            deeper: list[Node] = []
            for child in rest:
                if child in done:
                    continue
                if child in path:
                    raise CycleError(_cycle(path, child))
                deeper.append(child)
                break
            if deeper:
                path[deeper[0]] = None
                stack.append((deeper[0], iter(edges(deeper[0]))))
            else:
                stack.pop()
                del path[node]
                done.add(node)
                order.append(node)
    return order


def reachable(roots: Iterable[Node], edges: Callable[[Node], Iterable[Node]]) -> set[Node]:
    """``roots`` and everything that can be reached from them; cycles are allowed."""
    seen: set[Node] = set(roots)
    todo = list(seen)
    while todo:
        for child in edges(todo.pop()):
            if child not in seen:
                seen.add(child)
                todo.append(child)
    return seen


def _cycle(path: Iterable[Node], start: Node) -> tuple[object, ...]:
    members = list(path)
    return tuple(members[members.index(start) :])
