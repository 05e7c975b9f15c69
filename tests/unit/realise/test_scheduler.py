"""Which step runs when: order, what failures take along, several at once. Steps are built by a double that only takes notes."""

import threading
from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from imagetools.formats.derivation import Derivation
from imagetools.formats.store_path import StorePath
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash
from imagetools.realise.build import Builder, Elsewhere, nothing_else
from imagetools.realise.events import BuildFailed, Event
from imagetools.realise.failures import BuilderFailedError, HashMismatchError
from imagetools.realise.plan import Plan, Step
from imagetools.realise.scheduler import Run
from imagetools.realise.settings import RealiseSettings
from imagetools.sandbox.ports import CancelledError, Sandbox
from tests.unit.realise.test_failures import DRV

NOTHING = Derivation("x", {}, {}, (), "s", "b", (), {})


def path(name: str) -> StorePath:
    return StorePath(name.encode().ljust(20, b"-"), name)


class Notes:
    """The double: ``fails`` maps names to errors; ``meet`` holds every build until so many run at once."""

    def __init__(self, fails: Mapping[str, ImagetoolsError] | None = None, meet: int = 0) -> None:
        self.started: list[str] = []
        self.events: list[Event] = []
        self.fails = fails or {}
        self.meeting = threading.Barrier(meet) if meet else None

    def build(self, step: Step, elsewhere: Elsewhere = nothing_else) -> bool:
        self.started.append(step.drv.name)
        if self.meeting is not None:
            self.meeting.wait(10)
        if step.drv.name in self.fails:
            raise self.fails[step.drv.name]
        return True

    def cancel(self) -> None:
        """As the sandbox: nothing runs."""

    def work(self, needs: Mapping[str, Sequence[str]], **settings: object) -> None:
        """Run steps, given with what they need in an order in which that comes first."""
        steps = [
            Step(path(name), NOTHING, {}, (), tuple(sorted(path(need) for need in wanted)), False)
            for name, wanted in needs.items()
        ]
        run = Run(
            Plan(tuple(steps), {}),
            cast(Builder, self),
            cast(Sandbox, self),
            RealiseSettings(**settings),  # type: ignore[arg-type]
            lambda drv: drv.name,
            self.events.append,
            threading.Event(),
        )
        run.work()


FAILURE = BuilderFailedError(DRV, 1, None, [])


def test_one_after_another_in_the_order_of_the_plan() -> None:
    notes = Notes()
    notes.work({"a": [], "b": ["a"], "c": [], "d": ["b", "c"], "e": [], "f": []})
    assert notes.started == ["a", "b", "c", "d", "e", "f"]


def test_as_many_at_once_as_allowed() -> None:
    notes = Notes(meet=4)
    notes.work({name: [] for name in "abcdefgh"}, max_jobs=4)
    assert set(notes.started[:4]) == set("abcd")
    assert set(notes.started) == set("abcdefgh")


def test_without_keep_going_the_first_failure_is_the_last_thing() -> None:
    notes = Notes({"b": FAILURE})
    with pytest.raises(BuilderFailedError):
        notes.work({name: [] for name in "abc"})
    assert notes.started == ["a", "b"]


def test_keep_going_leaves_out_what_needs_a_failure_and_says_how_many() -> None:
    notes = Notes({"a": FAILURE, "b": HashMismatchError(DRV, Hash.zero("sha256"), Hash.zero("sha256"))})
    with pytest.raises(ImagetoolsError) as caught:
        notes.work({"a": [], "b": [], "c": [], "d": ["a", "b", "c"], "e": ["d"], "f": ["c"]}, keep_going=True)
    assert notes.started == ["a", "b", "c", "f"]
    assert caught.value.exit_code == 102
    failed = {event.drv.name: event.message for event in notes.events if isinstance(event, BuildFailed)}
    assert failed["d"] == "2 dependencies of derivation 'd' failed to build"
    assert failed["e"] == "1 dependencies of derivation 'e' failed to build"
    assert set(failed) == set("abde")


def test_needs_that_are_not_in_the_plan_are_there_already() -> None:
    notes = Notes()
    notes.work({"a": ["elsewhere"]})
    assert notes.started == ["a"]


def test_stopping_leaves_the_rest() -> None:
    class Stopping(Notes):
        def build(self, step: Step, elsewhere: Elsewhere = nothing_else) -> bool:
            super().build(step)
            raise CancelledError(step.drv.name)

    notes = Stopping()
    with pytest.raises(CancelledError):
        notes.work({name: [] for name in "abc"})
    assert notes.started == ["a"]


def test_an_unforeseen_error_comes_out_as_it_is() -> None:
    class Broken(Notes):
        def build(self, step: Step, elsewhere: Elsewhere = nothing_else) -> bool:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Broken().work({"a": [], "b": []}, max_jobs=2)


def test_what_another_process_builds_does_not_keep_from_other_work() -> None:
    class Locked(Notes):
        """``a`` and ``b`` are held elsewhere until ``d`` is done."""

        def build(self, step: Step, elsewhere: Elsewhere = nothing_else) -> bool:
            super().build(step)
            if step.drv.name in "ab" and "d" not in self.started:
                assert elsewhere(False)
                return False
            return True

    notes = Locked()
    notes.work({"a": [], "b": [], "c": [], "d": ["c"], "e": ["a"]})
    assert notes.started == ["a", "b", "c", "d", "a", "b", "e"]


def test_waiting_for_several_takes_turns() -> None:
    class Locked(Notes):
        """``a`` is held elsewhere until ``b`` is done."""

        def build(self, step: Step, elsewhere: Elsewhere = nothing_else) -> bool:
            super().build(step)
            if step.drv.name == "a" and "b" not in self.started:
                return not (elsewhere(False) or elsewhere(True))
            if step.drv.name == "b" and self.started.count("b") == 1:
                assert not elsewhere(False)  # nothing is ready
                return not elsewhere(True)  # but there is another to look after
            return True

    notes = Locked()
    notes.work({"a": [], "b": []})
    assert notes.started == ["a", "b", "a", "b"]


def test_thousands_in_a_row_and_side_by_side() -> None:
    notes = Notes()
    needs: dict[str, list[str]] = {"s0": []}
    for number in range(1, 3000):
        needs[f"s{number}"] = [f"s{number - 1}"]
        needs[f"w{number}"] = []
    notes.work(needs, max_jobs=2)
    assert len(notes.started) == len(needs)


def test_a_long_chain_fails_as_a_whole() -> None:
    notes = Notes({"s0": FAILURE})
    needs = {"s0": list[str]()} | {f"s{number}": [f"s{number - 1}"] for number in range(1, 2000)}
    with pytest.raises(ImagetoolsError):
        notes.work(needs, keep_going=True)
    assert notes.started == ["s0"]
    assert sum(isinstance(event, BuildFailed) for event in notes.events) == 2000
