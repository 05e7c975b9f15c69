"""Sets.

A set is a dict that nobody changes, unordered; wherever Nix's order shows, names are sorted as bytes. Positions of
attributes come along where Nix keeps them: ``removeAttrs``, ``intersectAttrs`` and ``listToAttrs`` do, ``mapAttrs`` and
``zipAttrsWith`` do not.
"""

from typing import Final, cast

from imagetools.lang.builtins.lazily import defer2
from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain
from imagetools.lang.runtime.errors import EvalError, MissingAttribute, TypeErrorNix
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.positions import NOWHERE, Origin, Pos, Within, Without
from imagetools.lang.values.model import Attrs, Builtin, Lambda, PartialBuiltin


class MissingForCall(TypeErrorNix):
    """A set handed to a builtin lacks an attribute that it needs."""

    def __init__(self, name: str, function: str) -> None:
        super().__init__(f"attribute '{name}' missing")
        self.push(f"in the attrset passed as argument to builtins.{function}")
        self.name = name
        self.function = function


def required(m: Machine, attrs: Attrs, name: str, function: str) -> object:
    """The attribute ``name``, not forced, of the argument of a builtin."""
    if name not in attrs.d:
        raise MissingForCall(name, function)
    return attrs.d[name]


def attr_names(m: Machine, attrset: object) -> object:
    """The names of a set, sorted as bytes. Example: ``builtins.attrNames { y = 1; x = 2; }`` is ``[ "x" "y" ]``. Row
    5.058."""
    return cast(list[object], sorted(m.attrs(attrset, "while evaluating the argument passed to builtins.attrNames").d))


def attr_values(m: Machine, attrset: object) -> object:
    """The values of a set, in the order of ``attrNames``. Example: ``builtins.attrValues { y = 1; x = 2; }`` is ``[ 2 1
    ]``. Row 5.059."""
    d = m.attrs(attrset, "while evaluating the argument passed to builtins.attrValues").d
    result: list[object] = []
    for name in sorted(d):
        result.append(d[name])
    return result


def cat_attrs(m: Machine, attr: object, xs: object) -> object:
    """The attribute ``attr`` of each set of a list that has it. Example: ``builtins.catAttrs "a" [ { a = 1; } { b = 0; } {
    a = 2; } ]`` is ``[ 1 2 ]``."""
    name = m.string(attr, "while evaluating the first argument passed to builtins.catAttrs")
    result: list[object] = []
    for x in m.list(xs, "while evaluating the second argument passed to builtins.catAttrs"):
        d = m.attrs(x, "while evaluating an element in the list passed as second argument to builtins.catAttrs").d
        if name in d:
            result.append(d[name])
    return result


def function_args(m: Machine, f: object) -> object:
    """The named arguments of a function, each with whether it has a default; ``{ }`` for ``x: ...`` and for builtins.

    Fails on what is no function. Example: ``builtins.functionArgs ({ a, b ? 1 }: a)`` is ``{ a = false; b = true; }``. Row
    5.081.
    """
    function = m.force(f)
    if type(function) is Lambda:
        code = function.code
        if code.formals is None:
            return Attrs({})
        args: dict[str, object] = {}
        for formal in code.formals:
            args[formal.name] = formal.has_default
        return Attrs(args, code.origin())
    if type(function) is Builtin or type(function) is PartialBuiltin:
        return Attrs({})
    raise TypeErrorNix("'functionArgs' requires a function")


def get_attr(m: Machine, s: object, attrset: object) -> object:
    """The attribute named ``s``. Fails where the attribute is missing.

    Example: ``builtins.getAttr "a" { a = 1; }`` is 1. Row 5.084.
    """
    name = m.string(s, "while evaluating the first argument passed to builtins.getAttr")
    d = m.attrs(attrset, "while evaluating the second argument passed to builtins.getAttr").d
    if name not in d:
        error = MissingAttribute(name)
        error.candidates = sorted(d)
        raise error
    return m.force(d[name])


def has_attr(m: Machine, s: object, attrset: object) -> object:
    """Whether there is an attribute named ``s``. Example: ``builtins.hasAttr "a" { a = 1; }`` is true. Row 5.086."""
    name = m.string(s, "while evaluating the first argument passed to builtins.hasAttr")
    return name in m.attrs(attrset, "while evaluating the second argument passed to builtins.hasAttr").d


def intersect_attrs(m: Machine, e1: object, e2: object) -> object:
    """The attributes of ``e2`` whose names are also in ``e1``; it walks the smaller of the two.

    Example: ``builtins.intersectAttrs { a = 1; } { a = 2; b = 3; }`` is ``{ a = 2; }``. Row 5.091.
    """
    left = m.attrs(e1, "while evaluating the first argument passed to builtins.intersectAttrs").d
    right = m.attrs(e2, "while evaluating the second argument passed to builtins.intersectAttrs")
    values = right.d
    result: dict[str, object] = {}
    if len(left) < len(values):
        for name in left:
            if name in values:
                result[name] = values[name]
    else:
        for name in values:
            if name in left:
                result[name] = values[name]
    return Attrs(result, None if right.origin is None else Within(list(result), right.origin))


class Listed(Origin):
    """Where the attributes of a ``listToAttrs`` were written: where the ``value`` of their element was. ``origins`` are those of
    the elements, or one that is that of all of them."""

    def __init__(self, names: list[str], origins: list[Origin | None]) -> None:
        self.names = names
        self.origins = origins
        for origin in origins:
            if origin is not origins[0]:
                return
        del origins[1:]

    def look(self, name: str) -> Pos | None:
        for number in range(len(self.names)):
            if self.names[number] == name:
                origin = self.origins[number if len(self.origins) > 1 else 0]
                return NOWHERE if origin is None else origin.look("value")
        return None


NAME_OF_ELEMENT: Final = "while evaluating the `name` attribute of an element of the list passed to builtins.listToAttrs"


def list_to_attrs(m: Machine, e: object) -> object:
    """The set of a list of ``{ name, value }``; of equal names the first wins.

    Fails where a name is missing or no string, or the value of a name that counts is missing.
    Example: ``builtins.listToAttrs [ { name = "a"; value = 1; } ]`` is ``{ a = 1; }``. Row 5.103.
    """
    result: dict[str, object] = {}
    origins: list[Origin | None] = []
    for x in m.list(e, "while evaluating the argument passed to builtins.listToAttrs"):
        item = m.attrs(x, "while evaluating an element of the list passed to builtins.listToAttrs")
        told = required(m, item, "name", "listToAttrs")
        try:
            name = m.string(told, NAME_OF_ELEMENT)
        except EvalError as error:
            if error.pos is None and item.origin is not None:
                error.pos = item.origin.find("name")
            raise
        if name not in result:
            result[name] = required(m, item, "value", "listToAttrs")
            origins.append(item.origin)
    return Attrs(result, Listed(list(result), origins))


def map_attrs(m: Machine, f: object, attrset: object) -> object:
    """``f name value`` for each attribute, lazily. Fails only on what is no set; an attribute fails when it is asked for.

    Example: ``builtins.mapAttrs (n: v: n + v) { a = "b"; }`` is ``{ a =
    "ab"; }``. Row 5.132."""
    d = m.attrs(attrset, "while evaluating the second argument passed to builtins.mapAttrs").d
    result = d.copy()
    for name, value in d.items():
        result[name] = defer2(m, f, name, value)
    return Attrs(result)


def remove_attrs(m: Machine, attrset: object, names: object) -> object:
    """A set without the attributes named in a list; names that it lacks are fine.

    Example: ``removeAttrs { a = 1; b = 2; } [ "a" "c" ]`` is ``{ b = 2; }``. Row 5.113.
    """
    attrs = m.attrs(attrset, "while evaluating the first argument passed to builtins.removeAttrs")
    result = attrs.d.copy()
    gone: list[str] = []
    for x in m.list(names, "while evaluating the second argument passed to builtins.removeAttrs"):
        name = m.string(x, "while evaluating the values of the second argument passed to builtins.removeAttrs")
        if name in result:
            del result[name]
            gone.append(name)
    return Attrs(result, Without(gone, attrs.origin) if gone and attrs.origin is not None else attrs.origin)


def unsafe_get_attr_pos(m: Machine, s: object, attrset: object) -> object:
    """``{ column, file, line }`` of where an attribute was written; null where there is none or nobody knows.

    Example: ``builtins.unsafeGetAttrPos "a" { a = 1; }``. Row 5.137.
    """
    name = m.string(s, "while evaluating the first argument passed to builtins.unsafeGetAttrPos")
    attrs = m.attrs(attrset, "while evaluating the second argument passed to builtins.unsafeGetAttrPos")
    if name not in attrs.d or attrs.origin is None:
        return None
    pos = attrs.origin.find(name)
    if pos is None:
        return None
    file, line, column = pos.resolve()
    return Attrs({"column": column, "file": file, "line": line})


def zip_attrs_with(m: Machine, f: object, sets: object) -> object:
    """One set from a list of sets: ``f name [ values of that name ]``, lazily. Fails where an
    element is no set; an attribute fails when it is asked for.

    Example: ``builtins.zipAttrsWith (n: vs: vs) [ { a = 1; } { a = 2; b = 3; } ]`` is ``{ a = [ 1 2 ]; b = [ 3 ]; }``.
    """
    function = m.function(f, "while evaluating the first argument passed to builtins.zipAttrsWith")
    values: dict[str, list[object]] = {}
    for x in m.list(sets, "while evaluating the second argument passed to builtins.zipAttrsWith"):
        d = m.attrs(x, "while evaluating a value of the list passed as second argument to builtins.zipAttrsWith").d
        for name, value in d.items():
            found = values.get(name)
            if found is None:
                values[name] = [value]
            else:
                found.append(value)
    result: dict[str, object] = {}
    for name, found in values.items():
        result[name] = defer2(m, function, name, found)
    return Attrs(result)


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    builtin("attrNames", attr_names, "set"),
    builtin("attrValues", attr_values, "set"),
    builtin("catAttrs", cat_attrs, "attr", "list"),
    builtin("functionArgs", function_args, "f"),
    builtin("getAttr", get_attr, "s", "set"),
    builtin("hasAttr", has_attr, "s", "set"),
    builtin("intersectAttrs", intersect_attrs, "e1", "e2"),
    builtin("listToAttrs", list_to_attrs, "e"),
    builtin("mapAttrs", map_attrs, "f", "attrset"),
    plain("removeAttrs", remove_attrs, "set", "list"),
    builtin("unsafeGetAttrPos", unsafe_get_attr_pos, "s", "set"),
    builtin("zipAttrsWith", zip_attrs_with, "f", "list"),
)
