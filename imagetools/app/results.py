"""What a build leaves behind: its results and the links to them (rows 6.036-6.039)."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from imagetools.formats.store_path import StorePath
from imagetools.store.ports import Store


class Result(NamedTuple):
    """One wanted output: logical ``drv_path`` and ``output_path`` as texts, ``drv`` and ``path`` as values."""

    drv: StorePath
    drv_path: str
    output: str
    path: StorePath
    output_path: str


def link_names(results: Sequence[Result], first: str) -> dict[Result, str]:
    """The link of each result: NAME, then NAME-2 ... a derivation, with ``-OUTPUT`` for outputs other than out (row 6.036)."""
    numbers: dict[StorePath, int] = {}
    names: dict[Result, str] = {}
    for result in results:
        number = numbers.setdefault(result.drv, len(numbers) + 1)
        name = first if number == 1 else f"{first}-{number}"
        names[result] = name if result.output == "out" else f"{name}-{result.output}"
    return names


def link_results(store: Store, results: Sequence[Result], first: str) -> dict[Result, str]:
    """Make the links, each a root for the garbage collector. Raises RootExistsError where something else has the name."""
    made: dict[Result, str] = {}
    for result, name in link_names(results, first).items():
        link = os.path.abspath(name)
        store.add_root(link, result.path)
        made[result] = link
    return made
