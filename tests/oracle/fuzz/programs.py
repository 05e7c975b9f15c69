"""Random programs of the Nix language, most of which have a value: each expression is made for a kind of value.

A kind is "int", "float", "bool", "string", "null", "path", "drv", or a tuple: ("list", kind), ("set", (name, kind), ...) or
("fun", kind, kind). One expression in some thirty is of another kind than wanted, so that failures are compared too. What is
known to differ between versions of Nix (docs/nix-versions.md) is left out: the places say so with ``exact``.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from hypothesis import strategies as st

from tests.oracle.fuzz import words
from tests.oracle.fuzz.words import Kind

Scope = tuple[tuple[str, Kind], ...]
T = TypeVar("T")

BASE: Final = ("int", "string", "bool", "int", "string", "float", "null", "path")
NAMES: Final = ("a", "b", "c", "x", "y", "a", "b", "c", "x", "y", "a-b", "x'", "or", "if", "1", "", "a.b", "${")
VARIABLES: Final = ("a", "b", "c", "x", "y", "x'", "map", "toString", "builtins", "null")
MAX_DEPTH: Final = 5


def quoted(text: str) -> str:
    """A string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + escaped.replace("\r", "\\r") + '"'


def name_text(name: str) -> str:
    """A name on the left of "=" or behind a dot."""
    return name if name in VARIABLES or name == "a-b" else quoted(name)


class Maker:
    """Makes expressions; every choice is a number below another, and 0 is the simplest."""

    def __init__(self, number: Callable[[int], int], wrong: int = 30) -> None:
        self.number = number
        self.wrong = wrong

    def program(self) -> str:
        """A program without free variables."""
        if self.chance(8):
            return self.flat()
        return self.make(self.kind(MAX_DEPTH - 1), 2 + self.number(MAX_DEPTH - 2), ())

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.number(len(choices))]

    def chance(self, among: int) -> bool:
        return self.number(among) == among - 1

    # -- kinds ---------------------------------------------------------------------------------------------------------------

    def kind(self, depth: int) -> Kind:
        which = self.number(10)
        if depth <= 0 or which < 6:
            return self.pick(BASE)
        if which == 6:
            return ("list", self.kind(depth - 1))
        if which == 7:
            return self.set_kind(depth)
        if which == 8:
            return ("fun", self.kind(depth - 2), self.kind(depth - 1))
        return "drv" if depth > 2 else "string"

    def set_kind(self, depth: int, *fields: tuple[str, Kind]) -> Kind:
        """A set with these fields and perhaps others."""
        found = dict(fields)
        for _ in range(self.number(4)):
            found.setdefault(self.pick(NAMES), self.kind(depth - 1))
        return ("set", *found.items())

    # -- expressions ---------------------------------------------------------------------------------------------------------

    def make(self, kind: Kind, depth: int, scope: Scope, *, exact: bool = False) -> str:
        """An expression in brackets where it needs them. ``exact``: never of another kind (on its outside)."""
        if not exact and self.chance(self.wrong):
            kind = self.kind(2)
        known = [name for at, (name, its) in enumerate(scope) if its == kind and name not in dict(scope[at + 1 :])]
        if known and self.number(3) == 0:
            return self.pick(known)
        if depth <= 0:
            return self.literal(kind, depth, scope)
        if self.number(5) < 2:
            return self.any_form(kind, depth - 1, scope)
        return self.own_form(kind, depth - 1, scope)

    def literal(self, kind: Kind, depth: int, scope: Scope) -> str:
        if isinstance(kind, str):
            if kind == "drv":
                return self.derivation(0, scope)
            found = self.pick(words.LITERALS[kind])
            return quoted(found) if kind == "string" else found
        if kind[0] == "list":
            return "[ " + " ".join(self.make(kind[1], 0, scope) for _ in range(self.number(3))) + " ]"
        if kind[0] == "fun":
            return self.function(kind, depth, scope)
        return self.set_literal(kind, depth, scope)

    def own_form(self, kind: Kind, depth: int, scope: Scope) -> str:
        if isinstance(kind, str):
            if kind == "drv":
                return self.derivation(depth, scope)
            return self.template(kind, depth, scope)
        if kind[0] == "list":
            return self.list_form(kind[1], depth, scope)
        if kind[0] == "fun":
            return self.function(kind, depth, scope)
        return self.set_form(kind, depth, scope)

    def template(self, kind: str, depth: int, scope: Scope) -> str:
        """A form of ``words.FORMS`` with its holes filled."""
        form = self.pick(words.FORMS[kind])
        found = [form.split("%", 1)[0]]
        for part in form.split("%")[1:]:
            match = words.HOLE.match(part)
            assert match is not None, form
            wanted = match["kind"]
            if wanted in words.WORDS:
                made = quoted(self.pick(words.WORDS[wanted]))
            elif wanted in words.PLAIN:
                made = self.pick(words.PLAIN[wanted])
            else:
                inner = self.kind(depth) if wanted == "any" else words.KINDS.get(wanted, wanted)
                made = self.make(inner, depth, scope, exact=match["exact"] == "=")
            found.append(made + part[match.end() :])
        return "(" + "".join(found) + ")"

    def any_form(self, kind: Kind, depth: int, scope: Scope) -> str:
        """What gives a value of any kind: conditions, bindings, functions, selections."""

        def make(wanted: Kind, *, exact: bool = False) -> str:
            return self.make(wanted, depth, scope, exact=exact)

        which = self.number(20)
        name = self.pick(NAMES)
        if which == 0:
            return f"(if {make('bool')} then {make(kind)} else {make(kind)})"
        if which in (1, 2):
            return self.let_form(kind, depth, scope)
        if which == 3:
            fields = self.set_kind(depth)
            inner = scope + tuple((n, k) for n, k in _fields(fields) if n in VARIABLES and n not in dict(scope))
            return f"(with {make(fields)}; {self.make(kind, depth, inner)})"
        if which in (4, 5):
            argument = self.kind(depth)
            return f"({make(('fun', argument, kind))} {make(argument)})"
        if which == 6:
            return f"{make(self.set_kind(depth, (name, kind)))}.{name_text(name)}"
        if which == 7:
            return f"({make(self.set_kind(depth))}.{self.path_of(name, depth, scope)} or {make(kind)})"
        if which == 8:
            return f"(builtins.getAttr {quoted(name)} {make(self.set_kind(depth, (name, kind)))})"
        if which == 9:
            return f"(builtins.elemAt ([ {make(kind)} ] ++ {make(('list', kind))}) {self.pick(('0', '0', '0', '1'))})"
        if which == 10:
            return f"(assert {self.pick(('true', make('bool')))}; {make(kind)})"
        if which == 11:
            return f"(builtins.{self.pick(('seq', 'deepSeq'))} {make(self.kind(depth))} {make(kind)})"
        if which == 12:
            element = self.kind(depth)
            step = ("fun", kind, ("fun", element, kind))
            return f"(builtins.foldl' {make(step, exact=True)} {make(kind)} {make(('list', element))})"
        if which == 13:
            return f"(builtins.tryEval {make(kind)}).{self.pick(('value', 'value', 'success'))}"
        if which == 14:
            failing = self.pick(("throw", "abort", "builtins.seq"))
            return f"((builtins.tryEval ({failing} {make('string')} {make(kind)})).value or {make(kind)})"
        if which == 15:
            argument = self.kind(depth)
            body = self.make(kind, depth, (*scope, ("self", "null"), ("x", argument)))
            return f"({{ __functor = self: x: {body}; }} {make(argument)})"
        if which == 16:
            return f"(rec {{ {name_text('a')} = {make(kind)}; x' = {self.make(kind, depth, (*scope, ('a', kind)))}; }}).x'"
        if which == 17:
            return f"(let {{ a = {make(kind)}; body = {self.make(kind, depth, (*scope, ('a', kind)))}; }})"
        if which == 18:
            return f"(builtins.trace {self.number(100)} {make(kind)})"
        return f"(builtins.head {make(('list', kind))})"

    def flat(self) -> str:
        """Operators without brackets, whether they make sense or not."""
        text = self.pick(words.BEGINNINGS)
        for _ in range(1 + self.number(4)):
            text += self.pick(words.PREFIXES) if self.chance(6) else ""
            text += self.pick(words.ATOMS)
            text += self.pick(words.SUFFIXES) if self.chance(6) else ""
            text += self.pick(words.OPERATORS)
        bindings = 'x = 1; y = 2.5; s = { a = 1; b.c = "d"; f = z: z; }; l = [ 1 ]; f = z: z; t = true; n = "a"; p = /a;'
        return f"let {bindings} in {text} {self.pick(words.ATOMS)}"

    def path_of(self, name: str, depth: int, scope: Scope) -> str:
        """The way to an attribute: names, perhaps a computed one."""
        which = self.number(4)
        if which == 0:
            return f"${{{self.make('string', depth, scope)}}}"
        if which == 1:
            return f"{name_text(name)}.{name_text(self.pick(NAMES))}"
        return name_text(name)

    def let_form(self, kind: Kind, depth: int, scope: Scope) -> str:
        """Bindings see the earlier ones; now and then all, which may well be a circle."""
        bindings: list[str] = []
        inner = scope
        names = [name for at, name in enumerate(VARIABLES) if name not in VARIABLES[:at]]
        for _ in range(1 + self.number(3)):
            name = names.pop(self.number(min(5, len(names))))
            its = self.kind(depth)
            inside = (*inner, (name, its)) if self.chance(15) else inner
            bindings.append(f"{name} = {self.make(its, depth, inside)};")
            inner = (*inner, (name, its))
        return f"(let {' '.join(bindings)} in {self.make(kind, depth, inner)})"

    def function(self, kind: Kind, depth: int, scope: Scope) -> str:
        assert isinstance(kind, tuple)
        argument, result = kind[1], kind[2]
        name = self.pick(VARIABLES[:6])
        if isinstance(argument, tuple) and argument[0] == "set" and self.number(3):
            return self.pattern_function(argument, result, depth, scope)
        return f"({name}: {self.make(result, depth, (*scope, (name, argument)))})"

    def pattern_function(self, argument: Kind, result: Kind, depth: int, scope: Scope) -> str:
        fields = [(name, its) for name, its in _fields(argument) if name in VARIABLES]
        formals = []
        inner = scope
        for name, its in fields:
            formals.append(f"{name} ? {self.make(its, depth, inner)}" if self.chance(3) else name)
            inner = (*inner, (name, its))
        if self.chance(3):
            extra = self.pick(("z", "z'"))
            formals.append(f"{extra} ? {self.make('int', depth, inner)}")
            inner = (*inner, (extra, "int"))
        if len(fields) < len(_fields(argument)) or self.chance(3):
            formals.append("...")
        whole = self.pick(("", "args@", "@args"))
        if whole:
            inner = (*inner, ("args", argument))
        inside = "{ " + ", ".join(formals) + " }"
        head = whole + inside if whole.endswith("@") else inside + whole
        return f"({head}: {self.make(result, depth, inner)})"

    def list_form(self, kind: Kind, depth: int, scope: Scope) -> str:
        def make(wanted: Kind, *, exact: bool = False) -> str:
            return self.make(wanted, depth, scope, exact=exact)

        if isinstance(kind, str) and kind in words.LIST_FORMS and self.number(3) == 0:
            return self.template("list_" + kind, depth, scope)
        same = ("list", kind)
        which = self.number(11)
        if which == 0:
            return "[ " + " ".join(make(kind) for _ in range(self.number(4))) + " ]"
        if which == 1:
            return f"({make(same)} ++ {make(same)})"
        if which == 2:
            element = self.kind(depth)
            return f"(map {self.function(('fun', element, kind), depth, scope)} {make(('list', element))})"
        if which == 3:
            return f"(builtins.filter {self.function(('fun', kind, 'bool'), depth, scope)} {make(same)})"
        if which == 4:
            return f"(builtins.genList {self.function(('fun', 'int', kind), depth, scope)} {self.pick(('2', '0', '3', '-1'))})"
        if which == 5:
            order = self.pick(("builtins.lessThan", "(a: b: false)", "(a: b: builtins.lessThan b a)"))
            return f"(builtins.sort {order} {make(same)})"
        if which == 6:
            return f"(builtins.tail {make(same)})"
        if which == 7:
            return f"(builtins.concatLists {make(('list', same))})"
        if which == 8:
            element = self.kind(depth)
            return f"(builtins.concatMap {make(('fun', element, same), exact=True)} {make(('list', element))})"
        if which == 9:
            side = self.pick(("right", "wrong"))
            return f"(builtins.partition {self.function(('fun', kind, 'bool'), depth, scope)} {make(same)}).{side}"
        return f'(builtins.catAttrs "a" {make(("list", self.set_kind(depth, ("a", kind))))})'

    def set_literal(self, kind: Kind, depth: int, scope: Scope) -> str:
        fields = _fields(kind)
        recursive = self.chance(4)
        inner = scope
        bindings = []
        visible = dict(scope)
        for name, its in fields:
            how = self.number(8)
            if how == 0 and visible.get(name) == its and not recursive:
                bindings.append(f"inherit {name_text(name)};")
            elif how == 1:
                bindings.append(f"inherit ({self.make(self.set_kind(depth, (name, its)), depth, inner)}) {name_text(name)};")
            elif how == 2:
                bindings.append(f"${{{self.pick(('', 'toString '))}{quoted(name)}}} = {self.make(its, depth, inner)};")
            elif how == 3 and isinstance(its, tuple) and its[0] == "set" and _fields(its):
                nested = [f"{name_text(name)}.{name_text(n)} = {self.make(k, depth, inner)};" for n, k in _fields(its)]
                bindings += nested
            else:
                bindings.append(f"{name_text(name)} = {self.make(its, depth, inner)};")
            if recursive and name in VARIABLES:
                inner = (*inner, (name, its))
        if self.chance(30):
            bindings.append(f"{name_text(self.pick(NAMES))}.{name_text(self.pick(NAMES))} = 1;")
        return (
            ("rec " if recursive else "") + "{ " + " ".join(bindings) + " }"
            if not recursive
            else "(rec { " + " ".join(bindings) + " })"
        )

    def set_form(self, kind: Kind, depth: int, scope: Scope) -> str:
        def make(wanted: Kind, *, exact: bool = False) -> str:
            return self.make(wanted, depth, scope, exact=exact)

        fields = _fields(kind)
        which = self.number(11)
        if which == 0:
            return f"({make(self.set_kind(depth))} // {make(kind)})"
        if which == 1:
            half = self.number(len(fields) + 1)
            return f"({make(('set', *fields[half:]))} // {make(('set', *fields[:half]))})"
        if which == 2:
            gone = next((name for name in NAMES if name not in dict(fields)), "zz")
            return f"(removeAttrs {make(('set', *fields, (gone, 'int')))} [ {quoted(gone)} {quoted('zz')} ])"
        if which == 3:
            names: Kind = ("set", *((name, "null") for name, _ in fields))
            return f"(builtins.intersectAttrs {make(names)} {make(self.set_kind(depth, *fields))})"
        if which == 4:
            items = " ".join(f"{{ name = {quoted(name)}; value = {make(its)}; }}" for name, its in (*fields, *fields[:1]))
            return f"(builtins.listToAttrs [ {items} ])"
        if which == 5 and len({its for _, its in fields}) == 1:
            element = self.kind(depth)
            function = make(("fun", "string", ("fun", element, fields[0][1])), exact=True)
            return f"(builtins.mapAttrs {function} {make(('set', *((name, element) for name, _ in fields)))})"
        if which == 6 and len({its for _, its in fields}) == 1:
            element = self.kind(depth)
            function = make(("fun", "string", ("fun", ("list", element), fields[0][1])), exact=True)
            each: Kind = ("set", *((name, element) for name, _ in fields))
            return f"(builtins.zipAttrsWith {function} [ {make(each)} {make(each)} ])"
        if which == 7 and {its for _, its in fields} <= {"int", "string", "bool", "null"}:
            return f"(builtins.fromJSON (builtins.toJSON {make(kind)}))"
        return self.set_literal(kind, depth, scope)

    def derivation(self, depth: int, scope: Scope) -> str:
        name = quoted(self.pick(("a", "b-1.0", "c.d", "_", "x+y=z?")))  # a bad name: complained of at once, in 2.8 at the end
        more = ""
        for _ in range(self.number(3)):
            attribute = self.pick(("args", "src", "outputs", "__structuredAttrs", "__ignoreNulls", "x", "x'", "meta", "deps"))
            value = {
                "args": lambda: self.make(("list", "string"), depth, scope),
                "outputs": lambda: self.pick(('[ "out" ]', '[ "out" "dev" ]', '[ "lib" "out" ]', "[ ]", '[ "out" "out" ]')),
                "__structuredAttrs": lambda: self.make("bool", 0, scope),
                "__ignoreNulls": lambda: self.make("bool", 0, scope),
                "meta": lambda: self.make(self.set_kind(1), depth, scope),
                "deps": lambda: self.make(("list", "drv"), depth, scope) if depth > 0 else "[ ]",
            }.get(attribute, lambda: self.make(self.kind(depth), depth, scope))()
            if f" {attribute} =" not in more:
                more += f" {attribute} = {value};"
        return f'(derivation {{ name = {name}; system = "s"; builder = {self.make("string", depth, scope)};{more} }})'


def _fields(kind: Kind) -> list[tuple[str, Kind]]:
    """The names and kinds of a set's kind."""
    found = []
    for field in kind[1:]:
        assert isinstance(field, tuple)
        name = field[0]
        assert isinstance(name, str)
        found.append((name, field[1]))
    return found


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Programs whose choices are hypothesis's, so that it can make a difference small."""
    return Maker(lambda below: draw(st.integers(0, below - 1))).program()
