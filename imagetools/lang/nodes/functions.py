"""Functions: ``x: body`` and ``{ a, b ? d, ... }@args: body``.

A call makes a frame and evaluates the body in it; up to three arguments of ``x: y: z: body`` share one. Nix quirks: ``args``
holds what was passed, without defaults; a default sees the other formals; which missing or unexpected argument is reported
follows the order in the source and the order of names.
"""

from typing import Final

from mypy_extensions import i64

from imagetools.lang.nodes.base import UNSET, Tree, Unit
from imagetools.lang.runtime.errors import EvalError, MissingArgument, StackOverflow, UnexpectedArgument
from imagetools.lang.runtime.positions import Origin, Placed, Pos
from imagetools.lang.syntax.ast.tuples import LAMBDA
from imagetools.lang.syntax.freezing import thaw
from imagetools.lang.values.model import STACK, Attrs, Code, Formal, Lambda, LambdaCode, Thunk, describe


class Function(LambdaCode):
    """What both kinds of function share: the body, made at the first call, and how messages name them."""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        super().__init__()
        self.unit = unit
        self.late: object = tree[5]
        self.offset: int = tree[1]
        self.arg = tree[2]
        self.ellipsis = tree[4]
        self.name = tree[6]
        body = self.late
        self.curried = tree[3] is None and type(body) is tuple and body[0] == LAMBDA
        self.body: Code | None = None
        self.inner: LambdaCode | None = None

    def eval(self, env: list[object]) -> object:
        return Lambda(self, env)

    def thunk(self, env: list[object]) -> object:
        return Lambda(self, env, True)

    def unfold(self) -> Code:
        """Make the body, and forget its tree."""
        body = self.unit.build_at(0, thaw(self.late))
        self.body = body
        self.late = None
        return body

    def written(self) -> Pos | None:
        return self.unit.pos(self.offset)

    def place(self) -> str:
        """file:line:column, with ``(string)`` for a text that is no file."""
        return str(self.unit.pos(self.offset))

    def title(self) -> str:
        """How Nix names the function in a message."""
        return "function 'anonymous lambda'" if self.name is None else f"function '{self.name}'"

    def called_wrongly(self, error: EvalError) -> EvalError:
        """An error in what the function was called with: it stands where the function is written, its trace begins with the
        call."""
        error.at(self.unit.pos(self.offset))
        error.in_call = True
        return error

    def note(self, error: EvalError) -> None:
        """Add the trace frame of a call."""
        what = "anonymous lambda" if self.name is None else f"'{self.name}'"
        error.push(f"while evaluating {what}", self.unit.pos(self.offset))
        error.in_call = True


class Simple(Function):
    """``x: body``, where ``x`` is the first argument of its frame."""

    def call(self, env: list[object], argument: object) -> object:
        return self.run([env, argument])

    def run(self, frame: list[object]) -> object:
        """The value of the body, once all its arguments are in the frame."""
        depth = STACK.depth + 1
        if depth > STACK.limit:
            raise StackOverflow()
        STACK.depth = depth
        calls = STACK.calls - 1
        STACK.calls = calls
        if calls < 0:
            STACK.breathe()
        body = self.body
        if body is None:
            body = self.unfold()
        try:
            v = body.eval(frame)
        except EvalError as error:
            self.note(error)
            raise
        STACK.depth = depth - 1
        return v

    def next(self) -> LambdaCode:
        """The function that is the body."""
        inner = self.inner
        if inner is None:
            body = self.body
            if body is None:
                body = self.unfold()
            assert isinstance(body, LambdaCode)
            inner = body
            self.inner = inner
        return inner

    def call2(self, env: list[object], first: object, second: object) -> object:
        inner = self.next()
        if type(inner) is Second:
            return inner.run([env, first, second])
        return inner.call([env, first], second)

    def call3(self, env: list[object], first: object, second: object, third: object) -> object:
        inner = self.next()
        if not inner.curried:
            return self.unit.machine.apply(self.call2(env, first, second), third)
        if type(inner) is Second:
            last = inner.next()
            if type(last) is Third:
                return last.run([env, first, second, third])
            return last.call([env, first, second], third)
        return inner.call2([env, first], second, third)


class Second(Simple):
    """``y: body`` of ``x: y: body``: its environment is the frame that has ``x``, and the frame of its body has both."""

    def call(self, env: list[object], argument: object) -> object:
        return self.run([env[0], env[1], argument])

    def call2(self, env: list[object], first: object, second: object) -> object:
        inner = self.next()
        if type(inner) is Third:
            return inner.run([env[0], env[1], first, second])
        return inner.call([env[0], env[1], first], second)

    def call3(self, env: list[object], first: object, second: object, third: object) -> object:
        return self.unit.machine.apply(self.call2(env, first, second), third)


class Third(Simple):
    """``z: body`` of ``x: y: z: body``."""

    def call(self, env: list[object], argument: object) -> object:
        return self.run([env[0], env[1], env[2], argument])

    def call2(self, env: list[object], first: object, second: object) -> object:
        return self.next().call([env[0], env[1], env[2], first], second)

    def call3(self, env: list[object], first: object, second: object, third: object) -> object:
        inner = self.next()
        frame = [env[0], env[1], env[2], first]
        if inner.curried:
            return inner.call2(frame, second, third)
        return self.unit.machine.apply(inner.call(frame, second), third)


class WithFormals(Function):
    """``{ a, b ? d, ... }@args: body``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        super().__init__(unit, tree)
        self.names: list[str] = []
        self.default_codes: list[Code] = []
        self.formals = []
        trees: tuple[Tree, ...] = tree[3]
        for i in range(len(trees)):
            name: str = trees[i][0]
            default: object = trees[i][2]
            self.names.append(name)
            self.formals.append(Formal(name, trees[i][1], default is not None))
            if default is None:
                self.default_codes.append(NO_DEFAULT)
            else:
                self.default_codes.append(self.unit.lazy(default, self.default_codes, i))
        self.size: int = len(self.names) + (1 if self.arg is None else 2)
        self.blank: list[object] = [UNSET] * self.size

    def call(self, env: list[object], argument: object) -> object:
        depth = STACK.depth + 1
        if depth > STACK.limit:
            raise StackOverflow()
        STACK.depth = depth
        calls = STACK.calls - 1
        STACK.calls = calls
        if calls < 0:
            STACK.breathe()
        if type(argument) is Thunk:
            argument = argument.force()
        if type(argument) is not Attrs:
            raise self.called_wrongly(self.unit.wrong(argument, "a set", -1))
        given = argument.d
        frame = self.blank.copy()
        frame[0] = env
        slot: i64 = 1
        if self.arg is not None:
            frame[1] = argument
            slot = 2
        used = 0
        names = self.names
        size: i64 = len(names)
        for i in range(size):
            v = given.get(names[i], UNSET)
            if v is UNSET:
                default = self.default_codes[i]
                if default is NO_DEFAULT:
                    raise self.called_wrongly(MissingArgument(self.title(), names[i]))
                v = default.thunk(frame)
            else:
                used += 1
            frame[slot] = v
            slot += 1
        if used != len(given) and not self.ellipsis:
            raise self.called_wrongly(self.unexpected(given))
        body = self.body
        if body is None:
            body = self.unfold()
        try:
            v = body.eval(frame)
        except EvalError as error:
            self.note(error)
            raise
        STACK.depth = depth - 1
        return v

    def unexpected(self, given: dict[str, object]) -> EvalError:
        """The error for an argument that no formal names."""
        for name in sorted(given):
            if name not in self.names:
                error = UnexpectedArgument(self.title(), name)
                error.candidates = self.names
                return error
        raise AssertionError(describe(given))

    def origin(self) -> Origin | None:
        places: dict[str, Pos] = {}
        if self.formals is not None:
            for formal in self.formals:
                places[formal.name] = self.unit.pos(formal.offset)
        return Placed(places)


NO_DEFAULT: Final = Code()


def function(unit: Unit, tree: Tree) -> Function:
    """The node of a LAMBDA tuple."""
    if tree[3] is not None:
        return WithFormals(unit, tree)
    before: int = tree[7]
    if before == 0:
        return Simple(unit, tree)
    return Second(unit, tree) if before == 1 else Third(unit, tree)
