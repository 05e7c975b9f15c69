"""Who is alive, and in which order the rest goes."""

from hypothesis import given
from hypothesis import strategies as st

from imagetools.store.gc.liveness import ObjectGraph, graph_of

# 1 a program, 2 its library, 3 its derivation, 4 the library's derivation, 5 a source of it, 6 nobody's
GRAPH = graph_of(
    [
        (1, "program", 3),
        (2, "library", 4),
        (3, "program.drv", None),
        (4, "library.drv", None),
        (5, "source", None),
        (6, "nobody", None),
    ],
    [(1, 1), (1, 2), (3, 4), (4, 5)],
    [(3, 1), (4, 2)],
)


def test_what_a_root_keeps() -> None:
    assert GRAPH.alive([1], keep_derivations=False, keep_outputs=False) == {1, 2}
    assert GRAPH.alive([2], keep_derivations=True, keep_outputs=False) == {2, 4, 5}
    assert GRAPH.alive([3], keep_derivations=False, keep_outputs=False) == {3, 4, 5}
    assert GRAPH.alive([3], keep_derivations=False, keep_outputs=True) == {1, 2, 3, 4, 5}
    assert GRAPH.alive([6], keep_derivations=True, keep_outputs=True) == {6}
    assert GRAPH.closure([1]) == {1, 2}
    assert GRAPH.users_closure([5]) == {3, 4, 5}


def test_an_output_of_another_deriver_keeps_no_derivation() -> None:
    graph = graph_of([(1, "out", 3), (2, "one.drv", None), (3, "other.drv", None)], [], [(2, 1)])
    assert graph.alive([1], keep_derivations=True, keep_outputs=False) == {1}


def test_a_derivation_keeps_its_outputs_whoever_made_them() -> None:
    graph = graph_of([(1, "added", None), (2, "one.drv", None)], [], [(2, 1)])
    assert graph.alive([2], keep_derivations=True, keep_outputs=True) == {1, 2}
    assert graph.alive([2], keep_derivations=True, keep_outputs=False) == {2}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=100), st.sets(st.integers(0, 30)))
def test_whatever_is_left_is_whole_at_any_moment(pairs: list[tuple[int, int]], roots: set[int]) -> None:
    graph = ObjectGraph({number: str(number) for number in range(31)})
    for a, b in pairs:
        if a > b:  # no circles, as in a store
            graph.references.setdefault(a, []).append(b)
    alive = graph.alive(roots, keep_derivations=True, keep_outputs=True)
    dead = set(graph.names) - alive
    order = graph.referrers_first(dead)
    assert sorted(order) == sorted(dead)
    left = set(graph.names)
    for number in order:
        left.discard(number)
        assert all(other in left for one in left for other in graph.references.get(one, ()))
