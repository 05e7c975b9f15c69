"""What the table knows of one builtin.

A builtin is a plain function ``fn(machine, a1, ..., an) -> value``: it gets raw, possibly unforced arguments and gives a
forced value. Its docstring is its documentation: what it does with its arguments, when it fails, an example. Nothing
registers itself: each module lists its own.
"""

from collections.abc import Callable

from imagetools.lang.values.model import Builtin


class BuiltinSpec:
    """``name`` as in ``builtins.name``; ``args`` names its arguments (their number is the arity). ``plain``: the global
    variable is ``name`` itself, not ``__name``."""

    def __init__(self, name: str, fn: Callable[..., object], args: tuple[str, ...], plain: bool = False) -> None:
        self.name = name
        self.fn = fn
        self.args = args
        self.plain = plain

    @property
    def arity(self) -> int:
        return len(self.args)

    @property
    def global_name(self) -> str:
        """The name under which it can be used without ``builtins.``."""
        return self.name if self.plain else "__" + self.name

    @property
    def doc(self) -> str:
        """The documentation, for people (empty in compiled code, which keeps no docstrings)."""
        return (self.fn.__doc__ or "").strip()

    def value(self) -> Builtin:
        """The function as a value of the language."""
        return Builtin(self.name, len(self.args), self.fn)


def builtin(name: str, fn: Callable[..., object], *args: str) -> BuiltinSpec:
    """A builtin whose global name has two underscores."""
    return BuiltinSpec(name, fn, args)


def plain(name: str, fn: Callable[..., object], *args: str) -> BuiltinSpec:
    """A builtin that is also a global variable under its own name."""
    return BuiltinSpec(name, fn, args, plain=True)
