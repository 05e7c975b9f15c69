"""A profile with a clock that the test winds."""

from imagetools.lang.runtime import profile as profiles
from imagetools.lang.runtime.profile import DEEPER, DEPTH, OUTSIDE, SAMPLES, Profile, Titled, collapsed


class Clock:
    """``now`` in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now


def test_time_belongs_to_the_stack_between_two_events() -> None:
    clock = Clock()
    profile = Profile(clock.read, 1.0)
    clock.now = 2.5
    profile.enter(Titled("f"))
    clock.now = 4.5
    profile.enter(Titled("g"))
    clock.now = 10.5
    profile.leave()
    clock.now = 10.9
    profile.leave()
    clock.now = 12.0
    assert profile.stacks() == [((OUTSIDE,), 4_000_000), (("f",), 2_000_000), (("f", "g"), 6_000_000)]


def test_what_is_shorter_than_a_step_is_seen_as_often_as_steps_fall_into_it() -> None:
    clock = Clock()
    profile = Profile(clock.read, 1.0)
    short, long = Titled("short"), Titled("long")
    for _ in range(2000):
        profile.enter(short)
        clock.now += 0.1237
        profile.leave()
        profile.enter(long)
        clock.now += 0.3711
        profile.leave()
    spent = dict(profile.stacks())
    assert abs(sum(spent.values()) - clock.now * 1e6) < 1e6
    assert 2.8 < spent["long",] / spent["short",] < 3.2


def test_steps_grow_with_the_number_of_samples() -> None:
    clock = Clock()
    profile = Profile(clock.read, 1.0)
    frame = Titled("f")
    for _ in range(SAMPLES):
        clock.now += 1.0
        profile.enter(frame)
        profile.leave()
    assert profile.step == 2.0
    assert sum(spent for _, spent in profile.stacks()) == SAMPLES * 1_000_000


def test_very_deep_stacks_end_somewhere() -> None:
    clock = Clock()
    profile = Profile(clock.read, 1.0)
    for _ in range(DEPTH + 500):
        profile.enter(Titled("f"))
    clock.now = 3.0
    ((stack, spent),) = profile.stacks()
    assert stack == ("f",) * DEPTH + (DEEPER,)
    assert spent == 3_000_000


def test_collapsed_stacks_are_lines_of_labels_and_microseconds() -> None:
    stacks = [(("a", "b /x;y\n.nix:1:2"), 12), (("c",), 3)]
    assert collapsed(stacks) == "a;b /x,y .nix:1:2 12\nc 3\n"


def test_the_clock_is_from_outside() -> None:
    assert not hasattr(profiles, "time")
