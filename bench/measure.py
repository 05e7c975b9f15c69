"""Measuring commands side by side: rounds of ours and theirs in turn, the median of each, and their ratio."""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds of wall clock and of CPU (all processes); peak memory of the largest process, KiB."""

    wall: float
    cpu: float
    memory: int


def once(argv: Sequence[str], environment: Mapping[str, str] | None = None, shell: bool = False) -> Cost:
    """Run a command once; raises CalledProcessError where it fails."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            " ".join(argv) if shell else argv,
            env=dict(environment or os.environ),
            stdout=subprocess.DEVNULL,
            stderr=said,
            shell=shell,
        )
        _, status, used = os.wait4(process.pid, 0)  # of this process and its children alone
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(process.returncode, argv, stderr=said.read())
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss)


def compare(
    title: str,
    ours: Sequence[str],
    theirs: Mapping[str, Sequence[str]],
    *,
    rounds: int = 5,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Print one line a peer: medians in milliseconds and the ratio of ours to theirs (below 1 is faster)."""
    costs: dict[str, list[Cost]] = {"": [], **{name: [] for name in theirs if shutil.which(theirs[name][0])}}
    for _ in range(rounds):
        for name, found in costs.items():
            found.append(once(theirs[name] if name else ours, environment))
    mine = statistics.median(cost.wall for cost in costs[""])
    if len(costs) == 1:
        print(f"{title:<44} {mine * 1000:8.0f} ms   (no peer installed)")
    for name, found in costs.items():
        if name:
            peer = statistics.median(cost.wall for cost in found)
            print(f"{title:<44} {mine * 1000:8.0f} ms   {name}: {peer * 1000:.0f} ms   ratio {mine / peer:.2f}")
