"""From an order of store paths to layers: the first get one each, the rest share one (row 2.038).

A layer's content depends on its store paths only, so equal layers of different images are equal byte for byte (row 2.039).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from ...formats.store_path import StorePath
from ...kernel.errors import ImagetoolsError

#: Docker's limit for a stack of layers (moby, layer store: maxLayerDepth).
DEEPEST: Final = 125

#: Bytes of a NAR below which a path is not worth a layer where layers are scarce: asking for one takes longer than sending it.
TINY: Final = 128 << 10


class LayerBudgetError(ImagetoolsError):
    """``max_layers`` leaves no room for store paths beside the customisation layer."""

    def __init__(self, max_layers: int) -> None:
        super().__init__(f"maxLayers must be at least 2 (one for store paths, one for the customisation), it is {max_layers}")
        self.max_layers = max_layers


class TooDeepError(ImagetoolsError):
    """A layering pipeline gives more layers than Docker takes, with those of the base and the customisation layer."""

    def __init__(self, base: int, layers: int) -> None:
        below = f", {base} of the base image" if base else ""
        left = DEEPEST - base - 1
        super().__init__(
            f"layeringPipeline gives {layers} layers: with that of the customisation{below} these are more than the {DEEPEST} "
            "that Docker takes",
            f'end it with [ "limit_layers" {left} ], or fewer' if left > 0 else None,
        )
        self.base = base
        self.layers = layers


def check_depth(base: int, layers: int) -> None:
    """Whether ``layers`` and the customisation layer can lie on a base of ``base`` layers. Raises TooDeepError."""
    if base + layers + 1 > DEEPEST:
        raise TooDeepError(base, layers)


def plan_layers(
    ordered: Sequence[StorePath], max_layers: int, sizes: Mapping[StorePath, int] | None = None
) -> tuple[tuple[StorePath, ...], ...]:
    """The store paths of each layer, from the lowest up; the customisation layer, which counts, is not among them.

    The ``max_layers - 2`` first paths get a layer each, one more holds what is left (sorted). Where not every path can have one,
    those that are tiny by ``sizes`` stand behind all others. Raises LayerBudgetError.
    """
    if max_layers < 2:
        raise LayerBudgetError(max_layers)
    alone = min(max_layers, DEEPEST) - 2
    ranked = list(ordered)
    if sizes is not None and len(ordered) > alone + 1:
        ranked.sort(key=lambda path: sizes[path] < TINY)
    chosen = set(ranked[:alone])
    layers = [(path,) for path in ordered if path in chosen]
    rest = tuple(sorted(path for path in ordered if path not in chosen))
    return (*layers, rest) if rest else tuple(layers)
