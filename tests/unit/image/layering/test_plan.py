"""Store paths to layers (row 2.038): every path once, around the border of the budget."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.formats.store_path import StorePath
from imagetools.image.layering.plan import TINY, LayerBudgetError, TooDeepError, check_depth, plan_layers


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


def test_tiny_paths_stand_behind_where_layers_are_scarce() -> None:
    ordered = paths(6)
    sizes = {path: TINY - (number % 2) for number, path in enumerate(ordered)}
    assert plan_layers(ordered, 7, sizes) == tuple((path,) for path in ordered)
    assert plan_layers(ordered, 6, sizes)[:4] == ((ordered[0],), (ordered[1],), (ordered[2],), (ordered[4],))
    assert plan_layers(ordered, 5, sizes) == ((ordered[0],), (ordered[2],), (ordered[4],), tuple(sorted(ordered[1::2])))


@pytest.mark.parametrize(("base", "layers", "left"), [(0, 125, 124), (3, 122, 121), (124, 1, None)])
def test_too_deep(base: int, layers: int, left: int | None) -> None:
    check_depth(base, layers - 1)
    with pytest.raises(TooDeepError) as caught:
        check_depth(base, layers)
    assert caught.value.hint == (f'end it with [ "limit_layers" {left} ], or fewer' if left else None)
    assert f"gives {layers} layers: with that of the customisation{f', {base} of the base image' if base else ''} " in str(
        caught.value
    )
