"""An LALR(1) automaton from rules: what a table-driven parser of the same grammar does in each state.

It exists for messages and for tests; it is made once, when the first syntax error has to be explained (a few hundredths of a
second). As in yacc, the commonest reduction of a state is its default: it is done without asking whether the next token fits,
so it decides which tokens a message names.

The look-ahead sets are found by DeRemer and Pennello's relations ("Efficient Computation of LALR(1) Look-Ahead Sets", 1982).
"""

from typing import Final

from imagetools.lang.syntax import grammar
from imagetools.lang.syntax.tokens import COUNT, END

Item = tuple[int, int]  # rule, dot
Transition = tuple[int, int]  # state, symbol


class Rule:
    """``head`` is a number from COUNT up, symbols below COUNT are terminals; ``level``: precedence, 0 for none."""

    def __init__(self, head: int, body: tuple[int, ...], level: int) -> None:
        self.head = head
        self.body = body
        self.level = level


class State:
    """``shifts``: symbol -> state; ``reductions``: terminal -> rule, without those that the default does; ``refused``: terminals
    that an operator without associativity rules out; ``default``: a rule or -1."""

    def __init__(self) -> None:
        self.shifts: dict[int, int] = {}
        self.reductions: dict[int, int] = {}
        self.refused: set[int] = set()
        self.default = -1


class Automaton:
    """``rules[0]`` is the added ``start: file END``; ``states[0]`` is where to begin."""

    def __init__(self) -> None:
        self._levels: dict[int | str, tuple[int, str]] = {
            symbol: (level, kind) for level, (kind, symbols) in enumerate(grammar.PRECEDENCES, 1) for symbol in symbols
        }
        self.rules = self._read_rules()
        self._of_head: dict[int, list[int]] = {}
        for number, rule in enumerate(self.rules):
            self._of_head.setdefault(rule.head, []).append(number)
        self._nullable = self._find_nullable()
        self.states: list[State] = []
        self._kernels: list[tuple[Item, ...]] = []
        self._make_states()
        self._make_actions(self._lookaheads())

    def _read_rules(self) -> list[Rule]:
        heads: dict[str, int] = {}
        texts: list[tuple[str, str]] = []
        for line in grammar.RULES.strip().replace("\n    ", " ").splitlines():
            head, _, bodies = line.partition(":")
            heads[head] = COUNT + 1 + len(heads)
            texts.extend([(head, body) for body in bodies.split("|")])
        rules = [Rule(COUNT, (heads["file"], END), 0)]
        for head, body in texts:
            symbols: list[int] = []
            level = 0
            for word in body.split():
                if word.startswith("%"):
                    level = self._levels[word[1:]][0]
                    continue
                symbol = grammar.TERMINALS.get(word, -1)
                if symbol < 0:
                    symbol = heads[word]
                elif symbol in self._levels:
                    level = self._levels[symbol][0]
                symbols.append(symbol)
            rules.append(Rule(heads[head], tuple(symbols), level))
        return rules

    def _find_nullable(self) -> set[int]:
        nullable: set[int] = set()
        size = -1
        while size != len(nullable):
            size = len(nullable)
            for rule in self.rules:
                if nullable.issuperset(rule.body):
                    nullable.add(rule.head)
        return nullable

    def _make_states(self) -> None:
        numbers: dict[tuple[Item, ...], int] = {((0, 0),): 0}
        self._kernels.append(((0, 0),))
        at = 0
        while at < len(self._kernels):
            state = State()
            self.states.append(state)
            onward: dict[int, list[Item]] = {}
            for rule, dot in self._closure(self._kernels[at]):
                body = self.rules[rule].body
                if dot < len(body):
                    onward.setdefault(body[dot], []).append((rule, dot + 1))
            for symbol, items in onward.items():
                kernel = tuple(sorted(items))
                if kernel not in numbers:
                    numbers[kernel] = len(self._kernels)
                    self._kernels.append(kernel)
                state.shifts[symbol] = numbers[kernel]
            at += 1

    def _closure(self, kernel: tuple[Item, ...]) -> list[Item]:
        items = list(kernel)
        seen: set[int] = set()
        for rule, dot in items:  # grows while it is walked
            body = self.rules[rule].body
            if dot < len(body) and body[dot] > COUNT and body[dot] not in seen:
                seen.add(body[dot])
                items.extend([(number, 0) for number in self._of_head[body[dot]]])
        return items

    def _lookaheads(self) -> dict[tuple[int, int], set[int]]:
        """For each state and each rule that ends there, the terminals that may follow."""
        follow: dict[Transition, set[int]] = {}
        affects: dict[Transition, list[Transition]] = {}  # what grows a set -> the sets that grow with it
        for number, state in enumerate(self.states):
            for symbol, target in state.shifts.items():
                if symbol <= COUNT:
                    continue
                there = self.states[target].shifts
                follow[number, symbol] = {terminal for terminal in there if terminal < COUNT}
                for nullable in self._nullable.intersection(there):
                    affects.setdefault((target, nullable), []).append((number, symbol))
        back: list[tuple[int, int, Transition]] = []
        for number, head in list(follow):
            for rule_number in self._of_head[head]:
                body = self.rules[rule_number].body
                at = number
                for index, symbol in enumerate(body):
                    if symbol > COUNT and self._nullable.issuperset(body[index + 1 :]):
                        affects.setdefault((number, head), []).append((at, symbol))
                    at = self.states[at].shifts[symbol]
                back.append((at, rule_number, (number, head)))
        waiting = list(follow)
        while waiting:
            source = waiting.pop()
            for target_set in affects.get(source, ()):
                if not follow[source] <= follow[target_set]:
                    follow[target_set] |= follow[source]
                    waiting.append(target_set)
        lookaheads: dict[tuple[int, int], set[int]] = {}
        for at, rule_number, transition in back:
            lookaheads.setdefault((at, rule_number), set()).update(follow[transition])
        return lookaheads

    def _make_actions(self, lookaheads: dict[tuple[int, int], set[int]]) -> None:
        for (number, rule_number), terminals in sorted(lookaheads.items()):
            state = self.states[number]
            for terminal in terminals:
                if terminal not in state.shifts:
                    state.reductions[terminal] = rule_number
                else:
                    self._settle(state, terminal, rule_number)
        for state in self.states:
            counts: dict[int, int] = {}
            for terminal in sorted(state.reductions):
                counts[state.reductions[terminal]] = counts.get(state.reductions[terminal], 0) + 1
            for rule_number in sorted(counts):
                if counts[rule_number] > counts.get(state.default, 0):
                    state.default = rule_number
            state.reductions = {token: rule for token, rule in state.reductions.items() if rule != state.default}

    def _settle(self, state: State, terminal: int, rule_number: int) -> None:
        """Shift or reduce: the tighter one wins, associativity decides among equals."""
        level, kind = self._levels[terminal]
        own = self.rules[rule_number].level
        if own < level or (own == level and kind == grammar.RIGHT):
            return
        del state.shifts[terminal]
        if own > level or kind == grammar.LEFT:
            state.reductions[terminal] = rule_number
        else:
            state.refused.add(terminal)


_MADE: Final[list[Automaton]] = []


def automaton() -> Automaton:
    """The automaton of the language, made at the first call."""
    if not _MADE:
        _MADE.append(Automaton())
    return _MADE[0]
