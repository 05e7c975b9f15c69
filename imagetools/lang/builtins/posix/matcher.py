"""The exact matcher: what Nix's regular expressions do, where Python's differ.

Nix quirk: matching is a depth-first walk that commits to one more turn of a loop as soon as that leads to any match, but
tries both sides of every ``|`` and keeps the longer match (the left one on a tie); a loop may go round twice without
consuming anything, to give its groups a value. So ``split "a?(ab)?" "ab"`` finds "a", and ``split "a|ab" "ab"`` finds
"ab". Since groups are never referred back to, what follows from a state at a place is always the same, and is computed
once: linear in the text, where Nix is exponential. No recursion: texts may be long.
"""

from typing import Final, cast

from imagetools.lang.builtins.posix.syntax import Anchor, Chars, Either, Group, Node, Repeat, Sequence, Tree

CHARS: Final = 0
BEGIN: Final = 1
END: Final = 2
OPEN: Final = 3
CLOSE: Final = 4
SPLIT: Final = 5
LOOP: Final = 6
ACCEPT: Final = 7

NO_MATCH: Final = -1
UNKNOWN: Final = -2


class State:
    """One step. ``next`` is where it goes on, ``more`` the branch that is tried first (SPLIT: left; LOOP: once more);
    ``number`` the group of OPEN and CLOSE, or the weight of a loop in the count of empty turns (0: its body is never
    empty); ``table`` what CHARS accepts."""

    def __init__(self, op: int, number: int = 0) -> None:
        self.op = op
        self.number = number
        self.next: int = 0
        self.more: int = 0
        self.table: bytes = b""


class Program:
    """The states of a pattern; it starts at ``start``."""

    def __init__(self, tree: Tree) -> None:
        self.groups = tree.groups
        self.states: list[State] = []
        self.weight: int = 1
        accept = self.add(State(ACCEPT))
        self.start: int = self.build(tree.root, accept)

    def add(self, state: State) -> int:
        self.states.append(state)
        return len(self.states) - 1

    def build(self, node: Node, after: int) -> int:
        """The states of ``node``, going on at ``after``; where they start."""
        t = type(node)
        if t is Chars:
            state = State(CHARS)
            mask = cast(Chars, node).mask
            state.table = bytes([mask >> number & 1 for number in range(256)])
            state.next = after
            return self.add(state)
        if t is Anchor:
            state = State(END if cast(Anchor, node).at_end else BEGIN)
            state.next = after
            return self.add(state)
        if t is Group:
            group = cast(Group, node)
            close = State(CLOSE, group.number)
            close.next = after
            inner = self.build(group.body, self.add(close))
            begin = State(OPEN, group.number)
            begin.next = inner
            return self.add(begin)
        if t is Sequence:
            for item in reversed(cast(Sequence, node).items):
                after = self.build(item, after)
            return after
        if t is Either:
            branches = cast(Either, node).branches
            here = self.build(branches[0], after)
            for branch in branches[1:]:
                state = State(SPLIT)
                state.more = here
                state.next = self.build(branch, after)
                here = self.add(state)
            return here
        return self.build_repeat(cast(Repeat, node), after)

    def build_repeat(self, node: Repeat, after: int) -> int:
        here = after
        if node.high < 0:
            loop = State(LOOP, self.loop_weight(node.body))
            here = self.add(loop)
            loop.next = after
            loop.more = self.build(node.body, here)
        else:
            for _ in range(node.high - node.low):
                loop = State(LOOP, self.loop_weight(node.body))
                loop.next = after
                loop.more = self.build(node.body, here)
                here = self.add(loop)
        for _ in range(node.low):
            here = self.build(node.body, here)
        return here

    def loop_weight(self, body: Node) -> int:
        """Each loop that may turn without consuming has a digit (base 3) in the count of empty turns."""
        if not body.nullable:
            return 0
        weight = self.weight
        self.weight *= 3
        return weight


class Run:
    """One attempt: where in the text matches may end."""

    def __init__(self, program: Program, text: str) -> None:
        self.program = program
        self.text = text
        self.size: int = len(text) + 1
        self.known: dict[int, int] = {}
        self.whole: bool = False
        self.at_start: int = 0
        self.forbidden: int = -1

    def spans(self, begin: int, whole: bool, at_start: int, not_null: bool) -> list[int] | None:
        """The match that starts at ``begin``: [start, end] of all and then of each group (-1 where a group has no part),
        or None. ``at_start`` is where ``^`` matches (-1: nowhere), ``not_null`` refuses an empty match."""
        forbidden = begin if not_null else -1
        if whole != self.whole or at_start != self.at_start or forbidden != self.forbidden:
            self.known = {}
        self.whole = whole
        self.at_start = at_start
        self.forbidden = forbidden
        end = self.solve(self.key(self.program.start, begin, 0))
        if end == NO_MATCH:
            return None
        return self.follow(begin, end)

    def key(self, state: int, at: int, turns: int) -> int:
        return (turns * len(self.program.states) + state) * self.size + at

    def value(self, key: int) -> int:
        return self.known.get(key, UNKNOWN)

    def solve(self, wanted: int) -> int:
        """The end of the match from a state at a place, NO_MATCH if there is none."""
        known = self.known
        todo = [wanted]
        while todo:
            key = todo[-1]
            if key in known:
                todo.pop()
                continue
            first, second = self.options(key)
            if first == UNKNOWN:
                known[key] = second
                todo.pop()
                continue
            left = self.value(first)
            if left == UNKNOWN:
                todo.append(first)
                continue
            if second == UNKNOWN or (left != NO_MATCH and self.is_loop(key)):
                known[key] = left
                todo.pop()
                continue
            right = self.value(second)
            if right == UNKNOWN:
                todo.append(second)
                continue
            known[key] = left if left >= right else right
            todo.pop()
        return known[wanted]

    def is_loop(self, key: int) -> bool:
        states = self.program.states
        return states[key // self.size % len(states)].op == LOOP

    def options(self, key: int) -> tuple[int, int]:
        """What a key depends on: (first choice, second choice or UNKNOWN), or (UNKNOWN, its result)."""
        at = key % self.size
        rest = key // self.size
        count = len(self.program.states)
        state = self.program.states[rest % count]
        turns = rest // count
        op = state.op
        if op == CHARS:
            if at < self.size - 1 and state.table[ord(self.text[at])]:
                return self.key(state.next, at + 1, 0), UNKNOWN
            return UNKNOWN, NO_MATCH
        if op in (OPEN, CLOSE) or (op == BEGIN and at == self.at_start) or (op == END and at == self.size - 1):
            return self.key(state.next, at, turns), UNKNOWN
        if op == SPLIT:
            return self.key(state.more, at, turns), self.key(state.next, at, turns)
        if op == LOOP:
            weight = state.number
            out = self.key(state.next, at, turns)
            if weight and turns // weight % 3 == 2:
                return out, UNKNOWN
            return self.key(state.more, at, turns + weight), out
        if op == ACCEPT and at != self.forbidden and (not self.whole or at == self.size - 1):
            return UNKNOWN, at
        return UNKNOWN, NO_MATCH

    def follow(self, begin: int, end: int) -> list[int]:
        """Walk the winning way once more, for the groups."""
        states = self.program.states
        count = len(states)
        spans = [-1] * (2 * self.program.groups + 2)
        opened = [-1] * (self.program.groups + 1)
        spans[0] = begin
        spans[1] = end
        key = self.key(self.program.start, begin, 0)
        while True:
            state = states[key // self.size % count]
            at = key % self.size
            if state.op == ACCEPT:
                return spans
            if state.op == OPEN:
                opened[state.number] = at
            elif state.op == CLOSE:
                spans[2 * state.number] = opened[state.number]
                spans[2 * state.number + 1] = at
            first, second = self.options(key)
            left = self.value(first)
            key = first
            if second != UNKNOWN and (left == NO_MATCH or (state.op == SPLIT and left < self.value(second))):
                key = second
