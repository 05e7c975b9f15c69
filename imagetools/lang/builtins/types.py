"""Asking a value what it is."""

from typing import Final

from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Attrs, Builtin, Lambda, NixPath, NixString, PartialBuiltin, type_name


def type_of(m: Machine, e: object) -> object:
    """The type of ``e``: "int", "bool", "string", "path", "null", "set", "list", "lambda" or "float".

    Example: ``builtins.typeOf [ ]`` is "list". Row 5.131.
    """
    return type_name(m.force(e))


def is_attrs(m: Machine, e: object) -> object:
    """Whether ``e`` is a set. Example: ``builtins.isAttrs { }`` is true. Row 5.092."""
    return type(m.force(e)) is Attrs


def is_bool(m: Machine, e: object) -> object:
    """Whether ``e`` is a Boolean. Example: ``builtins.isBool false`` is true. Row 5.098."""
    return type(m.force(e)) is bool


def is_float(m: Machine, e: object) -> object:
    """Whether ``e`` is a float. Example: ``builtins.isFloat 1`` is false. Row 5.097."""
    return type(m.force(e)) is float


def is_function(m: Machine, e: object) -> object:
    """Whether ``e`` is a function; a set with ``__functor`` is not. Example: ``builtins.isFunction (x: x)`` is true. Row
    5.094."""
    t = type(m.force(e))
    return t is Lambda or t is Builtin or t is PartialBuiltin


def is_int(m: Machine, e: object) -> object:
    """Whether ``e`` is an integer. Example: ``builtins.isInt 1.0`` is false. Row 5.096."""
    return type(m.force(e)) is int


def is_list(m: Machine, e: object) -> object:
    """Whether ``e`` is a list. Example: ``builtins.isList [ ]`` is true. Row 5.093."""
    return type(m.force(e)) is list


def is_null(m: Machine, e: object) -> object:
    """Whether ``e`` is null; better written ``e == null``. Example: ``isNull 0`` is false. Row 5.100."""
    return m.force(e) is None


def is_path(m: Machine, e: object) -> object:
    """Whether ``e`` is a path. Example: ``builtins.isPath ./x`` is true. Row 5.099."""
    return type(m.force(e)) is NixPath


def is_string(m: Machine, e: object) -> object:
    """Whether ``e`` is a string. Example: ``builtins.isString "a"`` is true. Row 5.095."""
    t = type(m.force(e))
    return t is str or t is NixString


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    builtin("typeOf", type_of, "e"),
    builtin("isAttrs", is_attrs, "e"),
    builtin("isBool", is_bool, "e"),
    builtin("isFloat", is_float, "e"),
    builtin("isFunction", is_function, "e"),
    builtin("isInt", is_int, "e"),
    builtin("isList", is_list, "e"),
    plain("isNull", is_null, "e"),
    builtin("isPath", is_path, "e"),
    builtin("isString", is_string, "e"),
)
