"""Order of graphs: dependencies first, cycles named, no recursion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.kernel.graph import CycleError, reachable, topological


def test_dependencies_come_first_in_a_stable_order() -> None:
    edges = {"app": ["lib", "sh"], "lib": ["libc"], "sh": ["libc"], "libc": []}
    assert topological(["app"], lambda node: edges[node]) == ["libc", "lib", "sh", "app"]
    assert topological(["sh", "app"], lambda node: edges[node]) == ["libc", "sh", "lib", "app"]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))))
def test_acyclic_graphs_are_ordered(pairs: list[tuple[int, int]]) -> None:
    edges: dict[int, list[int]] = {node: [] for node in range(31)}
    for one, other in pairs:
        if one != other:
            edges[max(one, other)].append(min(one, other))
    order = topological(range(31), lambda node: edges[node])
    assert sorted(order) == list(range(31))
    place = {node: index for index, node in enumerate(order)}
    assert all(place[below] < place[node] for node in edges for below in edges[node])


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20))
def test_a_cycle_is_a_cycle(pairs: list[tuple[int, int]]) -> None:
    edges: dict[object, list[int]] = {node: [to for at, to in pairs if at == node] for node in range(9)}
    try:
        topological(range(9), lambda node: edges[node])
    except CycleError as error:
        following = [*error.cycle[1:], error.cycle[0]]
        assert all(after in edges[node] for node, after in zip(error.cycle, following, strict=True))


def test_the_cycle_is_named() -> None:
    edges = {"a": ["b"], "b": ["c"], "c": ["b"]}
    with pytest.raises(CycleError) as caught:
        topological("a", lambda node: edges[node])
    assert caught.value.cycle == ("b", "c")
    assert caught.value.message == "cycle detected: b -> c -> b"


def test_depth_is_no_problem() -> None:
    assert topological([0], lambda node: [node + 1] if node < 50_000 else [])[0] == 50_000


def test_reachable_allows_cycles() -> None:
    edges = {1: [2], 2: [1, 3], 3: [], 4: [1]}
    assert reachable([1], lambda node: edges[node]) == {1, 2, 3}
