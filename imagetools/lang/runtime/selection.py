"""What the command line does with a value: calling functions automatically, and following a selection path (``-A a.b.0``)."""

from collections.abc import Mapping

from imagetools.lang.runtime.errors import EvalError, TypeErrorNix
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Attrs, Lambda, describe


class MissingAutoArgument(EvalError):
    """A function at the top level has an argument that nobody gave."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"cannot evaluate a function that has an argument without a value ('{name}')",
            hint="A function that stands where a value is wanted is called with its default arguments.\n"
            f"Give the others with '--arg {name} EXPRESSION' or '--argstr {name} TEXT'.",
        )
        self.name = name


class SelectionError(EvalError):
    """A selection path leads nowhere. ``name`` is the step (or "")."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


def auto_call(m: Machine, v: object, args: Mapping[str, object]) -> object:
    """A function with named arguments is called with those of ``args`` that it takes (all, if it takes any); a set with
    ``__functor`` too; any other value is itself. Raises MissingAutoArgument."""
    v = m.force(v)
    while type(v) is Attrs and "__functor" in v.d:
        v = m.apply(v.d["__functor"], v)
    if type(v) is not Lambda or v.code.formals is None:
        return v
    given: dict[str, object] = {}
    if v.code.ellipsis:
        given.update(args)
    for formal in v.code.formals:
        if formal.name in args:
            given[formal.name] = args[formal.name]
        elif not formal.has_default and not v.code.ellipsis:
            error = MissingAutoArgument(formal.name)
            origin = v.code.origin()
            if origin is not None:
                error.pos = origin.find(formal.name)
            raise error
    return m.apply(v, Attrs(given))


def parse_path(path: str) -> list[str]:
    """The steps of ``a."b.c".0``. Raises SelectionError for a quote that does not end."""
    steps: list[str] = []
    current = ""
    i = 0
    while i < len(path):
        if path[i] == ".":
            steps.append(current)
            current = ""
        elif path[i] == '"':
            end = path.find('"', i + 1)
            if end < 0:
                raise SelectionError(f"missing closing quote in selection path '{path}'")
            current += path[i + 1 : end]
            i = end
        else:
            current += path[i]
        i += 1
    if current:
        steps.append(current)
    return steps


def select_path(m: Machine, v: object, path: str, args: Mapping[str, object]) -> object:
    """Follow a selection path, calling functions on the way; a step that is a number is a list index. The value is forced."""
    for step in parse_path(path):
        v = auto_call(m, v, args)
        if step.isascii() and step.isdigit():
            v = _element(v, int(step), path)
        else:
            v = _attribute(v, step, path)
    return m.force(v)


def _attribute(v: object, step: str, path: str) -> object:
    if type(v) is not Attrs:
        raise TypeErrorNix(f"the expression selected by the selection path '{path}' should be a set but is {describe(v)}")
    if step == "":
        raise SelectionError(f"empty attribute name in selection path '{path}'")
    if step not in v.d:
        error = SelectionError(f"attribute '{step}' in selection path '{path}' not found", step)
        error.candidates = sorted(v.d)
        raise error
    return v.d[step]


def _element(v: object, index: int, path: str) -> object:
    if type(v) is not list:
        raise TypeErrorNix(f"the expression selected by the selection path '{path}' should be a list but is {describe(v)}")
    if index >= len(v):
        raise SelectionError(f"list index {index} in selection path '{path}' is out of range")
    return v[index]
