"""Which derivations a value means: one, or those in a set or list of them (``nix-build`` and ``nix-instantiate`` without -A).

Nix quirk: nested sets are looked into only where they say ``recurseForDerivations = true``; names that no package could have
are passed over; members are taken in the order of their names; an output is its derivation's ``outputName``.
"""

import re
from collections.abc import Callable
from typing import Final

from imagetools.instantiate.found import Found
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.errors import TypeErrorNix
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Attrs

_NAME: Final = r"[A-Za-z_][A-Za-z0-9\-_+]*\Z"


class NoDerivationError(ImagetoolsError):
    """The expression is worth something that cannot be built."""

    def __init__(self) -> None:
        super().__init__(
            "expression does not evaluate to a derivation (or a set or list of those)",
            hint="name the attribute to build with -A, or look at the value with `imagetools eval`",
        )


def find_derivations(m: Machine, value: object, auto_call: Callable[[object], object]) -> list[Found]:
    """All outputs that ``value`` means, in Nix's order. Raises NoDerivationError, EvalError."""
    found: list[Found] = []
    _collect(m, value, auto_call, found, set())
    return found


def is_derivation(m: Machine, value: object) -> bool:
    """Whether a forced value is a set with ``type = "derivation"``."""
    return isinstance(value, Attrs) and "type" in value.d and m.force(value.d["type"]) == "derivation"


def _collect(m: Machine, value: object, auto_call: Callable[[object], object], found: list[Found], seen: set[int]) -> None:
    value = auto_call(m.force(value))
    if _take(m, value, found, seen):
        return
    if isinstance(value, Attrs):
        for name in sorted(value.d):
            if not re.match(_NAME, name):
                continue
            item = m.force(value.d[name])
            if _take(m, item, found, seen):
                continue
            if isinstance(item, Attrs) and _recursed(m, item):
                _collect(m, item, auto_call, found, seen)
        return
    if isinstance(value, list):
        for item in value:
            if not _take(m, m.force(item), found, seen):
                _collect(m, item, auto_call, found, seen)
        return
    raise NoDerivationError


def _recursed(m: Machine, value: Attrs) -> bool:
    return "recurseForDerivations" in value.d and m.bool(value.d["recurseForDerivations"])


def _take(m: Machine, value: object, found: list[Found], seen: set[int]) -> bool:
    if not is_derivation(m, value):
        return False
    assert isinstance(value, Attrs)
    if id(value) in seen:
        return True
    seen.add(id(value))
    if "drvPath" not in value.d:
        raise TypeErrorNix("derivation does not contain a 'drvPath' attribute")
    drv_path, _ = m.string_ctx(value.d["drvPath"])
    output = m.string_ctx(value.d["outputName"])[0] if "outputName" in value.d else "out"
    name = m.string_ctx(value.d["name"])[0] if "name" in value.d else ""
    found.append(Found(name, drv_path, output))
    return True
