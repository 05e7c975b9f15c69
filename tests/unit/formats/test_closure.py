"""Closures: complete, ordered, with sizes and referrers."""

import pytest

from imagetools.formats.closure import Closure, IncompleteClosureError
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.kernel.graph import CycleError
from imagetools.kernel.hashes import Hash

A, B, C = (StorePath(bytes([number] * 20), name) for number, name in enumerate("abc"))


def info(path: StorePath, *references: StorePath) -> PathInfo:
    return PathInfo(path, Hash.zero("sha256"), 100, references)


def closure(*infos: PathInfo, roots: tuple[StorePath, ...] = (A,)) -> Closure:
    return Closure(roots, {each.path: each for each in infos})


def test_order_size_and_referrers() -> None:
    found = closure(info(A, A, B, C), info(C), info(B, C))
    assert found.topological() == [C, B, A]
    assert found.size == 300 and len(found) == 3 and A in found and "x" not in found
    assert found.referrers() == {A: (), B: (A,), C: (A, B)}
    assert list(found.members) == sorted([A, B, C]) and found.roots == (A,)


def test_a_member_that_is_missing_is_named() -> None:
    with pytest.raises(IncompleteClosureError) as caught:
        closure(info(A, B))
    assert caught.value.message == f"the closure is not complete: '{B}', needed by '{A}', is missing"
    with pytest.raises(IncompleteClosureError) as root:
        closure(info(A), roots=(B,))
    assert root.value.message == f"the closure is not complete: '{B}', a root, is missing"


def test_a_cycle_has_no_order() -> None:
    with pytest.raises(CycleError):
        closure(info(A, B), info(B, A)).topological()
