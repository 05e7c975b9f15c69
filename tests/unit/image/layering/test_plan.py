"""Store paths to layers (row 2.038): every path once, around the border of the budget."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.formats.store_path import StorePath
from imagetools.image.layering.plan import LayerBudgetError, plan_layers


def paths(count: int) -> list[StorePath]:
    return [StorePath(hashlib.sha256(bytes([number])).digest()[:20], f"p{number}") for number in range(count)]


@given(st.integers(0, 140), st.integers(2, 140))
def test_every_path_is_in_one_layer_and_the_budget_holds(count: int, most: int) -> None:
    ordered = paths(count)
    layers = plan_layers(ordered, most)
    assert sorted(path for layer in layers for path in layer) == sorted(ordered)
    assert len(layers) == min(count, min(most, 125) - 1)
    assert all(len(layer) == 1 for layer in layers[:-1])
    assert [layer[0] for layer in layers[:-1]] == ordered[: len(layers) - 1 if layers else 0]


@pytest.mark.parametrize("most", [1, 0, -1])
def test_no_budget(most: int) -> None:
    with pytest.raises(LayerBudgetError) as caught:
        plan_layers(paths(1), most)
    assert str(caught.value) == f"maxLayers must be at least 2 (one for store paths, one for the customisation), it is {most}"
