"""Where the time of an evaluation goes: a stack of the functions that run, looked at in steady steps of time.

Compiled code lets no other thread in, so there is no sampler beside it: the clock is read where a function begins and ends,
and each step of time that has passed since belongs to the stack as it was in between, which nothing has changed. So samples fall
where a sampler's would, also into builtins that run for long. The step doubles whenever there are ``SAMPLES`` more, so that long
evaluations make no endless files. Who calls ``enter`` and ``leave``: the nodes of ``nodes/observed.py``, made only when somebody
asked for a profile. The clock is given from outside: nothing here knows the time.
"""

from collections.abc import Callable
from typing import Final

STEP: Final = 0.0001
SAMPLES: Final = 4_000
DEPTH: Final = 1_000
OUTSIDE: Final = "(reading, printing, writing)"
DEEPER: Final = "(deeper)"


class Framed:
    """What can stand on the stack: a function, a builtin, a file."""

    def label(self) -> str:
        """How the profile names it (bytestr)."""
        raise NotImplementedError


class Titled(Framed):
    """A builtin, or a file."""

    def __init__(self, title: str) -> None:
        self.title = title

    def label(self) -> str:
        return self.title


class Profile:
    """``clock`` gives seconds and never goes back; time counts from when this is made. ``stacks`` is the result."""

    def __init__(self, clock: Callable[[], float], step: float = STEP) -> None:
        self.clock = clock
        self.step: float = step
        self.next: float = clock() + step
        self.taken: int = 0
        self.stack: list[Framed] = []
        self.seconds: dict[tuple[Framed, ...], float] = {}
        self.deep: dict[tuple[Framed, ...], float] = {}

    def enter(self, frame: Framed) -> None:
        """A function begins."""
        now = self.clock()
        if now >= self.next:
            self.sample(now)
        self.stack.append(frame)

    def leave(self) -> None:
        """The function that began last ends, in whatever way."""
        now = self.clock()
        if now >= self.next:
            self.sample(now)
        self.stack.pop()

    def sample(self, now: float) -> None:
        """Give the steps that have passed to the stack as it is."""
        steps = int((now - self.next) / self.step) + 1
        spent = steps * self.step
        stack = self.stack
        if len(stack) > DEPTH:
            key = tuple(stack[:DEPTH])
            self.deep[key] = self.deep.get(key, 0.0) + spent
        else:
            key = tuple(stack)
            self.seconds[key] = self.seconds.get(key, 0.0) + spent
        self.next += spent
        self.taken += 1
        if self.taken >= SAMPLES:
            self.taken = 0
            self.step *= 2.0

    def stacks(self) -> list[tuple[tuple[str, ...], int]]:
        """Each stack that was seen, outermost first, with its own time in microseconds; sorted."""
        now = self.clock()
        if now >= self.next:
            self.sample(now)
        named: dict[tuple[str, ...], float] = {}
        for seconds, rest in ((self.seconds, ""), (self.deep, DEEPER)):
            for key, spent in list(seconds.items()):  # a list: where Ctrl-C ended the evaluation, its thread may still run
                labels = [frame.label() for frame in key] or [OUTSIDE]
                if rest:
                    labels.append(rest)
                stack = tuple(labels)
                named[stack] = named.get(stack, 0.0) + spent
        return [(stack, round(named[stack] * 1e6)) for stack in sorted(named)]


def collapsed(stacks: list[tuple[tuple[str, ...], int]]) -> str:
    """One line a stack, as ``flamegraph.pl``, inferno and speedscope read it: labels joined by ``;``, a blank, microseconds."""
    lines: list[str] = []
    for stack, spent in stacks:
        lines.append(";".join([label.replace(";", ",").replace("\n", " ") for label in stack]) + f" {spent}\n")
    return "".join(lines)
