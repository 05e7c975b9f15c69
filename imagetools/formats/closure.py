"""A closure as a value: some roots and everything that they refer to, with what is known of each (row 6.003).

Complete by construction. A reference of a store object to itself counts as no edge; longer cycles are possible between outputs of
one derivation and are reported where an order is asked for.
"""

from collections.abc import Iterable, Mapping

from ..kernel import graph
from ..kernel.errors import ImagetoolsError
from .path_info import PathInfo
from .store_path import StorePath


class IncompleteClosureError(ImagetoolsError):
    """``missing`` is needed (by ``needed_by``, or as a root) but is not a member."""

    fault = "ours"

    def __init__(self, missing: StorePath, needed_by: StorePath | None) -> None:
        whose = f"needed by '{needed_by}'" if needed_by is not None else "a root"
        super().__init__(f"the closure is not complete: '{missing}', {whose}, is missing")
        self.missing = missing
        self.needed_by = needed_by


class Closure:
    """``roots`` (sorted) and ``members`` (sorted by path). Raises IncompleteClosureError where a member is missing."""

    def __init__(self, roots: Iterable[StorePath], members: Mapping[StorePath, PathInfo]) -> None:
        self.roots = tuple(sorted(set(roots)))
        self.members: dict[StorePath, PathInfo] = {path: members[path] for path in sorted(members)}
        for root in self.roots:
            if root not in self.members:
                raise IncompleteClosureError(root, None)
        for path, info in self.members.items():
            for reference in info.references:
                if reference not in self.members:
                    raise IncompleteClosureError(reference, path)

    @property
    def size(self) -> int:
        """Sum of the members' NAR sizes in bytes."""
        return sum(info.nar_size for info in self.members.values())

    def topological(self) -> list[StorePath]:
        """All members, each after what it refers to; deterministic. Raises kernel.graph.CycleError."""
        return graph.topological(self.members, self._others)

    def referrers(self) -> dict[StorePath, tuple[StorePath, ...]]:
        """For each member the other members that refer to it directly, sorted."""
        found: dict[StorePath, list[StorePath]] = {path: [] for path in self.members}
        for path, info in self.members.items():
            for reference in info.references:
                if reference != path:
                    found[reference].append(path)
        return {path: tuple(users) for path, users in found.items()}

    def _others(self, path: StorePath) -> list[StorePath]:
        return [reference for reference in self.members[path].references if reference != path]

    def __len__(self) -> int:
        return len(self.members)

    def __contains__(self, path: object) -> bool:
        return path in self.members
