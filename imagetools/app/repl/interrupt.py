"""Evaluating so that it can be stopped: by Ctrl-C, or after some time.

The evaluator runs in a thread of its own, in compiled code that looks at no signal. What it does look at, at every call and every
forced thunk, is how deep it may nest: taking that away makes it fail at once, and every thunk is as it was before.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

from imagetools.app.evaluating import cancel_builds, evaluate, without_builds
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.values.model import STACK

T = TypeVar("T")


class InterruptedEvaluation(ImagetoolsError):
    """Stopped before it had a value."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("interrupted")


def stop() -> None:
    """Make the running evaluation, and what it builds, fail. Safe in signal handlers and from other threads."""
    STACK.limit = -1
    cancel_builds()


def interruptible(work: Callable[[], T]) -> T:
    """Evaluate; the first Ctrl-C stops it (InterruptedEvaluation), the second leaves it behind (KeyboardInterrupt)."""
    stopped = False

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        if stopped:
            raise KeyboardInterrupt
        stopped = True
        stop()

    limit = STACK.limit
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        return evaluate(work)
    except ImagetoolsError:
        if stopped:
            raise InterruptedEvaluation from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)
        STACK.limit = limit


def within(seconds: float, work: Callable[[], T], otherwise: T) -> T:
    """Evaluate for a limited time, building nothing; ``otherwise`` where it takes longer or fails."""
    limit = STACK.limit
    watch = threading.Timer(seconds, stop)
    watch.daemon = True
    watch.start()
    try:
        with without_builds():
            return evaluate(work)
    except ImagetoolsError:
        return otherwise
    finally:
        watch.cancel()
        watch.join()
        STACK.limit = limit
