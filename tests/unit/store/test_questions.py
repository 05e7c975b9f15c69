"""How objects hang together, asked of a store in memory."""

import pytest

from imagetools.formats.store_path import StorePath
from imagetools.kernel.graph import CycleError
from imagetools.kernel.hashes import Hash
from imagetools.store import questions
from imagetools.store.memory import MemoryStore
from imagetools.store.ports import BuiltOutput, InvalidPathError


def built(store: MemoryStore, *graph: tuple[str, str]) -> dict[str, StorePath]:
    """Objects named by one letter each with what they refer to; later letters have lesser paths."""
    paths = {name: StorePath(bytes(19) + bytes([ord("z") - ord(name)]), name) for name, _ in graph}
    for name, needs in graph:
        store.put_tree(paths[name], b"")
        store.register_built([BuiltOutput(paths[name], Hash.zero("sha256"), 1, tuple(paths[other] for other in needs))])
    return paths


def names(paths: list[StorePath]) -> str:
    return "".join(path.name for path in paths)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def test_order_is_that_of_a_search_through_sorted_paths(store: MemoryStore) -> None:
    paths = built(store, ("a", ""), ("b", "a"), ("c", "c"), ("d", "abd"))
    assert names(sorted(paths.values())) == "dcba"
    assert names(questions.dependencies_first(store, paths.values())) == "abdc"
    assert names(questions.dependencies_first(store, [paths["d"], paths["a"]])) == "ad"


def test_references_referrers_and_closures(store: MemoryStore) -> None:
    paths = built(store, ("a", ""), ("b", "a"), ("c", "bc"), ("d", ""))
    a, b, c, d = (paths[name] for name in "abcd")
    assert questions.references(store, [c]) == {b, c}
    assert questions.referrers(store, [a, c]) == {b, c}
    assert questions.requisites(store, [c]) == {a, b, c}
    assert questions.referrers_closure(store, [b, d]) == {b, c, d}
    assert questions.kept_by(store, [a]) == {a, b, c}


def test_a_tree_shows_each_object_once(store: MemoryStore) -> None:
    paths = built(store, ("a", ""), ("b", "a"), ("c", "ac"), ("d", "bc"))
    lines = list(questions.tree(store, [paths["d"], paths["a"]], lambda path: path.name))
    assert lines == ["d", "├───c", "│   ├───a", "│   └───c [...]", "└───b", "    └───a [...]", "a [...]"]


def test_what_is_not_valid_is_refused(store: MemoryStore) -> None:
    missing = StorePath(bytes(20), "x")
    for ask in (questions.references, questions.referrers, questions.requisites, questions.referrers_closure, questions.kept_by):
        with pytest.raises(InvalidPathError, match="is not valid"):
            ask(store, [missing])


def test_a_cycle_has_no_order(store: MemoryStore) -> None:
    a, b = StorePath(bytes(20), "a"), StorePath(b"\1" * 20, "b")
    for path in (a, b):
        store.put_tree(path, b"")
    store._register([BuiltOutput(path, Hash.zero("sha256"), 1, (other,)).info(1) for path, other in ((a, b), (b, a))], {}, {})
    with pytest.raises(CycleError):
        questions.dependencies_first(store, [a, b])
