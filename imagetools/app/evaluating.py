"""Evaluating in the thread with the big stack, and stopping what it builds (import from derivation; row 4.058).

Builds that an evaluation waits for are run by its thread, but Ctrl-C, SIGTERM and SIGHUP come to the main thread, which waits
for the evaluation: so the builders that run are known here, to be cancelled from there, and nothing of them is left behind.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Protocol, TypeVar

from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime import bigstack

T = TypeVar("T")
PATIENCE: Final = 10.0
"""Seconds for cancelled builds to clear up after themselves."""


class Cancellable(Protocol):
    """What can be stopped from another thread or a signal handler."""

    def cancel(self) -> None:
        """Stop; may be called any number of times, also where nothing runs."""
        ...


class NothingBuiltError(ImagetoolsError):
    """An evaluation that only looks for names (completion) would have to build."""

    def __init__(self) -> None:
        super().__init__("nothing is built while names are completed")


_RUNNING: Final[list[Cancellable]] = []
_FORBIDDEN: Final[list[bool]] = []


@contextmanager
def running(builds: Cancellable) -> Iterator[None]:
    """While the evaluation waits for these. Raises NothingBuiltError inside ``without_builds``."""
    if _FORBIDDEN:
        raise NothingBuiltError
    _RUNNING.append(builds)
    try:
        yield
    finally:
        _RUNNING.remove(builds)


@contextmanager
def without_builds() -> Iterator[None]:
    """What is evaluated in here must not build."""
    _FORBIDDEN.append(True)
    try:
        yield
    finally:
        _FORBIDDEN.pop()


def cancel_builds() -> None:
    """Make whatever an evaluation builds fail. Safe in signal handlers and from any thread."""
    for builds in list(_RUNNING):
        builds.cancel()


def evaluate(work: Callable[[], T]) -> T:
    """Run something that evaluates; what stops this thread stops its builds first.

    Raises what ``work`` raises, KeyboardInterrupt, and TerminatedError or HungUpError where a signal came during a build.
    """
    with _terminable():
        try:
            return bigstack.run(work)
        except BaseException:
            _end_builds()
            raise


def _end_builds() -> None:
    end = time.monotonic() + PATIENCE
    while _RUNNING and time.monotonic() < end:
        cancel_builds()
        time.sleep(0.02)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM and SIGHUP end the process as ever, but during a build by an exception in the main thread.

    What is ignored (as under nohup) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    before = {number: handler for number, handler in before.items() if handler == signal.SIG_DFL}
    for number in before:
        signal.signal(number, _terminate)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminate(number: int, frame: FrameType | None) -> None:
    del frame
    if _RUNNING:
        from imagetools.realise.failures import HungUpError, TerminatedError

        raise HungUpError if number == signal.SIGHUP else TerminatedError
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
