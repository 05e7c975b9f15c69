"""What builders of ours measured of layers: lent to every build of such a builder, taken from those that succeed.

Believed only from builds in which no program of the definition ran (MeasuresLayers.runs_commands), since such a program lives in
the same cage and could say anything; everybody may read. It lies beside the store: keys name store paths by their NAR hashes.
"""

import os
from collections.abc import Mapping
from typing import Final

from imagetools.builtin.api import LEDGER, BuiltinBuilder, MeasuresLayers
from imagetools.image_io.ledger import MOST, LayerLedger
from imagetools.realise.kept import beside
from imagetools.sandbox.ports import Bind
from imagetools.store.ports import Store

FOLDER: Final = "nix/var/imagetools/layers"  # below the store's root
SEEN: Final = "/imagetools/layers"
STRUCTURED: Final = "__json"
_MOST_OF_ONE: Final = 1000


class LayerFactsOfStore:
    """The ledger of one store."""

    def __init__(self, store: Store) -> None:
        self._ledger = LayerLedger(beside(store, FOLDER))

    @property
    def folder(self) -> str:
        """On the host."""
        return self._ledger.folder

    def seen_at(self, *, isolated: bool) -> str:
        """Where a build sees it: not at its own place, which a sandbox may have for itself (below /dev, /tmp)."""
        return SEEN if isolated else self.folder

    def binds(self, builder: BuiltinBuilder) -> tuple[Bind, ...]:
        """What the build of this builder must see in a sandbox."""
        return (Bind(self.folder, SEEN, optional=True),) if isinstance(builder, MeasuresLayers) else ()

    def learn(self, builder: BuiltinBuilder, env: Mapping[str, str], build_folder: str) -> None:
        """Take over what a successful build of ``builder`` left in its build folder, if it may be believed. ``env`` is the
        derivation's; with structured attributes it does not say enough."""
        if not isinstance(builder, MeasuresLayers) or STRUCTURED in env or builder.runs_commands(env):
            return
        found = LayerLedger(os.path.join(build_folder, LEDGER))
        names = list(found.names())
        for name in names[:_MOST_OF_ONE]:
            facts = found.entry(name)
            if facts is not None:
                self._ledger.record_entry(name, facts)
        if names and sum(1 for _ in self._ledger.names()) > MOST:
            self._ledger.tidy(MOST * 9 // 10)
