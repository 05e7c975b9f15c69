"""Sets, ``let``, and lists.

Nix quirks: ``inherit x`` looks outside even in a ``rec``; ``inherit (e) x`` looks inside, and ``e`` is evaluated once for
all its names; dynamic
attributes come last, get no slot, and are dropped where the name is null; ``__overrides`` in a ``rec`` replaces slots, so
that the other attributes see it, and then no attribute may be bound before it is known.
"""

from typing import Final

from mypy_extensions import i64

from imagetools.lang.nodes.base import UNSET, Tree, Unit
from imagetools.lang.nodes.selects import missing, note
from imagetools.lang.nodes.sharing import sharing
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.positions import NOWHERE, Origin, Pos
from imagetools.lang.syntax.ast.tuples import EXPRESSION, INHERITED, Static
from imagetools.lang.syntax.attrsets import show_name
from imagetools.lang.values.model import NO_ENV, Attrs, Code, Thunk

NOTHING: Final[list[object]] = []
OFTEN: Final = 16
"""Of how many sets made by the same literal the next ones are copies."""


class Shape(Origin):
    """Where the attributes of a literal are written; the table is made when first asked for. ``places``: as in
    ``ast.tuples``."""

    def __init__(self, unit: Unit, names: tuple[str, ...], places: bytes) -> None:
        self.unit = unit
        self.names = names
        self.places = places
        self.table: dict[str, int] | None = None

    def look(self, name: str) -> Pos | None:
        table = self.table
        if table is None:
            table = dict(zip(self.names, memoryview(self.places).cast("I"), strict=True))
            self.table = table
        offset = table.get(name)
        return None if offset is None else self.unit.pos(offset)


class SelectFrom(Code):
    """``inherit (e) name``: its environment is a list with ``e`` as its one element."""

    def __init__(self, unit: Unit, offset: int, name: str) -> None:
        self.unit = unit
        self.offset = offset
        self.name = name

    def eval(self, env: list[object]) -> object:
        scope = env[0]
        if type(scope) is Thunk:
            try:
                scope = scope.force()
            except EvalError as error:
                self.unit.place(error, self.offset)
                raise
            env[0] = scope
        if type(scope) is not Attrs:
            raise self.unit.wrong(scope, "a set", self.offset)
        v = scope.d.get(self.name, UNSET)
        if v is UNSET:
            raise missing(self.unit, self.offset, scope, self.name)
        if type(v) is Thunk:
            try:
                v = v.force()
            except EvalError as error:
                note(self.unit, self.offset, scope, self.name, show_name(self.name), error)
                raise
            scope.d[self.name] = v
        return v


class Bindings:
    """The static bindings of a set or a ``let``: columns in step, and the expressions that names are inherited from.

    ``source_of`` says which of those it is for each binding, -1 where none; empty where all are ``plain``.
    """

    def __init__(self, unit: Unit, static: Static, froms: tuple[object, ...]) -> None:
        self.names: tuple[str, ...] = static[0]
        self.kinds: bytes = static[2]
        self.codes: list[Code] = []
        self.source_of: list[int] = []
        self.froms: list[Code] = unit.lazy_list(froms)
        self.plain = self.kinds.count(EXPRESSION) == len(self.kinds)
        self.made: i64 = 0
        self.template: dict[str, object] | None = None
        payloads = static[3]
        if self.plain:
            for i in range(len(payloads)):
                self.codes.append(unit.lazy(payloads[i], self.codes, i))
            return
        places = memoryview(static[1]).cast("I")
        for i in range(len(payloads)):
            payload = payloads[i]
            if type(payload) is int:
                self.codes.append(SelectFrom(unit, places[i], self.names[i]))
                self.source_of.append(payload)
            else:
                self.codes.append(unit.lazy(payload, self.codes, i))
                self.source_of.append(-1)

    def table(self) -> dict[str, object]:
        """A dict for the names and values. A set that is made often is a copy of a dict that has the names already."""
        template = self.template
        if template is not None:
            return template.copy()
        self.made += 1
        if self.made == OFTEN:
            self.template = sharing(self.names)
        return {}

    def sources(self, env: list[object]) -> list[list[object]]:
        """One shared environment for the names of each ``inherit (e)``."""
        shared: list[list[object]] = []
        for code in self.froms:
            shared.append([code.thunk(env)])
        return shared

    def value(self, i: i64, inner: list[object], outer: list[object], shared: list[list[object]]) -> object:
        """What binding number ``i`` is bound to."""
        kind = self.kinds[i]
        if kind == EXPRESSION:
            return self.codes[i].thunk(inner)
        if kind == INHERITED:
            return self.codes[i].thunk(outer)
        return Thunk(self.codes[i], shared[self.source_of[i]])

    def fill(self, inner: list[object], outer: list[object]) -> None:
        """Bind the slots of a frame."""
        codes = self.codes
        size: i64 = len(codes)
        if self.plain:
            for i in range(size):
                inner[i + 1] = codes[i].thunk(inner)
            return
        shared = self.sources(inner)
        for i in range(size):
            inner[i + 1] = self.value(i, inner, outer, shared)


class Let(Code):
    """``let ... in body``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.bindings = Bindings(unit, tree[2][0], tree[2][1])
        self.size = len(self.bindings.names) + 1
        self.blank: list[object] = [UNSET] * self.size
        self.body = unit.build(tree[3])

    def eval(self, env: list[object]) -> object:
        frame = self.blank.copy()
        frame[0] = env
        self.bindings.fill(frame, env)
        return self.body.eval(frame)


class Dynamic:
    """``${name} = value;``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.offset: int = tree[0]
        self.name = unit.build(tree[1])
        self.value: list[Code] = unit.lazy_list((tree[2],))


class SetLiteral(Code):
    """``{ ... }``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        static: Static = tree[3][0]
        self.bindings = Bindings(unit, static, tree[3][1])
        self.shape = Shape(unit, static[0], static[1])
        self.dynamic: list[Dynamic] = []
        for item in tree[3][2]:
            self.dynamic.append(Dynamic(unit, item))

    def eval(self, env: list[object]) -> object:
        bindings = self.bindings
        names = bindings.names
        codes = bindings.codes
        d = bindings.table()
        size: i64 = len(codes)
        if bindings.plain:
            for i in range(size):
                d[names[i]] = codes[i].thunk(env)
        else:
            shared = bindings.sources(env)
            for i in range(size):
                d[names[i]] = bindings.value(i, env, env, shared)
        attrs = Attrs(d, self.shape)
        if self.dynamic:
            self.add_dynamic(attrs, env)
        return attrs

    def add_dynamic(self, attrs: Attrs, env: list[object]) -> None:
        """Evaluate the names of the dynamic attributes, and bind them."""
        names: list[str | None] = []
        for item in self.dynamic:
            v = item.name.eval(env)
            if v is None:
                names.append(None)
                continue
            try:
                name = self.unit.machine.string(v)
            except EvalError as error:
                self.unit.place(error, item.offset)
                raise
            if name in attrs.d:
                before = Computed(self, names, attrs.origin).find(name)
                raise EvalError(f"dynamic attribute '{show_name(name)}' already defined at {before}", self.unit.pos(item.offset))
            attrs.d[name] = item.value[0].thunk(env)
            names.append(name)
        attrs.origin = Computed(self, names, attrs.origin)


class Computed(Origin):
    """Where the dynamic attributes of a literal are written, and its others: ``names`` are what the computed ones came out as,
    None for those that are not there."""

    def __init__(self, literal: SetLiteral, names: list[str | None], others: Origin | None) -> None:
        self.literal = literal
        self.names = names
        self.others = others

    def look(self, name: str) -> Pos | None:
        literal = self.literal
        for i in range(len(self.names)):
            if self.names[i] == name:
                return literal.unit.pos(literal.dynamic[i].offset)
        return None if self.others is None else self.others.look(name)


class RecLiteral(SetLiteral):
    """``rec { ... }``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        super().__init__(unit, tree)
        self.size = len(self.bindings.names) + 1
        self.blank: list[object] = [UNSET] * self.size
        self.overrides: int = -1
        names = self.bindings.names
        for i in range(len(names)):
            if names[i] == "__overrides":
                self.overrides = i

    def eval(self, env: list[object]) -> object:
        frame = self.blank.copy()
        frame[0] = env
        names = self.bindings.names
        d = self.bindings.table()
        attrs = Attrs(d, self.shape)
        if self.overrides >= 0:
            self.override(attrs, frame, env)
        else:
            self.bindings.fill(frame, env)
            size: i64 = len(names)
            for i in range(size):
                d[names[i]] = frame[i + 1]
        if self.dynamic:
            self.add_dynamic(attrs, frame)
        return attrs

    def override(self, attrs: Attrs, frame: list[object], env: list[object]) -> None:
        """Bind with nothing decided early, then let ``__overrides`` replace slots and attributes."""
        bindings = self.bindings
        names = bindings.names
        shared = bindings.sources(frame)
        d = attrs.d
        for i in range(len(names)):
            if bindings.kinds[i] == EXPRESSION:
                v: object = Thunk(bindings.codes[i], frame)
            else:
                v = bindings.value(i, frame, env, shared)
            frame[i + 1] = v
            d[names[i]] = v
        over = d["__overrides"]
        if type(over) is Thunk:
            over = over.force()
        if type(over) is not Attrs:
            raise self.unit.wrong(over, "a set", -1)
        for i in range(len(names)):
            replaced = over.d.get(names[i], UNSET)
            if replaced is not UNSET:
                frame[i + 1] = replaced
        d.update(over.d)
        attrs.origin = Over(over, self.shape)


class Over(Origin):
    """The origin of a ``rec`` with ``__overrides``."""

    def __init__(self, over: Attrs, shape: Shape) -> None:
        self.over = over
        self.shape = shape

    def look(self, name: str) -> Pos | None:
        if name in self.over.d:
            return NOWHERE if self.over.origin is None else self.over.origin.look(name)
        return self.shape.look(name)


class EmptyList(Code):
    """``[ ]``: the same list each time, since nobody changes one."""

    def eval(self, env: list[object]) -> object:
        return NOTHING

    def thunk(self, env: list[object]) -> object:
        return Thunk(self, NO_ENV)


class ListLiteral(Code):
    """``[ ... ]``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.items: list[Code] = unit.lazy_list(tree[2])

    def eval(self, env: list[object]) -> object:
        return [code.thunk(env) for code in self.items]
