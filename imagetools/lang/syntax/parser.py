"""Tokens to tuples, by hand: one method a rule, and precedence climbing for the operators (rows 5.011-5.045).

The tree that comes out of ``Parser`` still has plain names for variables and open sets (``attrsets.Bindings``);
``check.resolve`` gives the final tuples. ``parse_file`` does all of it.

Nix quirks: ``f or [..]`` applies f to a variable named ``or``; a parenthesised application is the same application as one without
parentheses, so ``(f x) y`` is one CALL of two arguments; unary minus binds tighter than ``?``, and ``!`` looser than ``+``.
"""

from typing import Final, cast

from imagetools.lang.syntax import tokens as k
from imagetools.lang.syntax.ast import tuples as t
from imagetools.lang.syntax.attrsets import Bindings, Node, Path
from imagetools.lang.syntax.check import resolve
from imagetools.lang.syntax.errors import TOO_DEEP, ParseError, SyntaxFailure, reported
from imagetools.lang.syntax.lexer import Lexer
from imagetools.lang.syntax.lines import line_starts
from imagetools.lang.syntax.literals import Literals
from imagetools.lang.syntax.operators import (
    LEVEL_OF_NEGATE,
    LEVEL_OF_NOT,
    PRECEDENCE,
    RIGHT_TO_LEFT,
    UNASSOCIATED,
    binary,
    negated,
)


def _beginnings() -> list[bool]:
    table = [False] * k.COUNT
    for kind in (
        *(k.ID, k.INT, k.FLOAT, k.STRING, k.INDENTED, k.PATH, k.HOME_PATH, k.SEARCH_PATH, k.URI, k.QUOTE, k.INDENTED_OPEN),
        *(k.PATH_OPEN, k.HOME_OPEN, k.LET, k.REC, k.LEFT_BRACE, k.LEFT_PAREN, k.LEFT_BRACKET),
    ):
        table[kind] = True
    return table


_SIMPLE: Final[list[bool]] = _beginnings()  # the kinds that begin an operand


def parse_file(source: bytes, origin: str, globals: frozenset[str], scope: tuple[str, ...] = ()) -> tuple[Node, bytes]:
    """The final tree of a file, and its line starts (see ``lines``).

    ``origin`` names the file in messages; ``globals`` are the names of the base environment; ``scope`` those of an outermost
    frame (for scopedImport), in the order of its slots. Raises ParseError, and its kind UndefinedVariableError.
    """
    lexer = Lexer(source.decode("latin-1"))
    lexer.run()
    parser = Parser(lexer)
    try:
        tree = resolve(parser.file(), globals, scope)
    except SyntaxFailure as failure:
        raise reported(failure, origin, source) from None
    except RecursionError:
        raise ParseError(TOO_DEEP, origin, source, parser.position()) from None
    return tree, line_starts(source)


_DUPLICATE_FORMAL: Final = "duplicate formal function argument '%s'"
_LITERAL: Final[dict[int, int]] = {
    k.INT: t.INT,
    k.FLOAT: t.FLOAT,
    k.URI: t.STRING,
    k.PATH: t.PATH,
    k.HOME_PATH: t.HOME,
    k.SEARCH_PATH: t.STRING,
}


class Parser(Literals):
    """The grammar. ``file()`` is the way in; the other methods each read one rule from the current token on."""

    def file(self) -> Node:
        """``file = expression END``."""
        tree = self._expression()
        if self._kinds[self._at] != k.END:
            raise self._failure()
        return tree

    # expressions

    def _expression(self) -> Node:
        """``expression = function | ("assert" | "with") expression ";" expression | let | if | operation``."""
        at = self._at
        kind = self._kinds[at]
        pos = self._positions[at]
        if kind == k.ID:
            following = self._kinds[at + 1]
            if following == k.COLON:
                self._at = at + 2
                return (t.LAMBDA, pos, self._values[at], None, False, self._inner())
            if following == k.AT:
                return self._named_formals(cast(str, self._values[at]), pos)
            return self._operation(1)
        if kind == k.LEFT_BRACE:
            return self._function() if self._begins_formals(at) else self._operation(1)
        if kind == k.LET and self._kinds[at + 1] != k.LEFT_BRACE:
            return self._let(pos)
        if kind == k.IF:
            return self._if(pos)
        if kind in (k.WITH, k.ASSERT):
            self._at = at + 1
            first = self._inner()
            self._expect(k.SEMICOLON)
            return (t.WITH if kind == k.WITH else t.ASSERT, pos, first, self._inner())
        return self._operation(1)

    def _let(self, pos: int) -> Node:
        self._at += 1
        bindings = self._bindings(k.IN)
        body = self._inner()
        if bindings.dynamic:
            raise SyntaxFailure("dynamic attributes not allowed in let", pos)
        return (t.LET, pos, bindings, body)

    def _if(self, pos: int) -> Node:
        self._at += 1
        condition = self._inner()
        self._expect(k.THEN)
        then = self._inner()
        self._expect(k.ELSE)
        return (t.IF, pos, condition, then, self._inner())

    # functions

    def _begins_formals(self, at: int) -> bool:
        """Whether the ``{`` at ``at`` begins the formals of a function, not a set."""
        kinds = self._kinds
        first = kinds[at + 1]
        if first == k.ID:
            second = kinds[at + 2]
            return second in (k.COMMA, k.HAS, k.RIGHT_BRACE)
        if first == k.RIGHT_BRACE:
            return kinds[at + 2] in (k.COLON, k.AT)
        return first == k.ELLIPSIS

    def _function(self) -> Node:
        """``formals [ "@" ID ] ":" expression``."""
        pos = self._positions[self._at]
        formals, ellipsis = self._formals()
        name: str | None = None
        if self._kinds[self._at] == k.AT:
            self._at += 1
            self._expect(k.ID)
            name = cast(str, self._values[self._at - 1])
        return self._lambda(pos, name, formals, ellipsis)

    def _named_formals(self, name: str, pos: int) -> Node:
        """``ID "@" formals ":" expression``."""
        self._at += 2
        if self._kinds[self._at] != k.LEFT_BRACE:
            raise self._failure()
        formals, ellipsis = self._formals()
        return self._lambda(pos, name, formals, ellipsis)

    def _lambda(self, pos: int, name: str | None, formals: list[Node], ellipsis: bool) -> Node:
        self._expect(k.COLON)
        body = self._inner()
        seen: set[str] = set()
        for formal in formals:
            argument = cast(str, formal[0])
            if argument in seen:
                raise SyntaxFailure(_DUPLICATE_FORMAL % argument, cast(int, formal[1]))
            seen.add(argument)
        if name is not None and name in seen:
            raise SyntaxFailure(_DUPLICATE_FORMAL % name, pos)
        return (t.LAMBDA, pos, name, tuple(formals), ellipsis, body)

    def _formals(self) -> tuple[list[Node], bool]:
        """``formals = "{" [ formal { "," formal } [ "," ] [ "..." ] ] "}" ; formal = ID [ "?" expression ]``."""
        kinds = self._kinds
        self._at += 1
        formals: list[Node] = []
        ellipsis = False
        while kinds[self._at] == k.ID:
            at = self._at
            self._at = at + 1
            default: Node | None = None
            if kinds[self._at] == k.HAS:
                self._at += 1
                default = self._inner()
            formals.append((self._values[at], self._positions[at], default))
            if kinds[self._at] != k.COMMA:
                break
            self._at += 1
        if kinds[self._at] == k.ELLIPSIS and kinds[self._at - 1] in (k.COMMA, k.LEFT_BRACE):
            self._at += 1
            ellipsis = True
        self._expect(k.RIGHT_BRACE)
        return formals, ellipsis

    # operators

    def _operation(self, least: int) -> Node:
        """Operands joined by operators of at least precedence ``least``."""
        kinds = self._kinds
        start = self._positions[self._at]
        kind = kinds[self._at]
        left: Node
        if kind == k.NOT:
            left = (t.NOT, start, self._operand(LEVEL_OF_NOT))
        elif kind == k.MINUS:
            left = negated(start, self._operand(LEVEL_OF_NEGATE))
        else:
            left = self._application()
        while True:
            kind = kinds[self._at]
            precedence = PRECEDENCE[kind]
            if precedence < least:
                return left
            pos = self._positions[self._at]
            if kind == k.HAS:
                self._at += 1
                left = (t.HASATTR, pos, left, tuple(self._path()))
                continue
            right_start = self._positions[self._at + 1]
            right = self._operand(precedence - 1 if precedence in RIGHT_TO_LEFT else precedence)
            if kind == k.PLUS:
                left = (t.CONCAT, pos, False, (left, right), (start, right_start))
            else:
                left = binary(kind, pos, left, right)
            if precedence in UNASSOCIATED and PRECEDENCE[kinds[self._at]] == precedence:
                raise self._failure()

    def _operand(self, above: int) -> Node:
        """The right side of the operator that is the current token: what binds tighter than ``above``."""
        self._at += 1
        self._deeper()
        tree = self._operation(above + 1)
        self._depth -= 1
        return tree

    def _application(self) -> Node:
        """``application = selection { selection }``."""
        pos = self._positions[self._at]
        function = self._selection()
        kinds = self._kinds
        if not _SIMPLE[kinds[self._at]]:
            return function
        arguments: list[Node] = []
        while _SIMPLE[kinds[self._at]]:
            arguments.append(self._selection())
        if function[0] == t.CALL:
            return (t.CALL, function[1], function[2], (*cast(tuple[Node, ...], function[3]), *arguments))
        return (t.CALL, function[1] if function[0] == t.ARITH else pos, function, tuple(arguments))

    def _selection(self) -> Node:
        """``selection = simple [ "." path [ "or" selection ] | "or" ]``."""
        at = self._at
        kind = self._kinds[at]
        pos = self._positions[at]
        tree: Node
        if kind == k.ID:
            name = self._values[at]
            tree = (t.CURPOS, pos) if name == "__curPos" else (t.VAR, pos, name)
            self._at = at + 1
        elif kind in (k.STRING, k.INDENTED):
            tree = (t.STRING, pos, self._values[at])
            self._at = at + 1
        else:
            tree = self._simple(kind, pos)
        kind = self._kinds[self._at]
        if kind == k.DOT:
            self._at += 1
            path = tuple(self._path())
            if self._kinds[self._at] != k.OR_KEYWORD:
                return (t.SELECT, pos, tree, path, None)
            self._at += 1
            self._deeper()
            default = self._selection()
            self._depth -= 1
            return (t.SELECT, pos, tree, path, default)
        if kind == k.OR_KEYWORD:
            self._at += 1
            return (t.CALL, pos, tree, ((t.VAR, pos, "or"),))
        return tree

    def _simple(self, kind: int, pos: int) -> Node:
        """An operand that is neither a name nor a plain string."""
        if kind == k.LEFT_PAREN:
            self._at += 1
            tree = self._inner()
            self._expect(k.RIGHT_PAREN)
            return tree
        if kind == k.LEFT_BRACE:
            self._at += 1
            return (t.ATTRS, pos, False, self._bindings(k.RIGHT_BRACE))
        if kind == k.LEFT_BRACKET:
            return self._list(pos)
        if kind == k.QUOTE:
            self._at += 1
            return self._string()
        if kind == k.INDENTED_OPEN:
            return self._indented(pos)
        if kind in (k.REC, k.LET):
            self._at += 1
            self._expect(k.LEFT_BRACE)
            tree = (t.ATTRS, pos, True, self._bindings(k.RIGHT_BRACE))
            return tree if kind == k.REC else (t.SELECT, pos, tree, ("body",), None)
        if kind in (k.PATH_OPEN, k.HOME_OPEN):
            return self._interpolated_path(kind, pos)
        tag = _LITERAL.get(kind)
        if tag is None:
            raise self._failure()
        value = self._values[self._at]
        self._at += 1
        if kind == k.SEARCH_PATH:
            return (t.CALL, pos, (t.VAR, pos, "__findFile"), ((t.VAR, pos, "__nixPath"), (t.STRING, pos, value)))
        return (tag, pos, value)

    def _list(self, pos: int) -> Node:
        """``list = "[" { selection } "]"``."""
        self._at += 1
        self._deeper()
        kinds = self._kinds
        items: list[Node] = []
        while _SIMPLE[kinds[self._at]]:
            items.append(self._selection())
        self._expect(k.RIGHT_BRACKET)
        self._depth -= 1
        return (t.LIST, pos, tuple(items))

    # sets

    def _name(self) -> object:
        """``name = ID | "or" | string | interpolation``: a str, or an expression where it is not known yet."""
        at = self._at
        kind = self._kinds[at]
        if kind in (k.ID, k.STRING, k.OR_KEYWORD):
            self._at = at + 1
            return self._values[at]
        tree: Node
        if kind == k.QUOTE:
            self._at = at + 1
            tree = self._string()
        elif kind == k.INTERPOLATION:
            tree = self._interpolation()
            if tree[0] == t.STRING:
                return tree[2]
        else:
            raise self._failure()
        return tree

    def _path(self) -> Path:
        """``path = name { "." name }``."""
        path: Path = [self._name()]
        while self._kinds[self._at] == k.DOT:
            self._at += 1
            path.append(self._name())
        return path

    def _bindings(self, end: int) -> Bindings:
        """``bindings = { path "=" expression ";" | inherit } ``, up to and with the token ``end``."""
        self._deeper()
        kinds, positions = self._kinds, self._positions
        bindings = Bindings()
        while True:
            at = self._at
            kind = kinds[at]
            if kind == end:
                self._at = at + 1
                self._depth -= 1
                return bindings
            if kind == k.INHERIT:
                self._inherit(bindings)
                continue
            path = self._path()
            self._expect(k.ASSIGN)
            value = self._expression()
            self._expect(k.SEMICOLON)
            bindings.add(path, positions[at], value)

    def _inherit(self, bindings: Bindings) -> None:
        """``inherit = "inherit" [ "(" expression ")" ] { name } ";"``."""
        kinds = self._kinds
        self._at += 1
        source = -1
        if kinds[self._at] == k.LEFT_PAREN:
            self._at += 1
            expression = self._inner()
            self._expect(k.RIGHT_PAREN)
            source = len(bindings.froms)
            bindings.froms.append(expression)
        names: list[tuple[str, int]] = []
        while kinds[self._at] != k.SEMICOLON:
            pos = self._positions[self._at]
            name = self._name()
            if type(name) is not str:
                raise SyntaxFailure("dynamic attributes not allowed in inherit", pos)
            names.append((name, pos))
        self._at += 1
        for name, pos in names:
            bindings.inherit(name, pos, source)
