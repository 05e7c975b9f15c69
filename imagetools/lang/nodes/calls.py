"""Application.

The common cases have their own way: a function with one or two arguments makes its frame without intermediate values, a
builtin with exactly its arguments is called without a partial application. Everything else goes through ``Machine.call``.
"""

from collections.abc import Callable

from imagetools.lang.nodes.base import Unit
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.values.model import Attrs, Builtin, Code, Lambda


class Call1(Code):
    """``f x``"""

    def __init__(self, unit: Unit, offset: int, fn: Code, arg: object) -> None:
        self.unit = unit
        self.offset = offset
        self.fn = fn
        self.args: list[Code] = []
        self.args.append(unit.lazy(arg, self.args, 0))

    def eval(self, env: list[object]) -> object:
        f = self.fn.eval(env)
        arg = self.args[0].thunk(env)
        try:
            if type(f) is Lambda:
                return f.code.call(f.env, arg)
            return self.unit.machine.apply(f, arg)
        except EvalError as error:
            called_from(self.unit, self.offset, f, error)
            raise


class Call2(Code):
    """``f x y``"""

    def __init__(self, unit: Unit, offset: int, fn: Code, args: tuple[object, ...]) -> None:
        self.unit = unit
        self.offset = offset
        self.fn = fn
        self.args: list[Code] = unit.lazy_list(args)

    def eval(self, env: list[object]) -> object:
        f = self.fn.eval(env)
        args = self.args
        x = args[0].thunk(env)
        y = args[1].thunk(env)
        try:
            return self.unit.machine.apply2(f, x, y)
        except EvalError as error:
            called_from(self.unit, self.offset, f, error)
            raise


class CallN(Code):
    """``f x y z ...``"""

    def __init__(self, unit: Unit, offset: int, fn: Code, args: tuple[object, ...]) -> None:
        self.unit = unit
        self.offset = offset
        self.fn = fn
        self.args: list[Code] = unit.lazy_list(args)

    def eval(self, env: list[object]) -> object:
        f = self.fn.eval(env)
        args: list[object] = []
        for code in self.args:
            args.append(code.thunk(env))
        try:
            return self.unit.machine.call(f, args)
        except EvalError as error:
            called_from(self.unit, self.offset, f, error)
            raise


class CallBuiltin1(Code):
    """A known builtin with its one argument."""

    def __init__(self, unit: Unit, offset: int, builtin: Builtin, args: tuple[object, ...]) -> None:
        self.unit = unit
        self.offset = offset
        self.fn: Callable[..., object] = builtin.fn
        self.args: list[Code] = unit.lazy_list(args)

    def eval(self, env: list[object]) -> object:
        try:
            return self.fn(self.unit.machine, self.args[0].thunk(env))
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise


class CallBuiltin2(Code):
    """A known builtin with its two arguments."""

    def __init__(self, unit: Unit, offset: int, builtin: Builtin, args: tuple[object, ...]) -> None:
        self.unit = unit
        self.offset = offset
        self.fn: Callable[..., object] = builtin.fn
        self.args: list[Code] = unit.lazy_list(args)

    def eval(self, env: list[object]) -> object:
        args = self.args
        try:
            return self.fn(self.unit.machine, args[0].thunk(env), args[1].thunk(env))
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise


class CallBuiltin3(Code):
    """A known builtin with its three arguments."""

    def __init__(self, unit: Unit, offset: int, builtin: Builtin, args: tuple[object, ...]) -> None:
        self.unit = unit
        self.offset = offset
        self.fn: Callable[..., object] = builtin.fn
        self.args: list[Code] = unit.lazy_list(args)

    def eval(self, env: list[object]) -> object:
        args = self.args
        try:
            return self.fn(self.unit.machine, args[0].thunk(env), args[1].thunk(env), args[2].thunk(env))
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
    return CallN(unit, offset, fn, args)
