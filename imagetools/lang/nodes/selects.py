"""``e.a.b``, ``e.a.b or d``, ``e ? a.b``.

Nix quirks: ``or`` covers any missing step, also one where the value is no set, but not an error while getting there; a
forced value takes the
place of its thunk in the set; the frame "while evaluating the attribute" stands at the attribute's definition, and only if
that is known.
"""

from typing import Final

from imagetools.lang.nodes.base import UNSET, Tree, Unit
from imagetools.lang.runtime.errors import EvalError, MissingAttribute
from imagetools.lang.runtime.positions import Pos
from imagetools.lang.syntax.attrsets import show_name
from imagetools.lang.values.model import Attrs, Code, Thunk

DERIVATION: Final = "/builtin/derivation.nix"


class Name:
    """A step of an attribute path: a fixed name, or an expression for one."""

    def __init__(self, unit: Unit, offset: int, step: object) -> None:
        self.unit = unit
        self.offset = offset
        self.fixed: str | None = None
        self.code: Code | None = None
        if type(step) is str:
            self.fixed = step
        else:
            assert isinstance(step, tuple)
            self.code = unit.build(step)
            place: int = step[1]
            if place >= 0:
                self.offset = place

    def get(self, env: list[object]) -> str:
        """The name itself."""
        fixed = self.fixed
        if fixed is not None:
            return fixed
        code = self.code
        assert code is not None
        v = code.eval(env)
        if type(v) is str:
            return v
        try:
            return self.unit.machine.string(v)
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise


class Select1(Code):
    """``e.name``"""

    def __init__(self, unit: Unit, offset: int, subject: Code, name: str) -> None:
        self.unit = unit
        self.offset = offset
        self.subject = subject
        self.name = name

    def eval(self, env: list[object]) -> object:
        v = self.subject.eval(env)
        if type(v) is not Attrs:
            raise self.unit.wrong(v, "a set", self.offset)
        d = v.d
        r = d.get(self.name, UNSET)
        if type(r) is Thunk:
            try:
                r = r.force()
            except EvalError as error:
                note(self.unit, self.offset, v, self.name, show_name(self.name), error)
                raise
            d[self.name] = r
            return r
        if r is UNSET:
            raise missing(self.unit, self.offset, v, self.name)
        return r


class Select(Code):
    """``e.a.b.c`` with any kind of names."""

    def __init__(self, unit: Unit, offset: int, subject: Code, path: list[Name]) -> None:
        self.unit = unit
        self.offset = offset
        self.subject = subject
        self.path = path

    def eval(self, env: list[object]) -> object:
        v = self.subject.eval(env)
        holder: Attrs | None = None
        last = ""
        try:
            for step in self.path:
                name = step.get(env)
                if type(v) is not Attrs:
                    raise self.unit.wrong(v, "a set", self.offset)
                d = v.d
                r = d.get(name, UNSET)
                if r is UNSET:
                    raise missing(self.unit, self.offset, v, name)
                holder = v
                last = name
                if type(r) is Thunk:
                    r = r.force()
                    d[name] = r
                v = r
        except EvalError as error:
            if holder is not None:
                note(self.unit, self.offset, holder, last, self.shown(env), error)
            raise
        return v

    def shown(self, env: list[object]) -> str:
        """The path as a message shows it."""
        return show_path(self.path, env)


class SelectOr(Code):
    """``e.a.b or d``"""

    def __init__(self, unit: Unit, offset: int, subject: Code, path: list[Name], default: Tree) -> None:
        self.unit = unit
        self.offset = offset
        self.subject = subject
        self.path = path
        self.late: Tree | None = default
        self.level = unit.level
        self.default: Code | None = None

    def eval(self, env: list[object]) -> object:
        v = self.subject.eval(env)
        holder: Attrs | None = None
        last = ""
        try:
            for step in self.path:
                name = step.get(env)
                if type(v) is not Attrs:
                    return self.otherwise(env)
                d = v.d
                r = d.get(name, UNSET)
                if r is UNSET:
                    return self.otherwise(env)
                holder = v
                last = name
                if type(r) is Thunk:
                    r = r.force()
                    d[name] = r
                v = r
        except EvalError as error:
            if holder is not None:
                note(self.unit, self.offset, holder, last, show_path(self.path, env), error)
            raise
        return v

    def otherwise(self, env: list[object]) -> object:
        """The value of the default."""
        default = self.default
        if default is None:
            late = self.late
            assert late is not None
            default = self.unit.build_at(self.level, late)
            self.default = default
            self.late = None
        return default.eval(env)


class HasAttr(Code):
    """``e ? a.b``"""

    def __init__(self, unit: Unit, subject: Code, path: list[Name]) -> None:
        self.unit = unit
        self.subject = subject
        self.path = path

    def eval(self, env: list[object]) -> object:
        v = self.subject.eval(env)
        for step in self.path:
            if type(v) is Thunk:
                v = v.force()
            name = step.get(env)
            if type(v) is not Attrs:
                return False
            r = v.d.get(name, UNSET)
            if r is UNSET:
                return False
            v = r
        return True


def missing(unit: Unit, offset: int, subject: Attrs, name: str) -> MissingAttribute:
    """The error for an attribute that is not there."""
    error = MissingAttribute(name, unit.pos(offset))
    error.candidates = sorted(subject.d)
    return error


def note(unit: Unit, offset: int, holder: Attrs, name: str, shown: str, error: EvalError) -> None:
    """Add the trace frame of an attribute whose value failed."""
    pos: Pos | None = None if holder.origin is None else holder.origin.find(name)
    if pos is None:
        unit.place(error, offset)
        return
    error.at(pos)
    if pos.source.file != DERIVATION:
        error.push(f"while evaluating the attribute '{shown}'", pos)


def show_path(path: list[Name], env: list[object]) -> str:
    """An attribute path for a message; a computed name that fails again is shown as Nix shows it."""
    parts: list[str] = []
    for step in path:
        try:
            parts.append(show_name(step.get(env)))
        except EvalError:
            parts.append('"${...}"')
    return ".".join(parts)


def names(unit: Unit, offset: int, steps: tuple[object, ...]) -> list[Name]:
    """The steps of a path."""
    path: list[Name] = []
    for step in steps:
        path.append(Name(unit, offset, step))
    return path


def select(unit: Unit, tree: Tree) -> Code:
    """The node of a SELECT tuple."""
    offset: int = tree[1]
    subject = unit.build(tree[2])
    steps: tuple[object, ...] = tree[3]
    if tree[4] is not None:
        return SelectOr(unit, offset, subject, names(unit, offset, steps), tree[4])
    if len(steps) == 1:
        step = steps[0]
        if type(step) is str:
            return Select1(unit, offset, subject, step)
    return Select(unit, offset, subject, names(unit, offset, steps))
