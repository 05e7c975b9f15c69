"""The output of ``nix-instantiate --parse`` without what is accident in it, so that it can be compared.

Nix 2.8 prints bindings of ``let`` and formals in the order of memory addresses, and keeps empty strings where it has stripped
indentation; later versions do neither, and so does imagetools.
"""

import re

Tree = str | list["Tree"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\[\s\S])*"|[^\s()\[\]{};,+:"]+|\S')
_PAIRS = {"(": ")", "[": "]", "{": "}"}


def normal(text: str) -> Tree:
    """``text`` as nested lists, in an order and with parts that do not depend on the version of Nix."""
    stack: list[list[Tree]] = [[]]
    closing: list[str] = []
    for token in _TOKEN.findall(text):
        if token in _PAIRS:
            closing.append(_PAIRS[token])
            stack.append([token])
        elif closing and token == closing[-1]:
            closing.pop()
            group = [*stack.pop(), token]
            stack[-1].append(_ordered(group))
        else:
            stack[-1].append(token)
    return stack[0]


def _ordered(group: list[Tree]) -> list[Tree]:
    if group[1] == "let":
        end = group.index("in")
        return ["(", "let", *_bindings(group[2:end]), *group[end:]]
    if isinstance(group[1], list) and group[1][0] == "{" and group[2] in (":", "@"):
        return ["(", _formals(group[1]), *group[2:]]
    while "+" in group and '""' in group:
        at = group.index('""')
        start = at if group[at + 1] == "+" else at - 1
        del group[start : start + 2]
    return group


def _split(tokens: list[Tree], mark: str) -> list[list[Tree]]:
    parts: list[list[Tree]] = [[]]
    for token in tokens:
        if token == mark:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _bindings(tokens: list[Tree]) -> list[Tree]:
    """The bindings, sorted; an ``assert`` brings a semicolon of its own."""
    whole: list[list[Tree]] = []
    asserts = 0
    for part in _split(tokens, ";"):
        if asserts:
            whole[-1] = [*whole[-1], ";", *part]
            asserts += part.count("assert") - 1
        elif part:
            whole.append(part)
            asserts = part.count("assert")
    return [token for part in sorted(whole, key=repr) for token in [*part, ";"]]


def _formals(group: list[Tree]) -> list[Tree]:
    parts = sorted(_split(group[1:-1], ","), key=lambda part: (part == ["..."], repr(part)))
    return ["{", *[token for part in parts for token in [*part, ","]], "}"]
