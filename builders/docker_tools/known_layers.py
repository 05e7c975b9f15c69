"""What is known of layers of store paths before they are read: facts from earlier builds, and what this one adds.

Refuses to know a layer by the names of its store paths alone: an input-addressed path may hold other bytes in another store.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from imagetools.builtin.api import LEDGER, BuiltinContext
from imagetools.formats.store_path import StorePath
from imagetools.image_io.ledger import LayerFacts, LayerLedger, recipe_key
from imagetools.image_io.tar_layer import LayerSource

from .inputs import Inputs
from .request import BUILDER_VERSION

_COMMANDS: Final = ("extraCommands", "fakeRootCommands", "runAsRoot", "shell")


class KnownLayers:
    """A ``LayerBook``: reads the store's ledger, writes one in the build folder."""

    def __init__(self, ctx: BuiltinContext) -> None:
        self._old: Final = LayerLedger(ctx.ledger)
        self._new: Final = LayerLedger(os.path.join(ctx.scratch, LEDGER))

    def find(self, key: str) -> LayerFacts | None:
        return self._new.find(key) or self._old.find(key)

    def record(self, key: str, facts: LayerFacts) -> None:
        self._new.record(key, facts)


def with_recipe(source: LayerSource, inputs: Inputs, paths: Iterable[StorePath]) -> LayerSource:
    """``source``, whose bytes follow from its identity and from those of ``paths``, with what a ledger knows it by."""
    wanted = list(paths)
    members = inputs.closure(wanted).members
    # as they stand in headers: in the texts of stamps, which are for people, a name with a blank could be another two
    stamps = [
        b" ".join((stamp.owner, stamp.names, stamp.time, stamp.magic)).hex() for stamp in (part.stamp for part in source.parts)
    ]
    made_from = "\n".join([*stamps, source.identity])
    return replace(source, recipe=recipe_key(made_from, BUILDER_VERSION, [members[path].nar_hash for path in wanted]))


def runs_commands(env: Mapping[str, str]) -> bool:
    """Whether the derivation runs programs of its author's."""
    return any(env.get(name) for name in _COMMANDS)
