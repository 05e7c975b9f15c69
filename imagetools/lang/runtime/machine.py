"""The machine: forcing values, applying functions, and asking values what they are.

One per evaluation. It knows values, not nodes: code is reached through ``Code.eval`` and ``LambdaCode.call``. Builtins get
it as their first
argument. Nix quirk: a call to a builtin with too few arguments is a value (``PartialBuiltin``), a call with too many applies the
result to the rest.
"""

from typing import Final, cast

from imagetools.lang.ports import EvalIO
from imagetools.lang.runtime.errors import EvalError, TypeErrorNix
from imagetools.lang.runtime.shown import described
from imagetools.lang.values.model import (
    STACK,
    Attrs,
    Builtin,
    Code,
    Lambda,
    NixString,
    PartialBuiltin,
    Thunk,
)

INT_MAX: Final = 9223372036854775807
INT_MIN: Final = -9223372036854775808


class Loader:
    """What ``import`` needs: gives the value of a file. The evaluator has the real one."""

    def load(self, path: str) -> object:
        """The (forced) value of the file; each file is evaluated once."""
        raise NotImplementedError

    def load_scoped(self, scope: Attrs, path: str) -> object:
        """The value of the file with the names of ``scope`` as its outermost variables; never cached."""
        raise NotImplementedError


class Machine:
    """``globals`` are the values of the real global names, ``builtins`` the set of the same name; ``search_path`` what
    NIX_PATH and -I gave: (prefix, path) in order."""

    def __init__(self, io: EvalIO, system: str = "x86_64-linux", search_path: list[tuple[str, str]] | None = None) -> None:
        self.io: EvalIO = io
        self.system: str = system
        self.pure: bool = False
        self.search_path: list[tuple[str, str]] = [] if search_path is None else search_path
        self.globals: dict[str, object] = {}
        self.builtins: Attrs = Attrs({})
        self.loader: Loader = Loader()
        self.copied: dict[str, str] = {}
        self.resolved: dict[str, str | None] = {}
        self.deferred: Deferred = Deferred(self)
        self.show_trace: bool = False
        self.abort_on_warn: bool = False
        self.trace_verbose: bool = False

    # -- forcing

    def force(self, v: object) -> object:
        """Weak head normal form."""
        if type(v) is Thunk:
            return v.force()
        return v

    def force_deep(self, v: object) -> object:
        """Force everything within; sets and lists that contain themselves are fine."""
        v = self.force(v)
        self._deep(v, set())
        return v

    def _deep(self, v: object, seen: set[int]) -> None:
        if type(v) is Attrs:
            if id(v) in seen:
                return
            seen.add(id(v))
            STACK.enter()
            attrs = v
            for name in sorted(attrs.d):
                try:
                    self._deep(self.force(attrs.d[name]), seen)
                except EvalError as error:
                    self.note_attribute(error, attrs, name)
                    raise
            STACK.depth -= 1
        elif type(v) is list:
            if id(v) in seen:
                return
            seen.add(id(v))
            STACK.enter()
            for item in cast(list[object], v):
                self._deep(self.force(item), seen)
            STACK.depth -= 1
        elif type(v) is Lambda:
            v.late = False

    def note_attribute(self, error: EvalError, attrs: Attrs, name: str) -> None:
        """Add the trace frame "while evaluating the attribute"."""
        pos = None if attrs.origin is None else attrs.origin.find(name)
        if pos is not None:
            error.at(pos)
        error.push(f"while evaluating the attribute '{name}'", pos)

    # -- applying

    def apply(self, f: object, x: object) -> object:
        """``f x``, forced. ``f`` may be a thunk, a function, a builtin or a set with ``__functor``."""
        if type(f) is Thunk:
            f = f.force()
        if type(f) is Lambda:
            function = f
            return function.code.call(function.env, x)
        if type(f) is Builtin:
            builtin = f
            if builtin.arity == 1:
                return builtin.fn(self, x)
            return PartialBuiltin(builtin, [x])
        return self.call(f, [x])

    def apply2(self, f: object, x: object, y: object) -> object:
        """``f x y``, forced."""
        if type(f) is Thunk:
            f = f.force()
        if type(f) is Builtin:
            builtin = f
            if builtin.arity == 2:
                return builtin.fn(self, x, y)
        elif type(f) is Lambda:
            function = f
            if function.code.curried:
                return function.code.call2(function.env, x, y)
        return self.apply(self.apply(f, x), y)

    def apply3(self, f: object, x: object, y: object, z: object) -> object:
        """``f x y z``, forced."""
        if type(f) is Thunk:
            f = f.force()
        if type(f) is Lambda:
            function = f
            if function.code.curried:
                return function.code.call3(function.env, x, y, z)
        elif type(f) is Builtin:
            builtin = f
            if builtin.arity == 3:
                return builtin.fn(self, x, y, z)
        return self.call(f, [x, y, z])

    def call(self, f: object, args: list[object]) -> object:
        """``f a1 ... an``, forced; n >= 1."""
        if type(f) is Thunk:
            f = f.force()
        i = 0
        n = len(args)
        while i < n:
            if type(f) is Lambda:
                function = f
                if function.code.curried and n - i >= 2:
                    f = function.code.call2(function.env, args[i], args[i + 1])
                    i += 2
                else:
                    f = function.code.call(function.env, args[i])
                    i += 1
            elif type(f) is Builtin:
                builtin = f
                arity = builtin.arity
                if n - i < arity:
                    return PartialBuiltin(builtin, args[i:])
                f = self.run(builtin, args if n == arity else args[i : i + arity])
                i += arity
            elif type(f) is PartialBuiltin:
                partial = f
                builtin = partial.builtin
                missing = builtin.arity - len(partial.args)
                if n - i < missing:
                    return PartialBuiltin(builtin, partial.args + args[i:])
                f = self.run(builtin, partial.args + args[i : i + missing])
                i += missing
            else:
                f = self.apply(self.functor(f), f)
        return f

    def functor(self, f: object) -> object:
        """The ``__functor`` of a callable set; an error for anything else."""
        if type(f) is Attrs:
            functor = f.d.get("__functor")
            if functor is not None:
                return functor
        raise TypeErrorNix(f"attempt to call something which is not a function but {described(f)}")

    def run(self, builtin: Builtin, args: list[object]) -> object:
        """Call a builtin with exactly its arity of arguments."""
        n = builtin.arity
        if n == 1:
            return builtin.fn(self, args[0])
        if n == 2:
            return builtin.fn(self, args[0], args[1])
        if n == 3:
            return builtin.fn(self, args[0], args[1], args[2])
        return builtin.fn(self, *args)

    def defer(self, f: object, x: object) -> Thunk:
        """``f x`` for later."""
        return Thunk(self.deferred, [f, x])

    # -- asking

    def int(self, v: object, what: str = "") -> int:
        """The forced value as an integer. ``what`` (here and below), when not empty, becomes a trace frame of the type
        error, as in "while evaluating the second argument passed to builtins.elemAt"."""
        v = self.force(v)
        if type(v) is int:
            return v
        raise self.wrong(v, "an integer", what)

    def float(self, v: object, what: str = "") -> float:
        """The forced value as a float; integers are converted."""
        v = self.force(v)
        if type(v) is float:
            return v
        if type(v) is int:
            return float(v)
        raise self.wrong(v, "a float", what)

    def bool(self, v: object, what: str = "") -> bool:
        """The forced value as a Boolean."""
        if type(v) is Thunk:  # not force(): a call more, four million times in a NixOS system
            v = v.force()
        if v is True:
            return True
        if v is False:
            return False
        raise self.wrong(v, "a Boolean", what)

    def list(self, v: object, what: str = "") -> list[object]:
        """The forced value as a list (do not change it); its elements may be thunks."""
        if type(v) is Thunk:
            v = v.force()
        if type(v) is list:
            return cast(list[object], v)
        raise self.wrong(v, "a list", what)

    def attrs(self, v: object, what: str = "") -> Attrs:
        """The forced value as a set (do not change it)."""
        if type(v) is Thunk:
            v = v.force()
        if type(v) is Attrs:
            return v
        raise self.wrong(v, "a set", what)

    def string(self, v: object, what: str = "") -> str:
        """The forced value as a string that must not have a context."""
        if type(v) is Thunk:
            v = v.force()
        if type(v) is str:
            return v
        if type(v) is NixString:
            s = v
            error = EvalError(f"the string '{s.text}' is not allowed to refer to a store path (such as '{sorted(s.context)[0]}')")
            if what:
                error.push(what)
            raise error
        raise self.wrong(v, "a string", what)

    def string_ctx(self, v: object, what: str = "") -> tuple[str, frozenset[str]]:
        """The forced value as a string and its context."""
        if type(v) is Thunk:
            v = v.force()
        if type(v) is str:
            return v, NO_CONTEXT
        if type(v) is NixString:
            s = v
            return s.text, s.context
        raise self.wrong(v, "a string", what)

    def function(self, v: object, what: str = "") -> object:
        """The forced value as a function (a set with ``__functor`` is one)."""
        if type(v) is Thunk:
            v = v.force()
        if type(v) is Lambda or type(v) is Builtin or type(v) is PartialBuiltin:
            return v
        if type(v) is Attrs and "__functor" in v.d:
            return v
        raise self.wrong(v, "a function", what)

    def wrong(self, v: object, expected: str, what: str = "") -> TypeErrorNix:
        """The error for a value of the wrong type."""
        error = TypeErrorNix(f"expected {expected} but found {described(v)}")
        if what:
            error.push(what)
        return error

    # -- files

    def import_file(self, path: str) -> object:
        """``import``: the value of a file; a folder means its default.nix."""
        return self.loader.load(path)

    def import_scoped(self, scope: Attrs, path: str) -> object:
        """``scopedImport``."""
        return self.loader.load_scoped(scope, path)


NO_CONTEXT: Final[frozenset[str]] = frozenset()


class Deferred(Code):
    """The code of ``Machine.defer``: its environment is [function, argument]."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def eval(self, env: list[object]) -> object:
        return self.machine.apply(env[0], env[1])
