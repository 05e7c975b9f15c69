"""What a string depends on: looking at it, adding to it, and throwing it away.

Elements are texts as Nix encodes them: a store path ("plain"), ``!output!path.drv`` (one output), ``=path.drv`` (a
derivation with all its outputs).
"""

from typing import Final

from imagetools.lang.builtins.spec import BuiltinSpec, builtin
from imagetools.lang.runtime import coerce
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Attrs, make_string

HASH_SIZE: Final = 32
HASH_CHARS: Final = frozenset("0123456789abcdfghijklmnpqrsvwxyz")


def get_context(m: Machine, s: object) -> object:
    """What a string depends on: a set of store paths, each with ``path`` (true if it is meant as it is), ``allOutputs`` (a
    derivation and all its outputs) and ``outputs`` (names of outputs of a derivation), as far as they apply. Example:
    ``builtins.getContext "a"`` is ``{ }``."""
    _, context = m.string_ctx(s, "while evaluating the argument passed to builtins.getContext")
    found: dict[str, dict[str, object]] = {}
    outputs: dict[str, list[object]] = {}
    for element in sorted(context):
        if element.startswith("!"):
            output, _, path = element[1:].partition("!")
            info = found.setdefault(path, {})
            if path not in outputs:
                outputs[path] = []
                info["outputs"] = outputs[path]
            outputs[path].append(output)
        elif element.startswith("="):
            found.setdefault(element[1:], {})["allOutputs"] = True
        else:
            found.setdefault(element, {})["path"] = True
    result: dict[str, object] = {}
    for path, info in found.items():
        result[path] = Attrs(info)
    return Attrs(result)


def has_context(m: Machine, s: object) -> object:
    """Whether a string depends on anything. Example: ``builtins.hasContext "a"`` is false."""
    return len(m.string_ctx(s, "while evaluating the argument passed to builtins.hasContext")[1]) > 0


def is_store_path(m: Machine, path: str) -> bool:
    """Whether a text names an object directly in the store folder."""
    folder = m.io.store_dir + "/"
    if not path.startswith(folder):
        return False
    name = path[len(folder) :]
    if "/" in name or len(name) < HASH_SIZE + 2 or name[HASH_SIZE] != "-":
        return False
    for c in name[:HASH_SIZE]:  # noqa: SIM110 (compiled as a loop)
        if c not in HASH_CHARS:
            return False
    return True


def append_context(m: Machine, s: object, extra: object) -> object:
    """A string that also depends on ``extra``, which has the shape that ``getContext`` gives.

    Fails where a name is no store path, or outputs are wanted of what is no derivation. Example: ``builtins.appendContext "a"
    { "/nix/store/...-x" = { path = true; }; }``.
    """
    text, own = m.string_ctx(s, "while evaluating the first argument passed to builtins.appendContext")
    added = m.attrs(extra, "while evaluating the second argument passed to builtins.appendContext")
    context: set[str] = set(own)
    for path in sorted(added.d):
        if not is_store_path(m, path):
            raise EvalError(f"context key '{path}' is not a store path")
        info = m.attrs(added.d[path], "while evaluating the value of a string context").d
        derivation = path.endswith(".drv")
        if "path" in info and m.bool(info["path"], "while evaluating the `path` attribute of a string context"):
            context.add(path)
        if "allOutputs" in info and m.bool(info["allOutputs"], "while evaluating the `allOutputs` attribute of a string context"):
            if not derivation:
                raise EvalError(f"tried to add all-outputs context of {path}, which is not a derivation, to a string")
            context.add("=" + path)
        if "outputs" in info:
            names = m.list(info["outputs"], "while evaluating the `outputs` attribute of a string context")
            if names and not derivation:
                raise EvalError(f"tried to add derivation output context of {path}, which is not a derivation, to a string")
            for x in names:
                name = m.string(x, "while evaluating an output name within a string context")
                context.add(f"!{name}!{path}")
    return make_string(text, context)


def unsafe_discard_string_context(m: Machine, s: object) -> object:
    """A text without what it depends on: nothing will be built or kept for it. Example:
    ``builtins.unsafeDiscardStringContext pkg.drvPath``."""
    return coerce.to_string(m, s, set())


def unsafe_discard_output_dependency(m: Machine, s: object) -> object:
    """A text whose dependencies on derivations with all their outputs become dependencies on the .drv files alone.

    Example: ``builtins.unsafeDiscardOutputDependency pkg.drvPath``.
    """
    context: set[str] = set()
    text = coerce.to_string(m, s, context)
    weaker: set[str] = set()
    for element in context:
        weaker.add(element[1:] if element.startswith("=") else element)
    return make_string(text, weaker)


def add_drv_output_dependencies(m: Machine, s: object) -> object:
    """The opposite: a text that depends on one .drv file now depends on all that it builds. Fails on any other context.

    Example: ``builtins.addDrvOutputDependencies (builtins.unsafeDiscardOutputDependency pkg.drvPath)``. Since Nix 2.20.
    """
    context: set[str] = set()
    text = coerce.to_string(m, s, context)
    if len(context) != 1:
        raise EvalError(f"context of string '{text}' must have exactly one element, but has {len(context)}")
    element = next(iter(context))
    if element.startswith("!"):
        output = element[1:].partition("!")[0]
        raise EvalError(f"`addDrvOutputDependencies` can only act on derivations, not on a derivation output such as '{output}'")
    if element.startswith("="):
        return make_string(text, context)
    if not element.endswith(".drv"):
        raise EvalError(f"path '{element}' is not a derivation")
    return make_string(text, {"=" + element})


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    builtin("getContext", get_context, "s"),
    builtin("hasContext", has_context, "s"),
    builtin("appendContext", append_context, "s", "context"),
    builtin("unsafeDiscardStringContext", unsafe_discard_string_context, "s"),
    builtin("unsafeDiscardOutputDependency", unsafe_discard_output_dependency, "s"),
    builtin("addDrvOutputDependencies", add_drv_output_dependencies, "s"),
)
