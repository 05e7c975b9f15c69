"""What an expression can be worth.

A value in weak head normal form is one of: None, bool, int (64 bit), float, str (a string without context), ``NixString``,
``NixPath``,
list, ``Attrs``, ``Lambda``, ``Builtin``, ``PartialBuiltin``. Elements of lists, attributes and variables may also be a ``Thunk``.
Dispatch is by ``type(v) is T`` (``bool`` is an ``int`` in Python). There is no ``__eq__`` and no ``__hash__`` here: equality
forces, and forcing can build (``runtime/compare.py``).

The classes that run (``Code`` and its subclasses) are in ``lang/nodes``; here stands only what a thunk or a function must
know of them, so that values import no nodes.
"""

import threading
from collections.abc import Callable
from typing import Final, cast

from mypy_extensions import i64, mypyc_attr

from imagetools.lang.runtime.errors import InfiniteRecursion, StackOverflow
from imagetools.lang.runtime.positions import Origin, Pos

DEPTH_LIMIT: Final = 200_000
CALLS_A_BREATH: Final = 10_000
KEEP_TRACEBACK: Final = 1_000  # deeper, Python's own traceback would cost a kilobyte a level


class Stack:
    """How deep evaluation is nested in this process, counted in forced thunks and function calls.

    Compiled code has no recursion check, so this counter is what stands between a runaway program and a crash. It is not unwound
    by exceptions: whoever catches one (``tryEval``, the top level) saves the depth before and puts it back.
    """

    def __init__(self) -> None:
        self.depth: i64 = 0
        self.limit: i64 = DEPTH_LIMIT
        self.calls: i64 = CALLS_A_BREATH

    def breathe(self) -> None:
        """Let Ctrl-C and other threads in, every so many calls: compiled code never does, interpreted code does as it is
        entered."""
        self.calls = CALLS_A_BREATH
        threading.main_thread()  # interpreted, whatever it gives

    def enter(self) -> None:
        """One level deeper, for recursion over values (printing, comparing). Leave with ``depth -= 1``."""
        depth = self.depth + 1
        if depth > self.limit:
            raise StackOverflow()
        self.depth = depth


STACK: Final = Stack()


class Code:
    """Something that can be evaluated in an environment; the base of all nodes."""

    def eval(self, env: list[object]) -> object:
        """The value in weak head normal form, never a Thunk."""
        raise NotImplementedError

    def thunk(self, env: list[object]) -> object:
        """The value for later: a Thunk, or something as lazy that costs less."""
        return Thunk(self, env)


class Blackhole(Code):
    """Stands in for the code of a thunk that is being forced."""

    def eval(self, env: list[object]) -> object:
        raise InfiniteRecursion()


BLACKHOLE: Final = Blackhole()
NO_ENV: Final[list[object]] = [None]


@mypyc_attr(acyclic=True, free_list_len=1)
class Thunk:
    """A suspended evaluation that remembers its value.

    ``code`` is None once it is done; ``slot`` is the environment before and the value after. A failed force puts the code
    back: the thunk fails again the same way.
    """

    def __init__(self, code: Code | None, slot: object) -> None:
        self.code = code
        self.slot = slot

    def force(self) -> object:
        code = self.code
        if code is None:
            return self.slot
        depth = STACK.depth + 1
        if depth > STACK.limit:
            raise StackOverflow()
        STACK.depth = depth
        self.code = BLACKHOLE
        try:
            value = code.eval(cast(list[object], self.slot))
        except BaseException as error:
            self.code = code
            if depth > KEEP_TRACEBACK:
                error.__traceback__ = None
            raise
        self.slot = value
        self.code = None
        STACK.depth = depth - 1
        return value


@mypyc_attr(acyclic=True)
class NixString:
    """A string that depends on something in the store. ``context`` is not empty (an empty one makes a plain ``str``:
    ``make_string``)."""

    def __init__(self, text: str, context: frozenset[str]) -> None:
        self.text = text
        self.context = context


@mypyc_attr(acyclic=True)
class NixPath:
    """A path value: absolute, canonical."""

    def __init__(self, text: str) -> None:
        self.text = text


@mypyc_attr(acyclic=True)
class Attrs:
    """A set. ``d`` is unordered: sort the names where Nix's order shows. ``origin`` knows where attributes were written, or
    is None."""

    def __init__(self, d: dict[str, object], origin: Origin | None = None) -> None:
        self.d = d
        self.origin = origin


class Formal:
    """A named argument of a function: ``offset`` is where it stands, ``has_default`` whether it may be missing."""

    def __init__(self, name: str, offset: int, has_default: bool) -> None:
        self.name = name
        self.offset = offset
        self.has_default = has_default


class LambdaCode(Code):
    """The code of a function. ``arg`` is its plain argument name or None, ``formals`` None for ``x: ...``; ``name`` what it
    was bound to, or None."""

    def __init__(self) -> None:
        self.arg: str | None = None
        self.name: str | None = None
        self.formals: list[Formal] | None = None
        self.ellipsis: bool = False
        self.curried: bool = False

    def call(self, env: list[object], argument: object) -> object:
        """Apply to one (possibly unforced) argument; ``env`` is that of the Lambda."""
        raise NotImplementedError

    def call2(self, env: list[object], first: object, second: object) -> object:
        """Apply to two arguments, where ``curried`` says that the function is `x: y: ...`."""
        raise NotImplementedError

    def call3(self, env: list[object], first: object, second: object, third: object) -> object:
        """Apply to three arguments, where ``curried`` says that the function is `x: y: ...`."""
        raise NotImplementedError

    def origin(self) -> Origin | None:
        """Where the formals are written."""
        return None

    def written(self) -> Pos | None:
        """Where the function is written."""
        return None

    def place(self) -> str:
        """file:line:column of the function, for messages."""
        return "«none»"


@mypyc_attr(acyclic=True)
class Lambda:
    """A function with its environment. ``late``: it was made where Nix makes a thunk, so printing without ``--strict`` shows it
    as ``<CODE>`` inside a set or list."""

    def __init__(self, code: LambdaCode, env: list[object], late: bool = False) -> None:
        self.code = code
        self.env = env
        self.late = late


class Builtin:
    """A function written in Python: ``fn(machine, a1, ..., a_arity)`` with raw (possibly unforced) arguments, giving a
    forced value."""

    def __init__(self, name: str, arity: int, fn: Callable[..., object]) -> None:
        self.name = name
        self.arity = arity
        self.fn = fn


@mypyc_attr(acyclic=True)
class PartialBuiltin:
    """A builtin that waits for more arguments."""

    def __init__(self, builtin: Builtin, args: list[object]) -> None:
        self.builtin = builtin
        self.args = args


def make_string(text: str, context: "frozenset[str] | set[str]") -> object:
    """The string value of a text with a context (a plain ``str`` when that is empty)."""
    if not context:
        return text
    return NixString(text, frozenset(context))


EMPTY_CONTEXT: Final[frozenset[str]] = frozenset()


def type_name(v: object) -> str:
    """What ``builtins.typeOf`` says of a forced value."""
    t = type(v)
    if t is str or t is NixString:
        return "string"
    if t is Attrs:
        return "set"
    if t is list:
        return "list"
    if t is Lambda or t is Builtin or t is PartialBuiltin:
        return "lambda"
    if t is int:
        return "int"
    if t is bool:
        return "bool"
    if t is NixPath:
        return "path"
    if t is float:
        return "float"
    return "null"


def describe(v: object) -> str:
    """How messages name a value's type: "a set", "a string with context", "the built-in function 'map'"."""
    t = type(v)
    if t is str:
        return "a string"
    if t is NixString:
        return "a string with context"
    if t is Attrs:
        return "a set"
    if t is list:
        return "a list"
    if t is Lambda:
        return "a function"
    if t is Builtin:
        return f"the built-in function '{cast(Builtin, v).name}'"
    if t is PartialBuiltin:
        return f"the partially applied built-in function '{cast(PartialBuiltin, v).builtin.name}'"
    if t is int:
        return "an integer"
    if t is bool:
        return "a Boolean"
    if t is NixPath:
        return "a path"
    if t is float:
        return "a float"
    if t is Thunk:
        return "a thunk"
    return "null"
