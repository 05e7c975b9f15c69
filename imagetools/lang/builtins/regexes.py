"""``match`` and ``split``. The regular expressions themselves are in ``posix``."""

from typing import Final, cast

from imagetools.lang.builtins.posix.pattern import Pattern, pattern
from imagetools.lang.builtins.posix.syntax import PatternError
from imagetools.lang.builtins.spec import BuiltinSpec, builtin
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine


def compiled(text: str) -> Pattern:
    """The pattern of a text, with an error of the language where it is invalid."""
    try:
        return pattern(text)
    except PatternError as error:
        raise EvalError(error.message) from None


def match(m: Machine, regex: object, s: object) -> object:
    """The groups of a POSIX extended regular expression that matches all of ``s`` (null for a group that took no part), or
    null.

    Fails on an invalid expression. Contexts are dropped. Example: ``builtins.match "(.*)\\.c" "foo.c"`` is ``[ "foo" ]``.
    Row 5.105.
    """
    found = compiled(m.string(regex, "while evaluating the first argument passed to builtins.match"))
    text, _ = m.string_ctx(s, "while evaluating the second argument passed to builtins.match")
    return cast(list[object] | None, found.match(text))


def split(m: Machine, regex: object, s: object) -> object:
    """The parts of ``s`` that do not match, and between them the groups of each match, as lists.

    Fails on an invalid expression. Contexts are dropped, unless nothing matches. Example: ``builtins.split "(-)" "a-b"``
    is ``[ "a" [ "-" ] "b" ]``. Row 5.117.
    """
    found = compiled(m.string(regex, "while evaluating the first argument passed to builtins.split"))
    text, _ = m.string_ctx(s, "while evaluating the second argument passed to builtins.split")
    matches = found.matches(text)
    if not matches:
        return [s]
    result: list[object] = []
    at = 0
    for one in matches:
        result.append(text[at : one.start])
        result.append(one.groups)
        at = one.end
    result.append(text[at:])
    return result


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    builtin("match", match, "regex", "str"),
    builtin("split", split, "regex", "str"),
)
