"""Lists.

Lists are Python lists that nobody changes; elements stay unforced unless a builtin needs them. Predicates are called in
the order of the list, and a failing element fails only where it is looked at.
"""

from typing import Final, cast

from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain
from imagetools.lang.runtime import compare
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Attrs, Lambda, Thunk


class IndexOutOfBounds(EvalError):
    """A list has no element there."""

    def __init__(self, index: int, size: int) -> None:
        super().__init__(f"'builtins.elemAt' called with index {index} on a list of size {size}")
        self.index = index
        self.size = size


def all_(m: Machine, pred: object, xs: object) -> object:
    """Whether ``pred`` is true for every element; stops at the first that is not. Fails where ``pred`` gives no
    Boolean. Example: ``builtins.all (x: x > 0) [ 1 2 ]`` is true. Row 5.056.
    """
    f = m.function(pred, "while evaluating the first argument passed to builtins.all")
    for x in m.list(xs, "while evaluating the second argument passed to builtins.all"):
        if not m.bool(m.apply(f, x), "while evaluating the return value of the function passed to builtins.all"):
            return False
    return True


def any_(m: Machine, pred: object, xs: object) -> object:
    """Whether ``pred`` is true for an element; stops at the first. Fails where ``pred`` gives no Boolean.

    Example: ``builtins.any (x: x > 1) [ 1 2 ]`` is true. Row 5.057.
    """
    f = m.function(pred, "while evaluating the first argument passed to builtins.any")
    for x in m.list(xs, "while evaluating the second argument passed to builtins.any"):
        if m.bool(m.apply(f, x), "while evaluating the return value of the function passed to builtins.any"):
            return True
    return False


def concat_lists(m: Machine, lists: object) -> object:
    """The elements of a list of lists. Fails where an element is no list.

    Example: ``builtins.concatLists [ [ 1 ] [ 2 3 ] ]`` is ``[ 1 2 3 ]``. Row 5.066.
    """
    result: list[object] = []
    for x in m.list(lists, "while evaluating the first argument passed to builtins.concatLists"):
        result.extend(m.list(x, "while evaluating a value of the list passed to builtins.concatLists"))
    return result


def concat_map(m: Machine, f: object, xs: object) -> object:
    """``concatLists (map f xs)``, but not lazy. Fails where ``f`` gives no list.

    Example: ``builtins.concatMap (x: [ x x ]) [ 1 2 ]`` is ``[ 1 1 2 2 ]``. Row 5.132.
    """
    function = m.function(f, "while evaluating the first argument passed to builtins.concatMap")
    result: list[object] = []
    for x in m.list(xs, "while evaluating the second argument passed to builtins.concatMap"):
        found = m.apply(function, x)
        if type(found) is not list:
            raise _no_list(m, function, found)
        result.extend(cast(list[object], found))
    return result


def _no_list(m: Machine, function: object, found: object) -> EvalError:
    """The error for what a function gave to ``concatMap``; it stands where the function is written."""
    error = m.wrong(found, "a list", "while evaluating the return value of the function passed to builtins.concatMap")
    if type(function) is Lambda:
        error.pos = function.code.written()
    return error


def elem(m: Machine, x: object, xs: object) -> object:
    """Whether the list has an element equal to ``x``. Fails where comparing does.

    Example: ``builtins.elem 2 [ 1 2 ]`` is true. Row 5.073.
    """
    items = m.list(xs, "while evaluating the second argument passed to builtins.elem")
    for y in items:  # noqa: SIM110 (a generator would recurse through C)
        if compare.equal(m, x, y):
            return True
    return False


def elem_at(m: Machine, xs: object, n: object) -> object:
    """Element number ``n``, counted from 0. Fails where there is no such element.

    Example: ``builtins.elemAt [ 5 6 ] 1`` is 6. Row 5.074.
    """
    index = m.int(n, "while evaluating the second argument passed to builtins.elemAt")
    items = m.list(xs, "while evaluating the first argument passed to builtins.elemAt")
    if index < 0 or index >= len(items):
        raise IndexOutOfBounds(index, len(items))
    return m.force(items[index])


def filter_(m: Machine, f: object, xs: object) -> object:
    """The elements for which ``f`` is true. Fails where ``f`` gives no Boolean.

    Example: ``builtins.filter (x: x > 1) [ 1 2 3 ]`` is ``[ 2 3 ]``. Row 5.078.
    """
    items = m.list(xs, "while evaluating the second argument passed to builtins.filter")
    if not items:
        return items
    function = m.function(f, "while evaluating the first argument passed to builtins.filter")
    result: list[object] = []
    for x in items:
        if m.bool(m.apply(function, x), "while evaluating the return value of the filtering function passed to builtins.filter"):
            result.append(x)
    return items if len(result) == len(items) else result


def foldl_strict(m: Machine, op: object, nul: object, xs: object) -> object:
    """``op (... (op (op nul x1) x2) ...) xn``, each step forced before the next.

    Nix quirk: ``nul`` itself is not forced before ``op`` is. Fails where
    ``op`` does.

    Example: ``builtins.foldl' (a: b: a + b) 0 [ 1 2 3 ]`` is 6.
    Row 5.080.
    """
    function = m.function(op, "while evaluating the first argument passed to builtins.foldlStrict")
    result = nul
    for x in m.list(xs, "while evaluating the third argument passed to builtins.foldlStrict"):
        result = m.apply2(function, result, x)
    return m.force(result)


def gen_list(m: Machine, generator: object, length: object) -> object:
    """``[ (generator 0) ... (generator (length - 1)) ]``, lazily. Fails on a negative length, and where ``generator`` is no
    function.

    Example: ``builtins.genList (x: x * x) 3`` is ``[ 0 1 4 ]``. Row 5.083.
    """
    size = m.int(length, "while evaluating the second argument passed to builtins.genList")
    if size < 0:
        raise EvalError(f"cannot create list of size {size}")
    function = m.function(generator, "while evaluating the first argument passed to builtins.genList")
    result: list[object] = []
    for n in range(size):
        result.append(m.defer(function, n))
    return result


def group_by(m: Machine, f: object, xs: object) -> object:
    """A set of lists: each element under the name that ``f`` gives it, in the order of ``xs``. Fails where ``f`` gives no string.

    Example: ``builtins.groupBy (builtins.substring 0 1) [ "ab" "b" "ac" ]`` is ``{ a = [ "ab" "ac" ]; b = [ "b" ]; }``.
    """
    function = m.function(f, "while evaluating the first argument passed to builtins.groupBy")
    groups: dict[str, object] = {}
    lists: dict[str, list[object]] = {}
    for x in m.list(xs, "while evaluating the second argument passed to builtins.groupBy"):
        found = m.apply(function, x)
        name = m.string(found, "while evaluating the return value of the grouping function passed to builtins.groupBy")
        group = lists.get(name)
        if group is None:
            group = []
            lists[name] = group
            groups[name] = group
        group.append(x)
    return Attrs(groups)


def head(m: Machine, xs: object) -> object:
    """The first element. Fails on an empty list. Example: ``builtins.head [ 1 2 ]`` is 1. Row 5.089."""
    items = m.list(xs, "while evaluating the first argument passed to builtins.head")
    if not items:
        raise EvalError("'builtins.head' called on an empty list")
    return m.force(items[0])


def length(m: Machine, xs: object) -> object:
    """How many elements a list has. Example: ``builtins.length [ 1 2 ]`` is 2. Row 5.101."""
    return len(m.list(xs, "while evaluating the first argument passed to builtins.length"))


def map_(m: Machine, f: object, xs: object) -> object:
    """The list of ``f x`` for each element, lazily. Fails on what is no list and, unless it is empty, where ``f`` is no
    function; an element fails when it is asked for.

    Example: ``map (x: x + 1) [ 1 2 ]`` is ``[ 2 3 ]``. Row 5.104."""
    items = m.list(xs, "while evaluating the second argument passed to builtins.map")
    if not items:
        return items
    function = m.function(f, "while evaluating the first argument passed to builtins.map")
    result: list[object] = []
    code = m.deferred
    for x in items:
        result.append(Thunk(code, [function, x]))
    return result


def partition(m: Machine, pred: object, xs: object) -> object:
    """``{ right = elements for which pred is true; wrong = the others; }``. Forces the elements. Fails where ``pred`` gives
    no Boolean.

    Example: ``builtins.partition (x: x > 1) [ 1 2 3 ]`` is ``{ right = [ 2 3 ]; wrong = [ 1 ]; }``. Row 5.132.
    """
    function = m.function(pred, "while evaluating the first argument passed to builtins.partition")
    right: list[object] = []
    wrong: list[object] = []
    for x in m.list(xs, "while evaluating the second argument passed to builtins.partition"):
        m.force(x)
        if m.bool(
            m.apply(function, x), "while evaluating the return value of the partition function passed to builtins.partition"
        ):
            right.append(x)
        else:
            wrong.append(x)
    return Attrs({"right": right, "wrong": wrong})


def tail(m: Machine, xs: object) -> object:
    """A list without its first element. Fails on an empty list. Example: ``builtins.tail [ 1 2 ]`` is ``[ 2 ]``. Row 5.122."""
    items = m.list(xs, "while evaluating the first argument passed to builtins.tail")
    if not items:
        raise EvalError("'builtins.tail' called on an empty list")
    return items[1:]


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    builtin("all", all_, "pred", "list"),
    builtin("any", any_, "pred", "list"),
    builtin("concatLists", concat_lists, "lists"),
    builtin("concatMap", concat_map, "f", "list"),
    builtin("elem", elem, "x", "xs"),
    builtin("elemAt", elem_at, "xs", "n"),
    builtin("filter", filter_, "f", "list"),
    builtin("foldl'", foldl_strict, "op", "nul", "list"),
    builtin("genList", gen_list, "generator", "length"),
    builtin("groupBy", group_by, "f", "list"),
    builtin("head", head, "list"),
    builtin("length", length, "e"),
    plain("map", map_, "f", "list"),
    builtin("partition", partition, "pred", "list"),
    builtin("tail", tail, "list"),
)
