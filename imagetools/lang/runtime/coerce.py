"""Turning values into strings and paths, as interpolation, ``toString``, ``+`` and the builtins do.

Nix quirks that force the shape: ``__toString`` wins over ``outPath``; integers, Booleans, null and lists are coerced only
where ``more`` is set (``toString``,
derivation attributes), and an empty list inside a list takes its separator with it; a path is copied into the store when
``copy`` is set.
"""

import math
from typing import cast

from imagetools.lang.runtime.errors import EvalError, TypeErrorNix
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.shown import shown
from imagetools.lang.values.model import STACK, Attrs, NixPath, NixString, describe


def to_string(m: Machine, v: object, context: set[str], more: bool = False, copy: bool = True) -> str:
    """The text of a value; what it depends on is added to ``context``.

    ``more``: also integers, floats, Booleans (``true`` is "1"), null ("") and lists. ``copy``: paths are copied to the store
    and give the store path. Raises TypeErrorNix for what has no text.
    """
    v = m.force(v)
    if type(v) is str:
        return v
    if type(v) is NixString:
        s = v
        context.update(s.context)
        return s.text
    if type(v) is NixPath:
        path = v.text
        return copy_path(m, path, context) if copy else path
    if type(v) is Attrs:
        return _attrs(m, v, context, more, copy)
    if more:
        if v is None or v is False:
            return ""
        if v is True:
            return "1"
        if type(v) is int:
            return str(v)
        if type(v) is float:
            if math.isnan(v) and math.copysign(1.0, v) < 0:
                return "-nan"
            return f"{v:f}"
        if type(v) is list:
            return _list(m, cast(list[object], v), context, copy)
    raise TypeErrorNix(f"cannot coerce {describe(v)} to a string: {shown(v)}")


def _attrs(m: Machine, v: Attrs, context: set[str], more: bool, copy: bool) -> str:
    convert = v.d.get("__toString")
    STACK.enter()
    if convert is not None:
        try:
            made = m.apply(convert, v)
        except EvalError as error:
            note_text(error, v, "__toString")
            raise
        text = to_string(m, made, context, more, copy)
    elif "outPath" in v.d:
        text = to_string(m, v.d["outPath"], context, more, copy)
    else:
        raise TypeErrorNix(f"cannot coerce a set to a string: {shown(v)}")
    STACK.depth -= 1
    return text


def note_text(error: EvalError, v: Attrs, name: str) -> None:
    """Give an error in the text of a set, unless it has a place, that of the attribute that makes the text."""
    if error.pos is not None or v.origin is None:
        return
    pos = v.origin.find(name)
    if pos is not None:
        error.at(pos)
        error.push(f"while using the result of the `{name}` attribute", pos)


def _list(m: Machine, items: list[object], context: set[str], copy: bool) -> str:
    parts: list[str] = []
    last = len(items) - 1
    STACK.enter()
    for i in range(len(items)):
        item = m.force(items[i])
        parts.append(to_string(m, item, context, True, copy))
        if i < last and not (type(item) is list and len(cast(list[object], item)) == 0):
            parts.append(" ")
    STACK.depth -= 1
    return "".join(parts)


def copy_path(m: Machine, path: str, context: set[str]) -> str:
    """Copy to the store (once per path and evaluation); the store path, which is also added to ``context``."""
    copied = m.copied.get(path)
    if copied is None:
        if path.endswith(".drv"):
            raise EvalError("file names are not allowed to end in '.drv'")
        copied = m.io.copy_to_store(path)
        m.copied[path] = copied
    context.add(copied)
    return copied


def to_path(m: Machine, v: object, context: set[str]) -> str:
    """An absolute, canonical path from a path, a string or a set that has a text. Raises EvalError for a relative one."""
    path = to_string(m, v, context, False, False)
    if not path.startswith("/"):
        error = EvalError(f"string '{path}' doesn't represent an absolute path")
        v = m.force(v)
        if type(v) is Attrs:
            note_text(error, v, "__toString" if "__toString" in v.d else "outPath")
        raise error
    return canonical(path)


def canonical(path: str) -> str:
    """Without ``.``, ``..`` (taken as text, no symlink is followed), double and trailing slashes. ``path`` is absolute."""
    if "//" not in path and "/." not in path and not path.endswith("/"):
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if parts:
                parts.pop()
        else:
            parts.append(part)
    return "/" + "/".join(parts)


def base_name(path: str) -> str:
    """The last part of a canonical path."""
    return path[path.rfind("/") + 1 :]


def dir_name(path: str) -> str:
    """The folder of a canonical absolute path."""
    cut = path.rfind("/")
    return path[:cut] if cut > 0 else "/"
