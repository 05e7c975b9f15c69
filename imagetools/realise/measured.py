"""What a builtin builder measured of its outputs while it wrote them: a file in its build folder. Both directions live here.

Believed only where no foreign program can have had a hand in it: a builder of ours, a fixed output, no inputs. The hashes are
made by our own code from the bytes that it wrote, and reading 1 GB a second time finds nothing else (docs/decisions/0006). Nix
reads every output again.
"""

import json
import os
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from imagetools.builtin.api import Measured
from imagetools.kernel.hashes import Hash, HashError

if TYPE_CHECKING:  # the builder's process only writes
    from imagetools.realise.plan import Step

FILE: Final = ".builtin.measured"


def write(folder: str, output: str, facts: Measured) -> None:
    """Called in the builder's process: ``folder`` is its build folder."""
    path = os.path.join(folder, FILE)
    found = {**_load(path), output: [facts.size, facts.executable, str(facts.nar_hash), facts.nar_size, str(facts.file_hash)]}
    with open(path, "w", encoding="ascii") as file:
        json.dump(found, file)


def read(step: "Step", folder: str) -> Mapping[str, Measured]:
    """By output name; empty where nothing was said, or nothing is to be believed. ``folder`` is the build folder on the host."""
    derivation = step.derivation
    if not derivation.builder.startswith("builtin:") or not derivation.is_fixed or derivation.input_drvs or derivation.input_srcs:
        return {}
    try:
        return {
            name: Measured(size, executable, Hash.parse(nar_hash), nar_size, Hash.parse(file_hash))
            for name, (size, executable, nar_hash, nar_size, file_hash) in _load(os.path.join(folder, FILE)).items()
        }
    except (ValueError, TypeError, HashError):
        return {}


def fits(facts: Measured, place: str) -> bool:
    """Whether the finished output (in canonical form) still looks like what was measured."""
    state = os.lstat(place)
    executable = bool(state.st_mode & stat.S_IXUSR)
    return stat.S_ISREG(state.st_mode) and state.st_size == facts.size and executable == facts.executable


def _load(path: str) -> dict[str, Any]:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), encoding="ascii") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
