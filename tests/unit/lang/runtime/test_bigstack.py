"""The thread with the large stack."""

import sys
import threading

import pytest

from imagetools.lang.runtime import bigstack
from imagetools.lang.runtime.bigstack import run
from imagetools.lang.values.model import STACK


def test_result_and_error_come_back() -> None:
    assert run(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 // 0)


def stack_size() -> int:
    """The size of the stacks of new threads; asking alone would reset it."""
    size = threading.stack_size()
    threading.stack_size(size)
    return size


def surroundings() -> tuple[int, int, int, int]:
    return sys.getrecursionlimit(), stack_size(), STACK.depth, STACK.limit


def test_everything_is_as_before() -> None:
    before = surroundings()

    def work() -> None:
        STACK.depth = 77

    run(work)
    assert surroundings() == before


def test_an_evaluation_that_starts_another_at_once_leaves_the_usual_stacks() -> None:
    """The inner one may begin before the outer one has put the size back."""
    before = surroundings()
    for _ in range(200):
        assert run(lambda: run(stack_size)) == before[1]
    assert surroundings() == before


def test_python_may_recurse_in_it() -> None:
    def down(n: int) -> int:
        return 0 if n == 0 else 1 + down(n - 1)

    assert run(lambda: down(50_000)) == 50_000


def test_a_smaller_stack_has_a_smaller_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    real = threading.Thread.start
    sizes: list[int] = []

    def start(thread: threading.Thread) -> None:
        size = threading.stack_size()  # asking sets it to the default
        threading.stack_size(size)
        sizes.append(size)
        if size > 1 << 28:
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    limit = run(lambda: STACK.limit)
    assert sizes == [1 << 30, 1 << 29, 1 << 28]
    assert limit == (1 << 28) // bigstack.LEVEL_BYTES


def test_python_frames_find_room_behind_the_outermost_one() -> None:
    """In pure mode; compiled code has no Python frames and no need."""
    done: list[int] = []
    wrapped = bigstack.roomy(lambda: done.append(1))
    wrapped()
    assert done == [1]
