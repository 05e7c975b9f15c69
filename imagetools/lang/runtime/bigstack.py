"""A place to evaluate in: a thread with a large stack.

Evaluation nests as deep as the program does. Compiled code uses the C stack for it and checks nothing, so the thread gets
``STACK_BYTES`` of address space (touched only as far as it is used), and ``STACK.limit`` (values/model.py) stops a program
before that is used up. Pure Python needs the interpreter's own limit out of the way. Where the address space is limited, a
smaller stack with a smaller limit does.

Measured (compiled, bytes of C stack for one counted level): calls 420-730, thunks 660, nested expressions at most 1,450.
"""

import sys
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from imagetools.lang.values.model import DEPTH_LIMIT, STACK

STACK_BYTES: Final = 1 << 30
SMALLEST: Final = 1 << 25
LEVEL_BYTES: Final = STACK_BYTES // DEPTH_LIMIT
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
    before = threading.stack_size()
    recursion = sys.getrecursionlimit()
    depth = STACK.depth
    limit = STACK.limit
    sys.setrecursionlimit(100_000_000)
    try:
        _start(call.start).join()
    finally:
        threading.stack_size(before)
        sys.setrecursionlimit(recursion)
        STACK.depth = depth
        STACK.limit = limit
    if call.error is not None:
        raise call.error
    return call.result[0]


def _start(work: Callable[[], None]) -> threading.Thread:
    """A running thread with the largest stack to be had."""
    size = STACK_BYTES
    while True:
        threading.stack_size(size)
        STACK.limit = min(STACK.limit, size // LEVEL_BYTES)
        thread = threading.Thread(target=work, name="evaluation", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if size <= SMALLEST:
                raise
            size //= 2
            continue
        return thread
