"""Attribute sets while they are being parsed: nested paths, merging, duplicates (rows 5.013, 5.014).

``a.b = 1; a.c = 2;`` and ``a = { b = 1; }; a.c = 2;`` make one set. That is decided here, while the bindings come in one by
one, as in Nix: two sets merge only if both are written as sets. The set that came first keeps its ``rec``; the mark of the
other one is lost.

A set that is not finished is a tuple ``(ATTRS, pos, recursive, Bindings)``; ``check`` makes the final tuple.
"""

from typing import Final, cast

from imagetools.lang.syntax.ast import tuples as t
from imagetools.lang.syntax.errors import DuplicateFailure

Node = tuple[object, ...]
Path = list[object]  # a str for a static name, a Node for an expression
Binding = tuple[int, int, object]  # position, kind (tuples.EXPRESSION ...), payload


class Bindings:
    """What stands between braces, or between ``let`` and ``in``.

    ``static``: name -> (position, kind, payload), in the order of first definition; ``froms``: the expressions of ``inherit
    (e)``; ``dynamic``: (position, name, value).
    """

    def __init__(self) -> None:
        self.static: dict[str, Binding] = {}
        self.froms: list[Node] = []
        self.dynamic: list[tuple[int, Node, Node]] = []

    def add(self, path: Path, pos: int, value: Node) -> None:
        """``path = value;`` with the path beginning at ``pos``. Raises DuplicateFailure."""
        bindings = self
        for index in range(len(path) - 1):
            part = path[index]
            if type(part) is str:
                nested = bindings._nested(part, pos, path)
            else:
                nested = Bindings()
                bindings.dynamic.append((pos, cast(Node, part), (t.ATTRS, pos, False, nested)))
            bindings = nested
        last = path[-1]
        if type(last) is str:
            if last in bindings.static:
                bindings._merge(last, path, (pos, t.EXPRESSION, value))
            else:
                bindings.static[last] = (pos, t.EXPRESSION, value)
        else:
            bindings.dynamic.append((pos, cast(Node, last), value))

    def inherit(self, name: str, pos: int, source: int) -> None:
        """``inherit name;``, or ``inherit (froms[source]) name;`` where source is not -1. Raises DuplicateFailure."""
        old = self.static.get(name)
        if old is not None:
            raise _duplicate([name], pos, old[0])
        if source < 0:
            self.static[name] = (pos, t.INHERITED, None)
        else:
            self.static[name] = (pos, t.INHERITED_FROM, source)

    def _nested(self, name: str, pos: int, path: Path) -> "Bindings":
        """The set that ``name.`` leads to, on the way along ``path``; made where there is none."""
        old = self.static.get(name)
        if old is None:
            nested = Bindings()
            self.static[name] = (pos, t.EXPRESSION, (t.ATTRS, pos, False, nested))
            return nested
        inner = set_of(old)
        if inner is None:
            raise _duplicate(path, pos, old[0])
        return inner

    def _merge(self, name: str, path: Path, new: Binding) -> None:
        """``name``, the end of ``path``, is defined once more: both have to be sets."""
        old = self.static[name]
        target = set_of(old)
        source = set_of(new)
        if target is None or source is None:
            raise _duplicate(path, new[0], old[0])
        shift = len(target.froms)
        for inner, (pos, kind, payload) in source.static.items():
            moved = (pos, kind, cast(int, payload) + shift) if kind == t.INHERITED_FROM else (pos, kind, payload)
            if inner in target.static:
                target._merge(inner, [*path, inner], moved)
            else:
                target.static[inner] = moved
        target.dynamic.extend(source.dynamic)
        target.froms.extend(source.froms)


def _duplicate(path: Path, pos: int, previous: int) -> DuplicateFailure:
    """``path`` is all that was written, also where its beginning is what was defined before."""
    shown = [show_name(part) if type(part) is str else '"${...}"' for part in path]
    return DuplicateFailure(".".join(shown), pos, previous)


def set_of(binding: Binding) -> Bindings | None:
    """The bindings of a value that is written as a set; None for any other."""
    if binding[1] != t.EXPRESSION:
        return None
    value = cast(Node, binding[2])
    return cast(Bindings, value[3]) if value[0] == t.ATTRS else None


def show_name(name: str) -> str:
    """An attribute's name as Nix prints it: quoted where it is no identifier."""
    if name == "if" or not name:
        return f'"{name}"'
    plain = name.replace("_", "a").replace("'", "0").replace("-", "0")
    if plain.isascii() and plain.isalnum() and not plain[0].isdigit():
        return name
    return show_string(name)


_SHOWN: Final = str.maketrans({'"': '\\"', "\\": "\\\\", "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def show_string(text: str) -> str:
    """A string literal as Nix 2.8 prints it: every ``$`` escaped."""
    return '"' + text.translate(_SHOWN) + '"'
