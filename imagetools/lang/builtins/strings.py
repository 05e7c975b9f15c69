"""Texts: lengths, parts, joining, replacing, and coercion to a string.

Strings are bytes; positions and lengths count bytes. Contexts go along: a result depends on all that the arguments depend
on, except that ``replaceStrings`` adds the context of a replacement only where it was used. Nix quirk: ``stringLength``,
``substring`` and ``concatStringsSep`` copy paths into the store, ``toString`` does not.
"""

import re
from typing import Final

from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain
from imagetools.lang.runtime import coerce
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import NixPath, Thunk, make_string

REPLACERS: Final[dict[tuple[str, ...], "re.Pattern[str]"]] = {}


def to_string(m: Machine, e: object) -> object:
    """A value as a string: strings, paths (not copied), sets with ``__toString`` or ``outPath``, numbers, true ("1"),
    false and null (""), and lists of these, joined by spaces. Fails on functions and other sets. Example: ``toString [ 1
    true ./x ]`` is "1 1 /here/x". Row 5.127."""
    context: set[str] = set()
    return make_string(coerce.to_string(m, e, context, True, False), context)


def string_length(m: Machine, e: object) -> object:
    """The number of bytes. Fails on what has no text. Example: ``builtins.stringLength "é"`` is 2. Row 5.119."""
    if type(e) is Thunk:
        e = e.force()
    return len(e) if type(e) is str else len(coerce.to_string(m, e, set()))


def substring(m: Machine, start: object, len_: object, s: object) -> object:
    """The bytes of ``s`` from ``start`` on, ``len`` of them or as many as there are; all of them if ``len`` is negative.

    Fails on a negative ``start``. Example: ``builtins.substring 1 2 "abcd"`` is "bc". Row 5.121.
    """
    first = m.int(start, "while evaluating the first argument (the start offset) passed to builtins.substring")
    size = m.int(len_, "while evaluating the second argument (the substring length) passed to builtins.substring")
    if type(s) is Thunk:
        s = s.force()
    if type(s) is str and first >= 0:
        return s[first:] if size < 0 else s[first : first + size]
    context: set[str] = set()
    text = coerce.to_string(m, s, context)
    if first < 0:
        raise EvalError("negative start position in 'substring'")
    return make_string(text[first:] if size < 0 else text[first : first + size], context)


def concat_strings_sep(m: Machine, separator: object, xs: object) -> object:
    """The texts of a list with ``separator`` between them; paths are copied into the store. Fails on what has no text.

    Example: ``builtins.concatStringsSep "/" [ "a" "b" ]`` is "a/b". Row 5.067.
    """
    sep, sep_context = m.string_ctx(
        separator, "while evaluating the first argument (the separator string) passed to builtins.concatStringsSep"
    )
    context: set[str] = set(sep_context)
    parts: list[str] = []
    for x in m.list(
        xs, "while evaluating the second argument (the list of strings to concat) passed to builtins.concatStringsSep"
    ):
        parts.append(x if type(x) is str else coerce.to_string(m, x, context))
    return make_string(sep.join(parts), context)


def base_name_of(m: Machine, s: object) -> object:
    """What follows the last slash of a string or path; one trailing slash does not count.

    Example: ``baseNameOf "/a/b/"`` is "b". Row 5.060.
    """
    context: set[str] = set()
    path = coerce.to_string(m, s, context, False, False)
    if len(path) > 1 and path.endswith("/"):
        path = path[:-1]
    return make_string(path[path.rfind("/") + 1 :], context)


def dir_of(m: Machine, s: object) -> object:
    """What stands before the last slash: a path of a path, a string of a string ("." without a slash).

    Example: ``dirOf "a/b"`` is "a". Row 5.071.
    """
    context: set[str] = set()
    value = m.force(s)
    path = coerce.to_string(m, value, context, False, False)
    cut = path.rfind("/")
    folder = "." if cut < 0 else "/" if cut == 0 else path[:cut]
    return NixPath(folder) if type(value) is NixPath else make_string(folder, context)


class UnequalLengths(EvalError):
    """``replaceStrings`` got lists of different lengths."""

    def __init__(self, from_size: int, to_size: int) -> None:
        super().__init__("'from' and 'to' arguments passed to builtins.replaceStrings have different lengths")
        self.from_size = from_size
        self.to_size = to_size


class Replacement:
    """The strings to put in, each forced when it is first used; ``context`` gathers what the used ones depend on."""

    def __init__(self, m: Machine, values: list[object], context: set[str]) -> None:
        self.m = m
        self.values = values
        self.context = context
        self.texts: list[str | None] = [None] * len(values)

    def text(self, number: int) -> str:
        known = self.texts[number]
        if known is None:
            known, context = self.m.string_ctx(
                self.values[number], "while evaluating one of the replacement strings passed to builtins.replaceStrings"
            )
            self.context.update(context)
            self.texts[number] = known
        return known


def replace_strings(m: Machine, from_: object, to: object, s: object) -> object:
    """``s`` with each occurrence of a string of ``from`` replaced by the one at the same place of ``to``; at each place
    the first of ``from`` that fits wins.

    An empty string in ``from`` fits everywhere, also at the end. Replacements are only forced where used (current Nix; 2.8
    forces all). Fails where the lists differ in length. Example: ``builtins.replaceStrings [ "a" "oo" ] [ "oo" "a" ]
    "foobar"`` is "faboor". Row 5.114.
    """
    olds = m.list(from_, "while evaluating the first argument passed to builtins.replaceStrings")
    news = m.list(to, "while evaluating the second argument passed to builtins.replaceStrings")
    if len(olds) != len(news):
        raise UnequalLengths(len(olds), len(news))
    patterns: list[str] = []
    for x in olds:
        patterns.append(m.string_ctx(x, "while evaluating one of the strings to replace passed to builtins.replaceStrings")[0])
    text, own_context = m.string_ctx(s, "while evaluating the third argument passed to builtins.replaceStrings")
    context: set[str] = set(own_context)
    replacement = Replacement(m, news, context)
    if "" in patterns:
        return make_string(replace_everywhere(patterns, replacement, text), context)
    if not patterns:
        return make_string(text, context)
    parts: list[str] = []
    at = 0
    for found in replacer(patterns).finditer(text):
        parts.append(text[at : found.start()])
        parts.append(replacement.text(patterns.index(found.group())))
        at = found.end()
    if at == 0:
        return make_string(text, context)
    parts.append(text[at:])
    return make_string("".join(parts), context)


def replacer(patterns: list[str]) -> "re.Pattern[str]":
    """A pattern for any of some texts (none empty), the first that fits."""
    key = tuple(patterns)
    known = REPLACERS.get(key)
    if known is None:
        known = re.compile("|".join([re.escape(pattern) for pattern in patterns]))
        if len(REPLACERS) >= 1000:
            REPLACERS.clear()
        REPLACERS[key] = known
    return known


def replace_everywhere(patterns: list[str], replacement: Replacement, text: str) -> str:
    """``replaceStrings`` where one pattern is empty: something fits at every place."""
    parts: list[str] = []
    at = 0
    while at <= len(text):
        for number in range(len(patterns)):
            if text.startswith(patterns[number], at):
                parts.append(replacement.text(number))
                if patterns[number]:
                    at += len(patterns[number])
                else:
                    parts.append(text[at : at + 1])
                    at += 1
                break
    return "".join(parts)


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    plain("toString", to_string, "e"),
    builtin("stringLength", string_length, "e"),
    builtin("substring", substring, "start", "len", "s"),
    builtin("concatStringsSep", concat_strings_sep, "separator", "list"),
    plain("baseNameOf", base_name_of, "s"),
    plain("dirOf", dir_of, "s"),
    builtin("replaceStrings", replace_strings, "from", "to", "s"),
)
