"""What a syntax error says: which token stands there, and which would have fitted.

Nix quirk: its parser works through a table with default reductions, and so it names neither all tokens that would fit nor
always the useful ones (``{ 1 = x; }`` is said to expect ``'inherit'``); more than four are not named at all. To say the same,
the tokens before the error are run through the same kind of table. That is slow, but a syntax error ends the run anyway.
"""

from typing import Final

from imagetools.lang.syntax import grammar
from imagetools.lang.syntax.automaton import Automaton, automaton
from imagetools.lang.syntax.tokens import END

MOST_NAMED: Final = 4


def describe(kinds: list[int]) -> str:
    """The sentence for a file of these tokens, the last of which does not fit.

    >>> from imagetools.lang.syntax import tokens
    >>> describe([tokens.LEFT_PAREN, tokens.INT, tokens.SEMICOLON])
    "syntax error, unexpected ';', expecting ')'"
    """
    terminals: list[int] = []
    for kind in kinds:
        terminals.extend(grammar.EXPANDED.get(kind, (kind,)))
    wrong, fitting = run(terminals)
    sentence = f"syntax error, unexpected {grammar.NAMES[wrong if wrong >= 0 else terminals[-1]]}"
    if 0 < len(fitting) <= MOST_NAMED:
        sentence += ", expecting " + " or ".join([grammar.NAMES[terminal] for terminal in fitting])
    return sentence


def run(terminals: list[int]) -> tuple[int, list[int]]:
    """Read terminals until one does not fit: that one, and those that the state shows to fit; ``(-1, [])`` if all fit."""
    table = automaton()
    stack = [0]
    for terminal in terminals:
        if not _read(table, stack, terminal):
            state = table.states[stack[-1]]
            return terminal, [name for name in grammar.NAMES if name in state.shifts or name in state.reductions]
    return -1, []


def _read(table: Automaton, stack: list[int], terminal: int) -> bool:
    """All reductions that ``terminal`` leads to, and its shift; False if it does not fit."""
    while True:
        state = table.states[stack[-1]]
        target = state.shifts.get(terminal)
        if target is not None:
            stack.append(target)
            return True
        number = state.reductions.get(terminal, -1 if terminal in state.refused else state.default)
        if number < 0:
            return False
        rule = table.rules[number]
        if rule.body:
            del stack[-len(rule.body) :]
        stack.append(table.states[stack[-1]].shifts[rule.head])


def accepts(terminals: list[int]) -> bool:
    """Whether a file of these terminals (END is added) is in the language."""
    return run([*terminals, END])[0] < 0
