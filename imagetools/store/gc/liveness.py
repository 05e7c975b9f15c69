"""What is alive, and in which order the rest may go. Pure: numbers and edges, no files, no paths.

Rows 8.025, 8.027: alive is what a root reaches; ``keep_derivations`` adds the derivations of what is alive, ``keep_outputs``
the outputs of derivations that are. What refers to something goes before it, so that whatever is left is whole at any moment.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from imagetools.kernel.graph import reachable


@dataclass
class ObjectGraph:
    """All valid objects by number. ``names`` are base names; ``references`` leave out what refers to itself; ``makers``:
    derivations that a valid object names as its deriver, ``made``: valid outputs of a derivation, whoever made them."""

    names: dict[int, str] = field(default_factory=dict)
    references: dict[int, list[int]] = field(default_factory=dict)
    makers: dict[int, int] = field(default_factory=dict)
    made: dict[int, list[int]] = field(default_factory=dict)

    def closure(self, start: Iterable[int]) -> set[int]:
        """The objects and all that they refer to."""
        return self.alive(start, keep_derivations=False, keep_outputs=False)

    def alive(self, roots: Iterable[int], *, keep_derivations: bool, keep_outputs: bool) -> set[int]:
        """All that must stay for the roots to stay."""
        found: set[int] = set()
        todo = list(roots)
        none: list[int] = []
        while todo:
            number = todo.pop()
            if number in found:
                continue
            found.add(number)
            todo += self.references.get(number, none)
            if keep_derivations and number in self.makers:
                todo.append(self.makers[number])
            if keep_outputs:
                todo += self.made.get(number, none)
        return found

    def users_closure(self, start: Iterable[int]) -> set[int]:
        """The objects and all that refers to them, directly or not."""
        users: dict[int, list[int]] = {}
        for number, references in self.references.items():
            for reference in references:
                users.setdefault(reference, []).append(number)
        return reachable(start, lambda number: users.get(number, ()))

    def referrers_first(self, numbers: set[int]) -> list[int]:
        """``numbers`` in an order in which each comes after all of them that refer to it."""
        waiting = dict.fromkeys(numbers, 0)
        for number in numbers:
            for other in self.references.get(number, ()):
                if other in waiting:
                    waiting[other] += 1
        ready = sorted((number for number, users in waiting.items() if not users), reverse=True)
        order: list[int] = []
        while ready:
            number = ready.pop()
            order.append(number)
            for other in self.references.get(number, ()):
                if other in waiting:
                    waiting[other] -= 1
                    if not waiting[other]:
                        ready.append(other)
        return order


def graph_of(
    objects: Iterable[tuple[int, str, int | None]], edges: Iterable[tuple[int, int]], outputs: Iterable[tuple[int, int]]
) -> ObjectGraph:
    """From the rows of the database: (number, base name, number of its valid deriver), (referrer, reference), (derivation,
    valid output)."""
    graph = ObjectGraph()
    derivers: dict[int, int] = {}
    for number, name, deriver in objects:
        graph.names[number] = name
        if deriver is not None:
            derivers[number] = deriver
    for referrer, reference in edges:
        if referrer != reference:
            graph.references.setdefault(referrer, []).append(reference)
    for drv, number in outputs:
        graph.made.setdefault(drv, []).append(number)
        if derivers.get(number) == drv:
            graph.makers[number] = drv
    return graph
