"""A place to evaluate in: a thread with a large stack.

Evaluation nests as deep as the program does. Compiled code uses the C stack for it and checks nothing, so the thread gets
``STACK_BYTES`` of address space (touched only as far as it is used), and ``STACK.limit`` (values/model.py) stops a program
before that is used up. Pure Python needs the interpreter's own limit out of the way. Where the address space is limited, a
smaller stack with a smaller limit does.

CPython keeps the frames of Python functions in 16 KiB chunks, and gives a chunk back as soon as its first frame ends: a call
that happens to sit at a border costs two system calls each time. So in pure mode the outermost function claims a huge frame
(never touched), whose chunk has room behind it for all the others. (A recursive Fibonacci took 12.8 s without, half of it in the
kernel, and takes 3.4 s with it.)

Measured (compiled, bytes of C stack for one counted level): calls 420-730, thunks 660, nested expressions at most 1,450.
"""

import sys
import threading
from collections.abc import Callable
from types import FunctionType
from typing import Final, Generic, TypeVar

from imagetools.lang.values.model import DEPTH_LIMIT, STACK

STACK_BYTES: Final = 1 << 30
SMALLEST: Final = 1 << 25
LEVEL_BYTES: Final = STACK_BYTES // DEPTH_LIMIT
FRAME_SLOTS: Final = (1 << 24) + 1  # of 8 bytes; the chunk is the next power of two, so as much again is free
STARTING: Final = threading.Lock()  # the size for new threads is one for the process, and asking for it resets it
GLANCE: Final = 0.1
"""Seconds. A signal that another thread gets, or that comes just before this one begins to wait, wakes nobody: so whoever waits
looks up now and then."""
T = TypeVar("T")


class _Run(Generic[T]):
    """One call and how it ended."""

    def __init__(self, fn: Callable[[], T]) -> None:
        self.fn = fn
        self.result: list[T] = []
        self.error: BaseException | None = None

    def start(self) -> None:
        with STARTING:
            pass  # the threads that ``fn`` starts have the usual size
        try:
            self.result.append(self.fn())
        except BaseException as error:
            self.error = error


def run(fn: Callable[[], T]) -> T:
    """Call ``fn`` in a thread with a large stack; its result, or its exception raised here.

    What it calls may call this again, and waits meanwhile; two threads may not evaluate at once: the depth counter is one for the
    process."""
    call = _Run(fn)
    recursion = sys.getrecursionlimit()
    depth = STACK.depth
    limit = STACK.limit
    sys.setrecursionlimit(100_000_000)
    STACK.depth = 0
    try:
        thread = _start(roomy(call.start))
        while thread.is_alive():
            thread.join(GLANCE)
    finally:
        sys.setrecursionlimit(recursion)
        STACK.depth = depth
        STACK.limit = limit
    if call.error is not None:
        raise call.error
    return call.result[0]


def outermost(work: Callable[[], None]) -> None:
    """What runs in the thread."""
    work()


def roomy(work: Callable[[], None]) -> Callable[[], None]:
    """``work``, called from a frame that has room for its own behind it, where frames are Python's. ``work`` must not raise: a
    traceback would hold a copy of that frame."""
    if type(outermost) is not FunctionType:
        return work
    wide = FunctionType(outermost.__code__.replace(co_stacksize=FRAME_SLOTS), globals())
    return _Outermost(wide, work).start


class _Outermost:
    """A function with its argument."""

    def __init__(self, function: Callable[[Callable[[], None]], None], work: Callable[[], None]) -> None:
        self.function = function
        self.work = work

    def start(self) -> None:
        self.function(self.work)


def _start(work: Callable[[], None]) -> threading.Thread:
    """A running thread with the largest stack to be had; later ones get the usual size again, those of ``work`` too."""
    size = STACK_BYTES
    with STARTING:
        usual = threading.stack_size(size)
        try:
            while True:
                STACK.limit = min(STACK.limit, size // LEVEL_BYTES)
                thread = threading.Thread(target=work, name="evaluation", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    if size <= SMALLEST:
                        raise
                    size //= 2
                    threading.stack_size(size)
                    continue
                return thread
        finally:
            threading.stack_size(usual)
