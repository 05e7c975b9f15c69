"""Variables: slots of frames, the real globals, and names that only a ``with`` can give.

Frames are lists ``[up, slot 1, ...]``. A forced value takes the thunk's place in the slot. Nix quirk: a ``with`` never
shadows a lexical name, so only names without one get here as ``WithVar``.
"""

from typing import cast

from mypy_extensions import i64

from imagetools.lang.nodes.base import UNSET, Unit
from imagetools.lang.runtime.errors import EvalError, UndefinedVariable
from imagetools.lang.values.model import Attrs, Code, Thunk


class Var0(Code):
    """A variable of the innermost frame."""

    def __init__(self, unit: Unit, offset: int, slot: int) -> None:
        self.unit = unit
        self.offset = offset
        self.slot: i64 = slot

    def eval(self, env: list[object]) -> object:
        v = env[self.slot]
        if type(v) is Thunk:
            try:
                v = v.force()
            except EvalError as error:
                self.unit.place(error, self.offset)
                raise
            env[self.slot] = v
        return v

    def thunk(self, env: list[object]) -> object:
        v = env[self.slot]
        if v is UNSET:
            return Thunk(self, env)
        return v


class Var1(Code):
    """A variable of the next frame outwards."""

    def __init__(self, unit: Unit, offset: int, slot: int) -> None:
        self.unit = unit
        self.offset = offset
        self.slot: i64 = slot

    def eval(self, env: list[object]) -> object:
        frame = cast(list[object], env[0])
        v = frame[self.slot]
        if type(v) is Thunk:
            try:
                v = v.force()
            except EvalError as error:
                self.unit.place(error, self.offset)
                raise
            frame[self.slot] = v
        return v

    def thunk(self, env: list[object]) -> object:
        v = cast(list[object], env[0])[self.slot]
        if v is UNSET:
            return Thunk(self, env)
        return v


class Var2(Code):
    """A variable two frames outwards."""

    def __init__(self, unit: Unit, offset: int, slot: int) -> None:
        self.unit = unit
        self.offset = offset
        self.slot: i64 = slot

    def eval(self, env: list[object]) -> object:
        frame = cast(list[object], cast(list[object], env[0])[0])
        v = frame[self.slot]
        if type(v) is Thunk:
            try:
                v = v.force()
            except EvalError as error:
                self.unit.place(error, self.offset)
                raise
            frame[self.slot] = v
        return v

    def thunk(self, env: list[object]) -> object:
        v = cast(list[object], cast(list[object], env[0])[0])[self.slot]
        if v is UNSET:
            return Thunk(self, env)
        return v


class Var3(Code):
    """A variable three frames outwards."""

    def __init__(self, unit: Unit, offset: int, slot: int) -> None:
        self.unit = unit
        self.offset = offset
        self.slot: i64 = slot

    def eval(self, env: list[object]) -> object:
        frame = cast(list[object], cast(list[object], cast(list[object], env[0])[0])[0])
        v = frame[self.slot]
        if type(v) is Thunk:
            try:
                v = v.force()
            except EvalError as error:
                self.unit.place(error, self.offset)
                raise
            frame[self.slot] = v
        return v

    def thunk(self, env: list[object]) -> object:
        v = cast(list[object], cast(list[object], cast(list[object], env[0])[0])[0])[self.slot]
        if v is UNSET:
            return Thunk(self, env)
        return v


class VarN(Code):
    """A variable further out."""

    def __init__(self, unit: Unit, offset: int, level: int, slot: int) -> None:
        self.unit = unit
        self.offset = offset
        self.level: i64 = level
        self.slot: i64 = slot

    def eval(self, env: list[object]) -> object:
        frame = env
        n = self.level
        while n > 0:
            frame = cast(list[object], frame[0])
            n -= 1
        v = frame[self.slot]
        if type(v) is Thunk:
            try:
                v = v.force()
            except EvalError as error:
                self.unit.place(error, self.offset)
                raise
            frame[self.slot] = v
        return v

    def thunk(self, env: list[object]) -> object:
        frame = env
        n = self.level
        while n > 0:
            frame = cast(list[object], frame[0])
            n -= 1
        v = frame[self.slot]
        if v is UNSET:
            return Thunk(self, env)
        return v


def variable(unit: Unit, offset: int, level: int, slot: int) -> Code:
    """The node for a slot."""
    if level == 0:
        return Var0(unit, offset, slot)
    if level == 1:
        return Var1(unit, offset, slot)
    if level == 2:
        return Var2(unit, offset, slot)
    if level == 3:
        return Var3(unit, offset, slot)
    return VarN(unit, offset, level, slot)


class Global(Code):
    """A global whose value is itself lazy (``derivation``)."""

    def __init__(self, unit: Unit, offset: int, value: Thunk) -> None:
        self.unit = unit
        self.offset = offset
        self.value = value

    def eval(self, env: list[object]) -> object:
        try:
            return self.value.force()
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise

    def thunk(self, env: list[object]) -> object:
        return self.value


class WithVar(Code):
    """A name looked for in the sets of the enclosing ``with``, innermost first."""

    def __init__(self, unit: Unit, offset: int, name: str, levels: tuple[int, ...]) -> None:
        self.unit = unit
        self.offset = offset
        self.name = name
        self.levels = levels
        self.innermost = levels[0]
        self.frame: list[object] | None = None
        self.found: dict[str, object] = {}

    def eval(self, env: list[object]) -> object:
        frame = env
        n = self.innermost
        while n > 0:
            frame = cast(list[object], frame[0])
            n -= 1
        name = self.name
        try:
            if frame is self.frame:
                d = self.found
                v = d[name]
            else:
                scope = frame[1]
                if type(scope) is Thunk:
                    scope = scope.force()
                    frame[1] = scope
                if type(scope) is not Attrs:
                    raise self.unit.wrong(scope, "a set", self.offset)
                d = scope.d
                v = d.get(name, UNSET)
                if v is UNSET:
                    d = self.search(env, frame)
                    v = d[name]
            if type(v) is Thunk:
                v = v.force()
                d[name] = v
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise
        return v

    def search(self, env: list[object], innermost: list[object]) -> dict[str, object]:
        """The first set that has the name where the innermost one has not. It is remembered: the same innermost frame has the
        same frames around it."""
        frame = env
        level = 0
        name = self.name
        for wanted in self.levels:
            while level < wanted:
                frame = cast(list[object], frame[0])
                level += 1
            scope = frame[1]
            if type(scope) is Thunk:
                scope = scope.force()
                frame[1] = scope
            if type(scope) is not Attrs:
                raise self.unit.wrong(scope, "a set", self.offset)
            d = scope.d
            if name in d:
                self.frame = innermost
                self.found = d
                return d
        raise self.undefined(env)

    def undefined(self, env: list[object]) -> UndefinedVariable:
        """The error for a name that no set has; all of them are known now."""
        error = UndefinedVariable(self.name, self.unit.pos(self.offset))
        names: set[str] = set()
        frame = env
        level = 0
        for wanted in self.levels:
            while level < wanted:
                frame = cast(list[object], frame[0])
                level += 1
            scope = frame[1]
            if type(scope) is Attrs:
                names.update(scope.d)
        error.candidates = sorted(names)
        return error

    def thunk(self, env: list[object]) -> object:
        """The attribute itself where the sets are already known, as far as they have to be."""
        frame = env
        level = 0
        for wanted in self.levels:
            while level < wanted:
                frame = cast(list[object], frame[0])
                level += 1
            scope = frame[1]
            if type(scope) is Thunk and scope.code is None:
                scope = scope.slot
            if type(scope) is not Attrs:
                break
            v = scope.d.get(self.name, UNSET)
            if v is not UNSET:
                return v
        return Thunk(self, env)
