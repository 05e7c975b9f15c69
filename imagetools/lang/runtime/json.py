"""Values as JSON: ``builtins.toJSON`` and ``--json``.

Nix quirks: names are sorted; a set with ``__toString`` or ``outPath`` is its text, nothing else of it is looked at; paths
are copied into the store;
floats have six digits (``1.23457``), and infinities come out as they print; bytes of 0x80 and above pass unchanged.
"""

import re
from typing import Final

from imagetools.lang.runtime.coerce import copy_path, note_text, to_string
from imagetools.lang.runtime.errors import EvalError, TypeErrorNix
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.shown import described
from imagetools.lang.values.model import STACK, Attrs, Lambda, NixPath, NixString, Thunk, describe
from imagetools.lang.values.scalars import show_float

SPECIAL: Final = re.compile(r'["\\\x00-\x1f]')
NAMED: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def dump(m: Machine, v: object, context: set[str], strict: bool = True) -> str:
    """The JSON text (bytestr) of a value. What it depends on is added to ``context``. Without ``strict`` nothing is forced, and a
    value that is still lazy is an error. Raises TypeErrorNix for functions."""
    out: list[str] = []
    _write(m, v, context, out, strict)
    return "".join(out)


def _write(m: Machine, v: object, context: set[str], out: list[str], strict: bool) -> None:
    if type(v) is Thunk and (strict or v.code is None):
        v = v.force()
    if type(v) is str:
        out.append(quote(v))
    elif type(v) is NixString:
        context.update(v.context)
        out.append(quote(v.text))
    elif type(v) is Attrs:
        STACK.enter()
        _attrs(m, v, context, out, strict)
        STACK.depth -= 1
    elif type(v) is list:
        STACK.enter()
        _list(m, v, context, out, strict)
        STACK.depth -= 1
    elif type(v) is NixPath:
        out.append(quote(copy_path(m, v.text, context)))
    elif v is None:
        out.append("null")
    elif v is True:
        out.append("true")
    elif v is False:
        out.append("false")
    elif type(v) is int:
        out.append(str(v))
    elif type(v) is float:
        out.append(show_float(v))
    else:
        raise TypeErrorNix(f"cannot convert {describe(v)} to JSON", v.code.written() if type(v) is Lambda else None)


def _list(m: Machine, items: list[object], context: set[str], out: list[str], strict: bool) -> None:
    separator = "["
    for item in items:
        out.append(separator)
        _write(m, item, context, out, strict)
        separator = ","
    out.append("]" if items else "[]")


def _attrs(m: Machine, v: Attrs, context: set[str], out: list[str], strict: bool) -> None:
    convert = v.d.get("__toString")
    if convert is not None:
        try:
            made = m.apply(convert, v)
            if not _has_text(made):
                must = "must" if type(made) is Attrs else "should"
                raise TypeErrorNix(f"`__toString` {must} return a string, but got {described(made)}")
            out.append(quote(to_string(m, made, context, False, False)))
        except EvalError as error:
            note_text(error, v, "__toString")
            raise
        return
    if "outPath" in v.d:
        try:
            _write(m, v.d["outPath"], context, out, strict)
        except EvalError as error:
            note_text(error, v, "outPath")
            raise
        return
    separator = "{"
    for name in sorted(v.d):
        out.append(separator)
        out.append(quote(name))
        out.append(":")
        try:
            _write(m, v.d[name], context, out, strict)
        except EvalError as error:
            m.note_attribute(error, v, name)
            raise
        separator = ","
    out.append("}" if v.d else "{}")


def _has_text(v: object) -> bool:
    """Whether a forced value is a string, or a set that says how it becomes one."""
    if type(v) is Attrs:
        return "__toString" in v.d or "outPath" in v.d
    return type(v) is str or type(v) is NixString or type(v) is NixPath


def quote(text: str) -> str:
    """A JSON string."""
    if SPECIAL.search(text) is None:
        return '"' + text + '"'
    parts: list[str] = ['"']
    for c in text:
        parts.append(NAMED[c] if c in NAMED else f"\\u{ord(c):04x}" if c < " " else c)
    parts.append('"')
    return "".join(parts)
