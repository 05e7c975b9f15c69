"""Evaluations that wait for builds, and what stops them: here the builds are doubles that end when they are cancelled."""

import os
import signal
import threading
from collections.abc import Callable

import pytest

from imagetools.app.evaluating import NothingBuiltError, cancel_builds, evaluate, running, without_builds
from imagetools.lang.runtime.errors import EvalError
from imagetools.realise.failures import HungUpError, TerminatedError


class Slow:
    """Builds until it is cancelled."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def cancel(self) -> None:
        self.stopped.set()

    def build(self) -> None:
        with running(self):
            assert self.stopped.wait(20)
        raise EvalError("the build was interrupted")


def to_the_process(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)  # the main thread gets it, mostly as it waits


def to_this_thread(number: signal.Signals) -> None:
    signal.pthread_kill(threading.get_ident(), number)  # nothing wakes the main thread


@pytest.mark.parametrize("send", [to_the_process, to_this_thread])
@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, TerminatedError), (signal.SIGHUP, HungUpError)],
)
def test_signals_cancel_the_build_first(
    number: signal.Signals, error: type[BaseException], send: Callable[[signal.Signals], None]
) -> None:
    slow = Slow()
    before = signal.getsignal(signal.SIGTERM)

    def work() -> None:
        with running(Slow()):
            send(number)
            slow.build()

    with pytest.raises(error):
        evaluate(work)
    assert slow.stopped.is_set()
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_runs_is_cancelled_from_anywhere() -> None:
    slow = Slow()
    watch = threading.Timer(0.05, cancel_builds)
    watch.start()
    with pytest.raises(EvalError, match="interrupted"):
        evaluate(slow.build)
    watch.join()


def test_completion_builds_nothing() -> None:
    with without_builds(), pytest.raises(NothingBuiltError):
        evaluate(Slow().build)


def test_an_evaluation_inside_another_has_a_stack_of_its_own() -> None:
    assert evaluate(lambda: evaluate(lambda: threading.current_thread().name) + "!") == "evaluation!"
