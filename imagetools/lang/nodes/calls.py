"""Application.

The common cases have their own way: a function with one or two arguments makes its frame without intermediate values, a
builtin with exactly its arguments is called without a partial application. Everything else goes through ``Machine.call``.
"""

from collections.abc import Callable

from imagetools.lang.nodes.base import Owner, Unit
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.values.model import Attrs, Builtin, Code, Lambda


class OneArgument(Owner):
    """A call at ``offset``; its argument is an attribute, which is read faster than an element of a list."""

    def __init__(self, unit: Unit, offset: int, arg: object) -> None:
        self.unit = unit
        self.offset = offset
        self.arg = unit.lazy_for(arg, self, 0)

    def adopt(self, index: int, code: Code) -> None:
        self.arg = code


class TwoArguments(Owner):
    """The same with two arguments."""

    def __init__(self, unit: Unit, offset: int, args: tuple[object, ...]) -> None:
        self.unit = unit
        self.offset = offset
        self.first = unit.lazy_for(args[0], self, 0)
        self.second = unit.lazy_for(args[1], self, 1)

    def adopt(self, index: int, code: Code) -> None:
        if index == 0:
            self.first = code
        else:
            self.second = code


class ThreeArguments(Owner):
    """The same with three arguments."""

    def __init__(self, unit: Unit, offset: int, args: tuple[object, ...]) -> None:
        self.unit = unit
        self.offset = offset
        self.first = unit.lazy_for(args[0], self, 0)
        self.second = unit.lazy_for(args[1], self, 1)
        self.third = unit.lazy_for(args[2], self, 2)

    def adopt(self, index: int, code: Code) -> None:
        if index == 0:
            self.first = code
        elif index == 1:
            self.second = code
        else:
            self.third = code


class Call1(OneArgument):
    """``f x``"""

    def __init__(self, unit: Unit, offset: int, fn: Code, arg: object) -> None:
        self.fn = fn
        super().__init__(unit, offset, arg)

    def eval(self, env: list[object]) -> object:
        f = self.fn.eval(env)
        arg = self.arg.thunk(env)
        try:
            if type(f) is Lambda:
                return f.code.call(f.env, arg)
            return self.unit.machine.apply(f, arg)
        except EvalError as error:
            called_from(self.unit, self.offset, f, error)
            raise


class Call2(TwoArguments):
    """``f x y``"""

    def __init__(self, unit: Unit, offset: int, fn: Code, args: tuple[object, ...]) -> None:
        self.fn = fn
        super().__init__(unit, offset, args)

    def eval(self, env: list[object]) -> object:
        f = self.fn.eval(env)
        x = self.first.thunk(env)
        y = self.second.thunk(env)
        try:
            if type(f) is Lambda and f.code.curried:
                return f.code.call2(f.env, x, y)
            return self.unit.machine.apply2(f, x, y)
        except EvalError as error:
            called_from(self.unit, self.offset, f, error)
            raise


class Call3(ThreeArguments):
    """``f x y z``"""

    def __init__(self, unit: Unit, offset: int, fn: Code, args: tuple[object, ...]) -> None:
        self.fn = fn
        super().__init__(unit, offset, args)

    def eval(self, env: list[object]) -> object:
        f = self.fn.eval(env)
        x = self.first.thunk(env)
        y = self.second.thunk(env)
        z = self.third.thunk(env)
        try:
            if type(f) is Lambda and f.code.curried:
                return f.code.call3(f.env, x, y, z)
            return self.unit.machine.apply3(f, x, y, z)
        except EvalError as error:
            called_from(self.unit, self.offset, f, error)
            raise


class CallN(Code):
    """``f a b c d ...``"""

    def __init__(self, unit: Unit, offset: int, fn: Code, args: tuple[object, ...]) -> None:
        self.unit = unit
        self.offset = offset
        self.fn = fn
        self.args: list[Code] = unit.lazy_list(args)

    def eval(self, env: list[object]) -> object:
        f = self.fn.eval(env)
        args = [code.thunk(env) for code in self.args]
        try:
            return self.unit.machine.call(f, args)
        except EvalError as error:
            called_from(self.unit, self.offset, f, error)
            raise


class CallBuiltin1(OneArgument):
    """A known builtin with its one argument."""

    def __init__(self, unit: Unit, offset: int, builtin: Builtin, args: tuple[object, ...]) -> None:
        self.fn: Callable[..., object] = builtin.fn
        super().__init__(unit, offset, args[0])

    def eval(self, env: list[object]) -> object:
        try:
            return self.fn(self.unit.machine, self.arg.thunk(env))
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise


class CallBuiltin2(TwoArguments):
    """A known builtin with its two arguments."""

    def __init__(self, unit: Unit, offset: int, builtin: Builtin, args: tuple[object, ...]) -> None:
        self.fn: Callable[..., object] = builtin.fn
        super().__init__(unit, offset, args)

    def eval(self, env: list[object]) -> object:
        try:
            return self.fn(self.unit.machine, self.first.thunk(env), self.second.thunk(env))
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise


class CallBuiltin3(ThreeArguments):
    """A known builtin with its three arguments."""

    def __init__(self, unit: Unit, offset: int, builtin: Builtin, args: tuple[object, ...]) -> None:
        self.fn: Callable[..., object] = builtin.fn
        super().__init__(unit, offset, args)

    def eval(self, env: list[object]) -> object:
        try:
            return self.fn(self.unit.machine, self.first.thunk(env), self.second.thunk(env), self.third.thunk(env))
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise


def called_from(unit: Unit, offset: int, f: object, error: EvalError) -> None:
    """Give an error the position of the call, and its trace the call site of a function."""
    unit.place(error, offset)
    if error.in_call:
        error.in_call = False
        if type(f) is Lambda or type(f) is Attrs:  # a set: its __functor
            error.push("from call site", unit.pos(offset))


def call(unit: Unit, offset: int, fn: Code, known: object, args: tuple[object, ...]) -> Code:
    """The node of a CALL tuple; ``known`` is the function where it is a constant (else None)."""
    n = len(args)
    if type(known) is Builtin and known.arity == n:
        if n == 1:
            return CallBuiltin1(unit, offset, known, args)
        if n == 2:
            return CallBuiltin2(unit, offset, known, args)
        if n == 3:
            return CallBuiltin3(unit, offset, known, args)
    if n == 1:
        return Call1(unit, offset, fn, args[0])
    if n == 2:
        return Call2(unit, offset, fn, args)
    if n == 3:
        return Call3(unit, offset, fn, args)
    return CallN(unit, offset, fn, args)
