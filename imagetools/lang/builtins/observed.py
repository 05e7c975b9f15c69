"""Builtins that somebody watches: on the stack of a profile while they run, counted when they are called.

``observe`` changes the builtins of one evaluation before any node has been made; those of others are other objects.
"""

from collections.abc import Callable
from typing import Final, cast

from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.profile import Profile, Titled
from imagetools.lang.runtime.statistics import Statistics
from imagetools.lang.values.model import Attrs, Builtin

MAKE_LISTS: Final = frozenset(
    (
        *("attrNames", "attrValues", "catAttrs", "concatLists", "concatMap", "filter", "genList", "genericClosure"),
        *("map", "match", "sort", "split", "splitVersion", "tail"),
    )
)
MAKE_SETS: Final = frozenset(
    (
        *("derivationStrict", "functionArgs", "getContext", "groupBy", "intersectAttrs", "listToAttrs", "mapAttrs"),
        *("parseDrvName", "partition", "readDir", "removeAttrs", "tryEval", "zipAttrsWith"),
    )
)


class ObservedBuiltin:
    """A builtin's function with what watches it around it."""

    def __init__(self, builtin: Builtin, profile: Profile | None, statistics: Statistics | None) -> None:
        self.name = builtin.name
        self.fn: Callable[..., object] = builtin.fn
        self.frame = Titled(f"builtins.{builtin.name}")
        self.profile = profile
        self.statistics = statistics

    def enter(self) -> None:
        """It begins."""
        if self.statistics is not None:
            self.statistics.builtin(self.name)
        if self.profile is not None:
            self.profile.enter(self.frame)

    def leave(self) -> None:
        """It ends."""
        if self.profile is not None:
            self.profile.leave()

    def call1(self, m: Machine, x: object) -> object:
        """With one argument."""
        self.enter()
        try:
            v = self.fn(m, x)
        except BaseException:
            self.leave()
            raise
        self.leave()
        if self.statistics is not None:
            self.count(self.statistics, m, v, x)
        return v

    def call2(self, m: Machine, x: object, y: object) -> object:
        """With two arguments."""
        self.enter()
        try:
            v = self.fn(m, x, y)
        except BaseException:
            self.leave()
            raise
        self.leave()
        statistics = self.statistics
        if statistics is not None:
            self.count(statistics, m, v, y)
            if statistics.detailed and self.name == "getAttr":
                holder = m.attrs(y)
                statistics.attribute(None if holder.origin is None else holder.origin.find(m.string(x)))
        return v

    def call3(self, m: Machine, x: object, y: object, z: object) -> object:
        """With three arguments."""
        self.enter()
        try:
            v = self.fn(m, x, y, z)
        except BaseException:
            self.leave()
            raise
        self.leave()
        return v

    def count(self, statistics: Statistics, m: Machine, v: object, last: object) -> None:
        """Count what it has made; ``last`` is its last argument."""
        name = self.name
        if name in MAKE_LISTS:
            if type(v) is not list:
                return
            size = len(cast(list[object], v))
            if name == "concatLists":
                statistics.list_concats += 1
            if name != "filter" or size != len(m.list(last)):  # Nix gives the same list where nothing was dropped
                statistics.list_elements += size
        elif name in MAKE_SETS and type(v) is Attrs:
            statistics.set(len(v.d))


def observe(m: Machine, profile: Profile | None, statistics: Statistics | None) -> None:
    """Let all builtins of an evaluation be watched."""
    for value in m.builtins.d.values():
        if type(value) is Builtin:
            observed = ObservedBuiltin(value, profile, statistics)
            if value.arity == 1:
                value.fn = observed.call1
            elif value.arity == 2:
                value.fn = observed.call2
            elif value.arity == 3:
                value.fn = observed.call3
    if statistics is not None:
        statistics.set(len(m.builtins.d))
