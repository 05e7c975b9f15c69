"""A tree as text, in the form that ``nix-instantiate --parse`` of Nix 2.8 prints.

For people and for comparing with Nix; it is not a formatter: names are given fully parenthesised, and not every output can be
read back (an ``assert`` stands without parentheses).

Nix quirk: 2.8 prints the bindings of ``let`` and the formals of a function in the order of addresses in memory; here they are
sorted by name, as later versions do.
"""

from typing import cast

from imagetools.lang.syntax.ast import tuples as t
from imagetools.lang.syntax.attrsets import Node, show_name, show_string
from imagetools.lang.syntax.freezing import thaw

_SIGNS = {t.EQ: "==", t.NEQ: "!=", t.AND: "&&", t.OR: "||", t.IMPL: "->", t.UPDATE: "//", t.CONCATLISTS: "++"}


def show(expr: Node, base_dir: str, home: str) -> str:
    """The text of a final tree, frozen in part or not.

    Relative paths are shown from ``base_dir``, those with ``~`` from ``home``: byte strings.
    """
    writer = _Writer(base_dir, home)
    writer.node(expr)
    return "".join(writer.out)


def canonical(path: str) -> str:
    """An absolute path without ``.``, ``..`` and doubled slashes; ``..`` does not leave the root, links are not followed.

    >>> canonical("/a/./b//../c/")
    '/a/c'
    """
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if kept:
                kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    return "/" + "/".join(kept)


class _Writer:
    def __init__(self, base_dir: str, home: str) -> None:
        self.out: list[str] = []
        self._base_dir = base_dir
        self._home = home

    def _text(self, *pieces: object) -> None:
        """Pieces of text as they are, and nodes by ``node``."""
        for piece in pieces:
            if type(piece) is str:
                self.out.append(piece)
            else:
                self.node(piece)

    def node(self, tree: object) -> None:
        """Any expression, also one that is frozen."""
        node = thaw(tree)
        tag = cast(int, node[0])
        if tag in (t.VAR, t.GLOBAL, t.WITHVAR):
            self._text(show_name(cast(str, node[2])))
        elif tag <= t.HOME or tag == t.CURPOS:
            self._text(self._constant(tag, node))
        elif tag == t.CONCAT:
            self._joined("(", cast(tuple[object, ...], node[3]), " + ")
        elif tag == t.SELECT:
            self._text("(", node[2], ").")
            self._path(cast(tuple[object, ...], node[3]))
            if node[4] is not None:
                self._text(" or (", node[4], ")")
        elif tag == t.HASATTR:
            self._text("((", node[2], ") ? ")
            self._path(cast(tuple[object, ...], node[3]))
            self._text(")")
        elif tag == t.CALL:
            self._joined("(", self._flat(node), " ")
        elif tag == t.ARITH:
            self._text("(", node[2], " ", node[3], " ", node[4], ")")
        elif tag == t.LIST:
            self._text("[ ")
            for item in cast(tuple[object, ...], node[2]):
                self._text("(", item, ") ")
            self._text("]")
        elif tag == t.ATTRS:
            self._text("rec { " if node[2] else "{ ")
            self._bindings(cast(Node, node[3]), " ; ")
            self._text("}")
        elif tag == t.LAMBDA:
            self._lambda(node)
        else:
            self._control(tag, node)

    def _constant(self, tag: int, node: Node) -> str:
        if tag == t.CURPOS:
            return "__curPos"
        value = node[2]
        if tag == t.INT:
            return str(value)
        if tag == t.FLOAT:
            return f"{cast(float, value):g}"
        text = cast(str, value)
        if tag == t.STRING:
            return show_string(text)
        if tag == t.HOME:
            return self._home + text[1:]
        path = canonical(text if text.startswith("/") else f"{self._base_dir}/{text}")
        return path + "/" if text.endswith("/") and len(text) > 1 else path

    def _flat(self, call: Node) -> tuple[object, ...]:
        """Function and arguments; ``(a - b) c`` is one call of three, as in Nix."""
        function = cast(Node, call[2])
        arguments = cast(tuple[object, ...], call[3])
        if function[0] == t.ARITH:
            name = (t.GLOBAL, function[1], function[2])
            return (name, function[3], function[4], *arguments)
        if function[0] == t.CALL:
            return (*self._flat(function), *arguments)
        return (function, *arguments)

    def _joined(self, start: str, nodes: tuple[object, ...], between: str) -> None:
        for node in nodes:
            self._text(start, node)
            start = between
        self._text(")")

    def _path(self, path: tuple[object, ...]) -> None:
        before = ""
        for part in path:
            if type(part) is str:
                self._text(before, show_name(part))
            else:
                self._text(before, '"${', part, '}"')
            before = "."

    def _bindings(self, bindings: Node, after_inherit: str) -> None:
        static, froms, dynamic = cast(tuple[t.Static, tuple[object, ...], tuple[Node, ...]], bindings)
        names, _places, kinds, payloads = static
        for name, kind, payload in sorted(zip(names, kinds, payloads, strict=True), key=_binding_name):
            shown = show_name(name)
            if kind == t.INHERITED:
                self._text("inherit ", shown, after_inherit)
            elif kind == t.INHERITED_FROM:
                self._text(shown, " = (", froms[cast(int, payload)], ").", shown, "; ")
            else:
                self._text(shown, " = ", payload, "; ")
        for _pos, computed, value in dynamic:
            self._text('"${', computed, '}" = ', value, "; ")

    def _lambda(self, node: Node) -> None:
        argument, formals = node[2], node[3]
        self._text("(")
        if formals is not None:
            before = "{ "
            for name, _pos, default in sorted(cast(tuple[tuple[str, int, object], ...], formals), key=_formal_name):
                self._text(before, show_name(name))
                if default is not None:
                    self._text(" ? ", default)
                before = ", "
            if node[4]:
                self._text(before, "...")
            self._text("{ " if before == "{ " and not node[4] else "", " }", "" if argument is None else " @ ")
        self._text("" if argument is None else show_name(cast(str, argument)), ": ", node[5], ")")

    def _control(self, tag: int, node: Node) -> None:
        if tag == t.LET:
            self._text("(let ")
            self._bindings(cast(Node, node[2]), "; ")
            self._text("in ", node[3], ")")
        elif tag == t.WITH:
            self._text("(with ", node[2], "; ", node[3], ")")
        elif tag == t.IF:
            self._text("(if ", node[2], " then ", node[3], " else ", node[4], ")")
        elif tag == t.ASSERT:
            self._text("assert ", node[2], "; ", node[3])
        elif tag == t.NOT:
            self._text("(! ", node[2], ")")
        else:
            self._text("(", node[2], " ", _SIGNS[tag], " ", node[3], ")")


def _binding_name(binding: tuple[str, int, object]) -> str:
    return binding[0]


def _formal_name(formal: tuple[str, int, object]) -> str:
    return formal[0]
