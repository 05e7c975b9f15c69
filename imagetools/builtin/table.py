"""Builtin builders by name, each imported when it is first asked for.

A build runs one of them in a process of its own, and importing all would cost that process 70 ms (row 4.056).
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import cast

from imagetools.builtin.api import BuiltinBuilder


class BuiltinTable(Mapping[str, BuiltinBuilder]):
    """``places``: from a builder's name to "module:class", the module below ``package``, from its dot on."""

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        self._places = {name: f"{package}{place}" for name, place in places.items()}
        self._made: dict[str, BuiltinBuilder] = {}

    def __getitem__(self, name: str) -> BuiltinBuilder:
        """Raises KeyError."""
        made = self._made.get(name)
        if made is None:
            module, _, word = self._places[name].partition(":")
            made = self._made[name] = cast(BuiltinBuilder, getattr(import_module(module), word)())
        return made

    def __or__(self, other: "BuiltinTable") -> "BuiltinTable":
        """The builders of both."""
        return BuiltinTable("", self._places | other._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
