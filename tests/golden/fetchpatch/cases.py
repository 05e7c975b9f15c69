"""Patches of every shape, and what is asked of each: every argument of fetchpatch alone, and every two of them together.

``patches/`` was made for these tests. ``digests/`` says what the real programs made of them (16 digits of the SHA-256 a case, or
the name of a failure), in the order of ``OPTION_SETS``; ``results/`` holds some of it to read.
"""

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from imagetools.builtin.api import BuiltinError
from imagetools.bundled.fetchers.fetchpatch.dialect import Dialect
from imagetools.bundled.fetchers.fetchpatch.fetch_patch import wanted_from
from imagetools.bundled.fetchers.fetchpatch.pipeline import NoPatchError, NothingSelectedError, process

FOLDER = Path(__file__).parent
PATCHES = sorted(path.name for path in (FOLDER / "patches").iterdir())


@dataclass(frozen=True)
class Options:
    """fetchpatch's arguments, as its builder gets them after the Nix function's arithmetic."""

    relative: str | None = None
    strip: int = 0
    extra_prefix: str | None = None
    excludes: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    hunks: str | None = None
    revert: bool = False

    @property
    def total_strip(self) -> int:
        return self.strip + (0 if self.relative is None else 1 + len(self.relative.split("/")))

    @property
    def prefix(self) -> str | None:
        return "" if self.relative is not None and self.extra_prefix is None else self.extra_prefix

    def environment(self) -> Mapping[str, str]:
        texts = {
            "relative": self.relative,
            "stripLen": str(self.total_strip),
            "extraPrefix": self.prefix,
            "excludes": json.dumps(self.excludes) if self.excludes else None,
            "includes": json.dumps(self.includes) if self.includes else None,
            "hunks": self.hunks,
            "revert": "1" if self.revert else None,
        }
        return {name: value for name, value in texts.items() if value is not None}


_SINGLE: dict[str, Options] = {
    "relative": Options(relative="src"),
    "strip": Options(strip=1),
    "extra_prefix": Options(extra_prefix="lib/sub dir/"),
    "excludes": Options(excludes=("*.h", "tests/*")),
    "includes": Options(includes=("*.c", "src/*")),
    "hunks": Options(hunks="2-"),
    "revert": Options(revert=True),
}


def _together(one: str, other: str) -> Options:
    return Options(**{name: getattr(_SINGLE[name], name) for name in (one, other)})


OPTION_SETS: dict[str, Options] = {"nothing": Options()} | _SINGLE
OPTION_SETS |= {
    f"{one}+{other}": _together(one, other)
    for one, other in itertools.combinations(_SINGLE, 2)
    if {one, other} != {"excludes", "includes"}
}

NO_PATCH, NOTHING_SELECTED, FAILED = "no-patch", "nothing-selected", "failed"


def outcome(data: bytes, options: Options, dialect: Dialect) -> bytes | str:
    """What our engine makes of a patch: its bytes, or the kind of failure."""
    try:
        return process(data, wanted_from(options.environment(), dialect), dialect)
    except NoPatchError:
        return NO_PATCH
    except NothingSelectedError:
        return NOTHING_SELECTED
    except BuiltinError:
        return FAILED


def digest(result: bytes | str) -> str:
    return result if isinstance(result, str) else hashlib.sha256(result).hexdigest()[:16]


def digests(release: str) -> dict[str, list[str]]:
    """Patch to what the programs of that release made of it, an entry for each option set."""
    lines = (FOLDER / "digests" / f"{release}.txt").read_text().splitlines()
    return {name: found for name, *found in (line.split() for line in lines)}
