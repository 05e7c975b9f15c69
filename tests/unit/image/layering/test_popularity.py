"""The popularity contest, against the worked examples of nixpkgs and against unfolding the graph into a tree."""

import hashlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.formats.store_path import StorePath
from imagetools.image.layering.popularity import by_popularity, popularity
from imagetools.kernel.graph import CycleError


def unfolded(roots: list[int], edges: Mapping[int, list[int]]) -> dict[int, int]:
    """The definition: each occurrence in the tree below the roots, counted as nixpkgs does."""
    counts: dict[int, int] = {}
    for node in roots:
        counts[node] = counts.get(node, 0) + 1
        for below, score in unfolded(edges[node], edges).items():
            counts[below] = counts.get(below, 0) + score + 1
    return counts


def test_the_example_of_the_script() -> None:
    edges = {"foo": ["bar", "baz"], "bar": ["baz"], "baz": ["tux"], "tux": []}
    assert popularity(["foo"], edges) == {"foo": 1, "bar": 2, "baz": 4, "tux": 6}


def test_edges_to_oneself_do_not_count() -> None:
    assert popularity(["a"], {"a": ["a", "b"], "b": ["b"]}) == {"a": 1, "b": 2}


def test_a_cycle_is_an_error() -> None:
    with pytest.raises(CycleError):
        popularity(["a"], {"a": ["b"], "b": ["a"]})


@given(st.data())
def test_counting_on_the_graph_equals_unfolding_it(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 9))
    below = {
        node: data.draw(st.lists(st.integers(node + 1, size - 1), unique=True) if node < size - 1 else st.just([]))
        for node in range(size)
    }
    roots = [0]
    assert popularity(roots, below) == unfolded(roots, below)


def path(name: str, salt: str = "") -> StorePath:
    return StorePath(hashlib.sha256((salt + name).encode()).digest()[:20], name)


def test_equal_paths_go_by_name_then_hash() -> None:
    paths = [path("b"), path("a"), path("c", "1"), path("c", "2")]
    twins = sorted(paths[2:], key=lambda item: item.hash_part)
    assert by_popularity([paths], dict.fromkeys(paths, ())) == [path("a"), path("b"), *twins]


def test_roots_share_what_they_lead_to() -> None:
    one, two, shared = path("one"), path("two"), path("zzz-shared")
    references = {one: (shared, one), two: (shared,), shared: ()}
    assert by_popularity([[one], [two]], references) == [shared, one, two]
    assert by_popularity([[], []], {}) == []


def test_a_deep_and_wide_graph_is_quick() -> None:
    chain = [path(f"p{number:04}") for number in range(300)]
    references = {item: tuple(chain[place + 1 : place + 4]) for place, item in enumerate(chain)}
    assert by_popularity([chain[:1]], references)[0] == chain[-1]
