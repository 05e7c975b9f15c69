"""Why is a store path in an image? From what refers to what: the shortest way from the config, or from a file of the root, to it.

A store path is known by its base name. Only what the image itself holds counts; what a builder recorded elsewhere is not asked.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..kernel.errors import ImagetoolsError

#: The start of all ways: the config, and the files outside of the store.
CONFIG: Final = "config"
ROOT: Final = ""

_HASH: Final = re.compile("[0-9a-df-np-sv-z]{32}")
_HASH_LENGTH: Final = 32
_MOST_SHOWN: Final = 8

#: From a store path (base name), ``ROOT`` or ``CONFIG`` to the store paths that it refers to, each with the place of the
#: reference: a file, or a field of the config.
References = Mapping[str, Mapping[str, str]]


class WhichPathError(ImagetoolsError):
    """``wanted`` is not exactly one of the image's store paths; ``found`` are those that it could mean."""

    def __init__(self, wanted: str, found: Sequence[str]) -> None:
        if found:
            shown = ", ".join(found[:_MOST_SHOWN]) + (", ..." if len(found) > _MOST_SHOWN else "")
            super().__init__(f"the image has {len(found)} store paths that '{wanted}' could mean", f"say more of one: {shown}")
        else:
            super().__init__(f"the image has no store path '{wanted}'", "`imagetools image inspect` lists them")
        self.wanted = wanted
        self.found = tuple(found)


@dataclass(frozen=True, slots=True)
class Step:
    """``source`` refers to ``target`` at ``place`` (a file in it, or a field of the config)."""

    source: str
    target: str
    place: str


@dataclass(frozen=True, slots=True)
class Reason:
    """``way``: the shortest one, empty where nothing leads to ``path``; ``referrers``: all that refer to it, with the place."""

    path: str
    way: tuple[Step, ...]
    referrers: Mapping[str, str]

    def document(self) -> dict[str, object]:
        """As ``--json`` prints it."""
        return {
            "path": self.path,
            "way": [{"from": step.source or "/", "to": step.target, "place": step.place} for step in self.way],
            "referrers": {name or "/": place for name, place in self.referrers.items()},
        }


def find_path(wanted: str, paths: Iterable[str]) -> str:
    """The one of ``paths`` (``/nix/store/HASH-NAME``) that a whole path, a base name, a hash or a part of a name means.

    Raises WhichPathError.
    """
    found = sorted(set(paths))
    base = wanted.rstrip("/").rpartition("/")[2]
    exact = [path for path in found if path == wanted.rstrip("/") or base_name(path) == base]
    named = [path for path in found if base_name(path)[_HASH_LENGTH + 1 :] == wanted]
    likely = exact or named or [path for path in found if base and base in base_name(path)]
    if len(likely) != 1:
        raise WhichPathError(wanted, [base_name(path) for path in likely])
    return likely[0]


def base_name(path: str) -> str:
    return path.rpartition("/")[2]


def in_config(config: object, names: Mapping[str, str]) -> dict[str, str]:
    """The store paths that a config mentions, with the field of each. ``names``: hash part to base name."""
    found: dict[str, str] = {}
    for field, value in config.items() if isinstance(config, dict) else ():
        for part in _HASH.findall(json.dumps(value, ensure_ascii=False)):
            if part in names:
                found.setdefault(names[part], str(field))
    return found


def why(path: str, references: References) -> Reason:
    """``path`` is a base name."""
    referrers = {source: targets[path] for source, targets in references.items() if path in targets and source != path}
    return Reason(path, tuple(_way(path, references)), referrers)


def _way(path: str, references: References) -> Iterator[Step]:
    came: dict[str, Step] = {}
    level = [CONFIG, ROOT]
    while level and path not in came:
        following: list[str] = []
        for source in level:
            for target, place in references.get(source, {}).items():
                if target not in came:
                    came[target] = Step(source, target, place)
                    following.append(target)
        level = following
    way: list[Step] = []
    while path in came:
        way.append(came[path])
        path = came[path].source
    yield from reversed(way)
