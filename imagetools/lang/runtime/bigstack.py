"""A place to evaluate in: a thread with a large stack.

Evaluation nests as deep as the program does. Compiled code uses the C stack for it and checks nothing, so the thread gets
``STACK_BYTES`` of address space (touched only as far as it is used), and ``STACK.limit`` (values/model.py) stops a program
before that is used up. Pure Python needs the interpreter's own limit out of the way.
"""

import sys
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from imagetools.lang.values.model import STACK

STACK_BYTES: Final = 1 << 30
T = TypeVar("T")


class _Run(Generic[T]):
    """One call and how it ended."""

    def __init__(self, fn: Callable[[], T]) -> None:
        self.fn = fn
        self.result: list[T] = []
        self.error: BaseException | None = None

    def start(self) -> None:
        try:
            self.result.append(self.fn())
        except BaseException as error:
            self.error = error


def run(fn: Callable[[], T]) -> T:
    """Call ``fn`` in a thread with a large stack; its result, or its exception raised here. Calls may not nest in time: the depth
    counter is one for the process."""
    call = _Run(fn)
    before = threading.stack_size(STACK_BYTES)
    limit = sys.getrecursionlimit()
    depth = STACK.depth
    sys.setrecursionlimit(100_000_000)
    try:
        thread = threading.Thread(target=call.start, name="evaluation")
        thread.start()
    finally:
        threading.stack_size(before)
    try:
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        STACK.depth = depth
    if call.error is not None:
        raise call.error
    return call.result[0]
