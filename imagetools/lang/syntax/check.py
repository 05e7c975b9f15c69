"""Static scope: every variable becomes a slot of a frame, a global, or a question to the enclosing ``with``.

Works on the tree of ``parser`` and gives the final tuples of ``ast.tuples``. A name that nothing can provide is an error for
the whole file, before anything is evaluated, as in Nix. Only names of the base environment become GLOBAL: ``with
lib.platforms; all`` must not find a builtin that merely happens to exist.

Frames are made by functions, ``let``, ``rec`` and ``with``, as the tables in ``ast.tuples`` say; a plain set makes none.
Static names win over ``with``, whatever stands nearer.
"""

from array import array
from typing import Final, cast

from imagetools.lang.syntax.ast import tuples as t
from imagetools.lang.syntax.attrsets import Bindings, Node
from imagetools.lang.syntax.errors import TOO_DEEP, SyntaxFailure, UndefinedFailure
from imagetools.lang.syntax.near_misses import near, variable_limit

DEPTH_LIMIT: Final = 20000  # more than in the parser, since a + b + c ... grows deep without nesting

ARGUMENTS: Final = 3
"""How many arguments of ``x: y: z: ...`` share a frame: as many as the machine passes at once."""

Saved = list[tuple[str, tuple[int, int] | None]]


def resolve(tree: Node, globals: frozenset[str], scope: tuple[str, ...] = ()) -> Node:
    """The final tuples for a whole file. ``scope``: the names of the outermost frame, in order. Raises SyntaxFailure."""
    return Resolver(globals, scope).node(tree)


class Resolver:
    """Walks a tree once. ``_names`` maps each name that is in scope to its frame (counted from the outermost) and slot."""

    def __init__(self, globals: frozenset[str], scope: tuple[str, ...]) -> None:
        self._globals = globals
        self._names: dict[str, tuple[int, int]] = {name: (0, slot) for slot, name in enumerate(scope, 1)}
        self._frame = 0  # the number of the innermost frame
        self._withs: tuple[int, ...] = ()  # the frames of with, innermost first
        self._depth = 0

    def node(self, node: Node) -> Node:
        """The final tuple of an expression."""
        tag = cast(int, node[0])
        if tag == t.VAR:
            return self._variable(cast(str, node[2]), cast(int, node[1]))
        if tag < t.CONCAT or tag == t.CURPOS:
            return node
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise SyntaxFailure(TOO_DEEP, cast(int, node[1]))
        result = self._compound(tag, node)
        self._depth -= 1
        return result

    def _compound(self, tag: int, node: Node) -> Node:
        pos = node[1]
        if tag == t.SELECT:
            default = node[4]
            return (
                tag,
                pos,
                self.node(cast(Node, node[2])),
                self._path(cast(tuple[object, ...], node[3])),
                None if default is None else self.node(cast(Node, default)),
            )
        if tag == t.CALL:
            return (tag, pos, self.node(cast(Node, node[2])), self._nodes(cast(tuple[Node, ...], node[3])))
        if tag == t.ATTRS:
            return (tag, pos, node[2], self._attrs(cast(Bindings, node[3]), cast(bool, node[2])))
        if tag == t.LIST:
            return (tag, pos, self._nodes(cast(tuple[Node, ...], node[2])))
        if tag == t.LAMBDA:
            return self._lambda(node, None)
        if tag == t.CONCAT:
            return (tag, pos, node[2], self._nodes(cast(tuple[Node, ...], node[3])), node[4])
        if tag == t.LET:
            return self._let(node)
        if tag == t.WITH:
            return self._with(node)
        if tag == t.IF:
            return (tag, pos, self.node(cast(Node, node[2])), self.node(cast(Node, node[3])), self.node(cast(Node, node[4])))
        if tag == t.NOT:
            return (tag, pos, self.node(cast(Node, node[2])))
        if tag == t.HASATTR:
            return (tag, pos, self.node(cast(Node, node[2])), self._path(cast(tuple[object, ...], node[3])))
        if tag == t.ARITH:
            return self._arithmetic(node)
        return (tag, pos, self.node(cast(Node, node[2])), self.node(cast(Node, node[3])))

    def _variable(self, name: str, pos: int) -> Node:
        found = self._names.get(name)
        if found is not None:
            return (t.VAR, pos, name, self._frame - found[0], found[1])
        if name in self._globals:
            return (t.GLOBAL, pos, name)
        if self._withs:
            return (t.WITHVAR, pos, name, tuple([self._frame - frame for frame in self._withs]))
        raise UndefinedFailure(name, pos, near(name, {*self._names, *self._globals}, variable_limit(name)))

    def _nodes(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple([self.node(node) for node in nodes])

    def _path(self, path: tuple[object, ...]) -> tuple[object, ...]:
        for part in path:
            if type(part) is not str:
                return tuple([part if type(part) is str else self.node(cast(Node, part)) for part in path])
        return path

    def _arithmetic(self, node: Node) -> Node:
        pos = cast(int, node[1])
        name = cast(str, node[2])
        left = self.node(cast(Node, node[3]))
        right = self.node(cast(Node, node[4]))
        if name in self._names:
            return (t.CALL, pos, self._variable(name, pos), (left, right))
        return (t.ARITH, pos, name, left, right)

    # what makes frames

    def _enter(self, names: list[str], before: int = 0) -> Saved:
        """A new innermost frame with these names in its slots, or ``before`` slots of the innermost and then these; ``_leave``
        takes what this returns."""
        if before == 0:
            self._frame += 1
        frame, known = self._frame, self._names
        saved: Saved = []
        for slot, name in enumerate(names, before + 1):
            saved.append((name, known.get(name)))
            known[name] = (frame, slot)
        return saved

    def _leave(self, saved: Saved, before: int = 0) -> None:
        if before == 0:
            self._frame -= 1
        known = self._names
        for name, old in saved:
            if old is None:
                del known[name]
            else:
                known[name] = old

    def _lambda(self, node: Node, name: str | None, before: int = 0) -> Node:
        """A function; ``before``: how many arguments of ``x: y: z: ...`` it has in front, in the same frame."""
        argument = cast(str | None, node[2])
        formals = cast(tuple[tuple[str, int, Node | None], ...] | None, node[3])
        if formals is not None:
            before = 0
        names = [] if argument is None else [argument]
        if formals is not None:
            names.extend([formal[0] for formal in formals])
        saved = self._enter(names, before)
        resolved: tuple[Node, ...] | None = None
        if formals is not None:
            resolved = tuple(
                [formal if formal[2] is None else (formal[0], formal[1], self.node(formal[2])) for formal in formals]
            )
        body = self._named(cast(Node, node[5]), name, (before + 1) % ARGUMENTS if formals is None else 0)
        self._leave(saved, before)
        return (t.LAMBDA, node[1], argument, resolved, node[4], body, name, before)

    def _named(self, node: Node, name: str | None, before: int = 0) -> Node:
        """A value that is bound to ``name``: a function, and a function that it returns, is called by it in messages."""
        if node[0] != t.LAMBDA:
            return self.node(node)
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise SyntaxFailure(TOO_DEEP, cast(int, node[1]))
        result = self._lambda(node, name, before)
        self._depth -= 1
        return result

    def _with(self, node: Node) -> Node:
        scope = self.node(cast(Node, node[2]))
        outer = self._withs
        self._frame += 1
        self._withs = (self._frame, *outer)
        body = self.node(cast(Node, node[3]))
        self._withs = outer
        self._frame -= 1
        return (t.WITH, node[1], scope, body)

    def _let(self, node: Node) -> Node:
        bindings = cast(Bindings, node[2])
        inherited = self._inherited(bindings)
        saved = self._enter(list(bindings.static))
        resolved = self._bindings(bindings, inherited)
        body = self.node(cast(Node, node[3]))
        self._leave(saved)
        return (t.LET, node[1], resolved, body)

    def _attrs(self, bindings: Bindings, recursive: bool) -> Node:
        inherited = self._inherited(bindings)
        if not recursive:
            return self._bindings(bindings, inherited)
        saved = self._enter(list(bindings.static))
        resolved = self._bindings(bindings, inherited)
        self._leave(saved)
        return resolved

    def _inherited(self, bindings: Bindings) -> dict[str, Node]:
        """The variables of ``inherit x;``, which belong to the scope outside."""
        inherited: dict[str, Node] = {}
        for name, binding in bindings.static.items():
            if binding[1] == t.INHERITED:
                inherited[name] = self._variable(name, binding[0])
        return inherited

    def _bindings(self, bindings: Bindings, inherited: dict[str, Node]) -> Node:
        places = array("I")
        kinds = bytearray()
        payloads: list[object] = []
        for name, (pos, kind, payload) in bindings.static.items():
            places.append(pos)
            kinds.append(kind)
            if kind == t.EXPRESSION:
                payloads.append(self._named(cast(Node, payload), name))
            else:
                payloads.append(inherited[name] if kind == t.INHERITED else payload)
        static = (tuple(bindings.static), places.tobytes(), bytes(kinds), tuple(payloads))
        froms = self._nodes(tuple(bindings.froms)) if bindings.froms else ()
        dynamic: list[Node] = []
        for at, name_node, value in bindings.dynamic:
            dynamic.append((at, self.node(name_node), self.node(value)))
        return (static, froms, tuple(dynamic))
