"""Watching an evaluation: a profile of its functions, counts of what it does, or both.

Imported only where somebody asked; then the evaluator makes other nodes (``nodes/observed.py``) and its builtins are wrapped
(``builtins/observed.py``). What is watched gives the same values and errors, later.
"""

from imagetools.lang.builtins.observed import observe
from imagetools.lang.evaluator import Watcher
from imagetools.lang.nodes.base import Tree
from imagetools.lang.nodes.observed import ObservedUnit
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.positions import Source
from imagetools.lang.runtime.profile import Profile
from imagetools.lang.runtime.statistics import Statistics
from imagetools.lang.values.model import Code


class Watching(Watcher):
    """Give it to one Evaluator; ``profile`` and ``statistics`` have the results afterwards, however it ended."""

    def __init__(self, profile: Profile | None, statistics: Statistics | None) -> None:
        self.profile = profile
        self.statistics = statistics

    def observe(self, machine: Machine) -> None:
        observe(machine, self.profile, self.statistics)

    def root(self, machine: Machine, source: Source, base_dir: str, tree: Tree) -> Code:
        return ObservedUnit(machine, source, base_dir, self.profile, self.statistics).root(tree)
