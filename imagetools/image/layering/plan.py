"""From an order of store paths to layers: the first get one each, the rest share one (row 2.038).

A layer's content depends on its store paths only, so equal layers of different images are equal byte for byte (row 2.039).
"""

from collections.abc import Sequence
from typing import Final

from ...formats.store_path import StorePath
from ...kernel.errors import ImagetoolsError

#: Docker's limit for a stack of layers (moby, layer store: maxLayerDepth).
DEEPEST: Final = 125


class LayerBudgetError(ImagetoolsError):
    """``max_layers`` leaves no room for store paths beside the customisation layer."""

    def __init__(self, max_layers: int) -> None:
        super().__init__(f"maxLayers must be at least 2 (one for store paths, one for the customisation), it is {max_layers}")
        self.max_layers = max_layers


def plan_layers(ordered: Sequence[StorePath], max_layers: int) -> tuple[tuple[StorePath, ...], ...]:
    """The store paths of each layer, from the lowest up; the customisation layer, which counts, is not among them.

    The ``max_layers - 2`` first paths get a layer each, one more holds what is left (sorted). Raises LayerBudgetError.
    """
    if max_layers < 2:
        raise LayerBudgetError(max_layers)
    alone = min(max_layers, DEEPEST) - 2
    layers = [(path,) for path in ordered[:alone]]
    rest = tuple(sorted(ordered[alone:]))
    return (*layers, rest) if rest else tuple(layers)
