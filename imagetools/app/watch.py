"""``--profile`` and ``--show-stats``: what a command does besides evaluating, and where it leaves what was seen.

Nix's variables do the same as the options: NIX_SHOW_STATS, NIX_SHOW_STATS_PATH, NIX_COUNT_CALLS ("0" is no, anything else yes).
An evaluation that is watched is never answered from a record.
"""

import sys
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from imagetools.kernel.bytestr import display, to_bytes

if TYPE_CHECKING:
    from imagetools.lang.runtime.profile import Profile
    from imagetools.lang.runtime.statistics import Statistics
    from imagetools.lang.watching import Watching


class Watch:
    """``profile`` is the file of collapsed stacks (the graph gets ``.svg`` behind its name), ``show_stats`` the option.

    As a context manager around the evaluation: opens what it will write, and writes it however the evaluation ends. Raises
    OSError where a file cannot be written, before anything is evaluated.
    """

    def __init__(self, environment: Mapping[str, str], profile: str | None = None, *, show_stats: bool = False) -> None:
        self._file = profile
        self._counts_calls = environment.get("NIX_COUNT_CALLS", "0") != "0"
        self._shows = show_stats or environment.get("NIX_SHOW_STATS", "0") != "0"
        self._stats_file = environment.get("NIX_SHOW_STATS_PATH", "-").encode("latin-1")

    @property
    def wanted(self) -> bool:
        """Whether there is anything to do."""
        return self._file is not None or self._shows

    @cached_property
    def watcher(self) -> "Watching | None":
        """What the evaluator needs."""
        if not self.wanted:
            return None
        from imagetools.lang.watching import Watching

        return Watching(self._profile, self._statistics)

    @cached_property
    def _profile(self) -> "Profile | None":
        import time

        from imagetools.lang.runtime.profile import Profile

        return None if self._file is None else Profile(time.perf_counter)

    @cached_property
    def _statistics(self) -> "Statistics | None":
        from imagetools.lang.runtime.statistics import Statistics

        return Statistics(self._counts_calls) if self._shows else None

    def __enter__(self) -> Self:
        if self._file is not None:
            for name in (self._file, f"{self._file}.svg"):
                with open(name, "wb"):
                    pass
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        del kind, error, trace
        if self._profile is not None:
            self._write_profile(self._profile)
        if self._statistics is not None:
            self._write_statistics(self._statistics)

    def _write_profile(self, profile: "Profile") -> None:
        from imagetools.app.ui.flame_graph import flame_graph
        from imagetools.lang.runtime.profile import collapsed

        stacks = profile.stacks()
        with open(f"{self._file}", "wb") as file:
            file.write(to_bytes(collapsed(stacks)))
        shown = [(tuple(map(display, stack)), spent) for stack, spent in stacks]
        with open(f"{self._file}.svg", "w", encoding="utf-8") as graph:
            graph.write(flame_graph(shown))

    def _write_statistics(self, statistics: "Statistics") -> None:
        import resource

        usage = resource.getrusage(resource.RUSAGE_SELF)
        report = {**statistics.report(usage.ru_utime), "memory": {"peak": usage.ru_maxrss * 1024}}
        text = _as_text(report)
        if self._stats_file == b"-":
            sys.stdout.flush()
            sys.stderr.write(text)
            sys.stderr.flush()
            return
        with open(self._stats_file, "w", encoding="utf-8") as file:
            file.write(text)


def _as_text(report: Mapping[str, object]) -> str:
    """JSON as Nix lays it out; names of functions and files are bytestrs."""
    import json

    return json.dumps(_readable(report), indent=2, ensure_ascii=False) + "\n"


def _readable(value: object) -> object:
    if isinstance(value, str):
        return display(value)
    if isinstance(value, Mapping):
        return {display(name): _readable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value
