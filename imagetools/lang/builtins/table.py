"""The table of all builtins, and the globals of an evaluation made from it.

Nix quirk: every builtin is a global too, some under their own name, the others with two underscores before it;
``builtins`` has them all under their own names, and itself.
"""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from imagetools.lang.builtins import (
    attrsets,
    closures,
    contexts,
    control,
    files,
    hashing,
    lists,
    numbers,
    regexes,
    serialise,
    sorting,
    storeless,
    strings,
    types,
    versions,
)
from imagetools.lang.builtins.spec import BuiltinSpec
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Attrs, Code, Thunk

BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    *types.BUILTINS,
    *numbers.BUILTINS,
    *lists.BUILTINS,
    *sorting.BUILTINS,
    *closures.BUILTINS,
    *attrsets.BUILTINS,
    *strings.BUILTINS,
    *regexes.BUILTINS,
    *versions.BUILTINS,
    *control.BUILTINS,
    *contexts.BUILTINS,
    *hashing.BUILTINS,
    *serialise.BUILTINS,
    *files.BUILTINS,
    *storeless.BUILTINS,
)

LANGUAGE_VERSION: Final = 6


class CurrentTime(Code):
    """The time, asked once an evaluation; the environment is [machine]."""

    def eval(self, env: list[object]) -> object:
        return cast(Machine, env[0]).io.now()


def install(m: Machine, extra: Sequence[BuiltinSpec], lazies: Mapping[str, object], nix_version: str) -> None:
    """Fill the machine's globals and its set ``builtins``.

    ``extra`` are builtins from outside, which replace those of the same name; ``lazies`` are values that are globals under
    their own name and builtins too (``derivation``); ``nix_version`` is what ``builtins.nixVersion`` says.
    """
    for spec in (*BUILTINS, *extra):
        put(m, spec.name, spec.global_name, spec.value())
    for name, value in lazies.items():
        put(m, name, name, value)
    put(m, "true", "true", True)
    put(m, "false", "false", False)
    put(m, "null", "null", None)
    if not m.pure:
        put(m, "currentTime", "__currentTime", Thunk(CurrentTime(), [m]))
        put(m, "currentSystem", "__currentSystem", m.system)
    put(m, "nixVersion", "__nixVersion", nix_version)
    put(m, "storeDir", "__storeDir", m.io.store_dir)
    put(m, "langVersion", "__langVersion", LANGUAGE_VERSION)
    put(m, "nixPath", "__nixPath", nix_path(m))
    put(m, "builtins", "builtins", m.builtins)


def put(m: Machine, name: str, global_name: str, value: object) -> None:
    m.globals[global_name] = value
    m.builtins.d[name] = value


def nix_path(m: Machine) -> list[object]:
    """``builtins.nixPath``: the search path as a list of ``{ path, prefix }``."""
    entries: list[object] = []
    for prefix, place in m.search_path:
        entries.append(Attrs({"path": place, "prefix": prefix}))
    return entries
