"""Values as XML: ``toXML`` and ``eval --xml``.

Nix quirks: a derivation's attributes are written only the first time it is seen; functions are shown by their argument
pattern, builtins as ``<unevaluated />``; positions of attributes and functions are written by the command only, which also
leaves unevaluated what nothing has asked for.
"""

from typing import Final, cast

from imagetools.lang.runtime.compare import is_derivation
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.positions import NO_FILES, Pos
from imagetools.lang.values.model import STACK, Attrs, Lambda, NixPath, NixString, Thunk
from imagetools.lang.values.scalars import show_float

HEAD: Final = "<?xml version='1.0' encoding='utf-8'?>\n<expr>\n"


def dump(m: Machine, v: object, context: set[str], strict: bool = True, location: bool = False) -> str:
    """The XML document (bytestr) of a value; what it depends on is added to ``context``.

    ``strict``: everything within is forced, else what is lazy is ``<unevaluated />``. ``location``: attributes and functions
    say where they are written."""
    writer = Writer(m, context, strict, location)
    if type(v) is Lambda:  # what is asked for is known, however late it was made
        writer.function(v, 1)
    else:
        writer.value(v, 1)
    return HEAD + writer.text() + "</expr>\n"


class Writer:
    """Writes elements, two spaces a level. Indentation comes last: a value that is nested without end must fail before the
    text of its first levels, which grows with the square of the depth, fills the memory."""

    def __init__(self, m: Machine, context: set[str], strict: bool, location: bool) -> None:
        self.m = m
        self.context = context
        self.strict = strict
        self.location = location
        self.lines: list[str] = []
        self.levels: list[int] = []
        self.seen: set[str] = set()
        self.strings: dict[str, str] = {}
        self.names: dict[str, str] = {}

    def text(self) -> str:
        spaces: list[str] = []
        for level in range(max(self.levels, default=0) + 1):
            spaces.append("  " * level)
        parts: list[str] = []
        for number in range(len(self.lines)):
            parts.append(spaces[self.levels[number]])
            parts.append(self.lines[number])
        return "".join(parts)

    def line(self, level: int, text: str) -> None:
        self.levels.append(level)
        self.lines.append(text)

    def string(self, text: str) -> str:
        """The element of a string. Most come more than once: a NixOS system has its options in XML, all with the same words."""
        element = self.strings.get(text)
        if element is None:
            element = f'<string value="{escaped(text)}" />\n'
            self.strings[text] = element
        return element

    def name(self, text: str) -> str:
        """The beginning of an attribute."""
        element = self.names.get(text)
        if element is None:
            element = f'<attr name="{escaped(text)}">\n'
            self.names[text] = element
        return element

    def empty(self, level: int, name: str, attributes: dict[str, str]) -> None:
        self.line(level, f"<{name}{written(attributes)} />\n")

    def begin(self, level: int, name: str, attributes: dict[str, str]) -> None:
        self.line(level, f"<{name}{written(attributes)}>\n")

    def end(self, level: int, name: str) -> None:
        self.line(level, f"</{name}>\n")

    def value(self, v: object, level: int) -> None:
        v = self.known(v)
        STACK.enter()
        t = type(v)
        if t is Attrs:
            self.attrs(cast(Attrs, v), level)
        elif t is list:
            self.line(level, "<list>\n")
            for item in cast(list[object], v):
                self.value(item, level + 1)
            self.line(level, "</list>\n")
        elif t is Lambda and (self.strict or not cast(Lambda, v).late):
            self.function(cast(Lambda, v), level)
        else:
            self.scalar(v, level)
        STACK.depth -= 1

    def known(self, v: object) -> object:
        """The value; where nothing may be forced, a thunk stays one unless it is done."""
        if self.strict:
            return self.m.force(v)
        if type(v) is Thunk and v.code is None:
            return v.slot
        return v

    def place(self, attributes: dict[str, str], pos: Pos | None) -> None:
        """Add where something is written; a text that is no file has no path."""
        if pos is None or not self.location:
            return
        file, line, column = pos.resolve()
        if file not in NO_FILES:
            attributes["path"] = file
        attributes["line"] = str(line)
        attributes["column"] = str(column)

    def scalar(self, v: object, level: int) -> None:
        if type(v) is str:
            self.line(level, self.string(v))
        elif type(v) is NixString:
            self.context.update(v.context)
            self.line(level, self.string(v.text))
        elif type(v) is NixPath:
            self.empty(level, "path", {"value": v.text})
        elif type(v) is bool:
            self.line(level, '<bool value="true" />\n' if v else '<bool value="false" />\n')
        elif type(v) is int:
            self.empty(level, "int", {"value": str(v)})
        elif type(v) is float:
            self.empty(level, "float", {"value": show_float(v)})
        else:
            self.empty(level, "null" if v is None else "unevaluated", {})

    def attrs(self, v: Attrs, level: int) -> None:
        if not self.is_derivation(v):
            self.line(level, "<attrs>\n")
            self.members(v, level + 1)
            self.line(level, "</attrs>\n")
            return
        attributes: dict[str, str] = {}
        for name in ("drvPath", "outPath"):
            if name in v.d:
                path = self.known(v.d[name])
                if type(path) is str:
                    attributes[name] = path
                elif type(path) is NixString:
                    attributes[name] = path.text
        self.begin(level, "derivation", attributes)
        drv_path = attributes.get("drvPath", "")
        if drv_path != "" and drv_path not in self.seen:
            self.seen.add(drv_path)
            self.members(v, level + 1)
        else:
            self.empty(level + 1, "repeated", {})
        self.end(level, "derivation")

    def is_derivation(self, v: Attrs) -> bool:
        """Whether it says so; Nix forces that attribute even where nothing else is forced."""
        return "type" in v.d and is_derivation(self.m, v.d)

    def members(self, v: Attrs, level: int) -> None:
        for name in sorted(v.d):
            if self.location:
                attributes = {"name": name}
                self.place(attributes, None if v.origin is None else v.origin.find(name))
                self.begin(level, "attr", attributes)
            else:
                self.line(level, self.name(name))
            try:
                self.value(v.d[name], level + 1)
            except EvalError as error:
                self.m.note_attribute(error, v, name)
                raise
            self.line(level, "</attr>\n")

    def function(self, v: Lambda, level: int) -> None:
        code = v.code
        where: dict[str, str] = {}
        self.place(where, code.written())
        self.begin(level, "function", where)
        if code.formals is None:
            self.empty(level + 1, "varpat", {"name": code.arg or ""})
        else:
            pattern: dict[str, str] = {}
            if code.ellipsis:
                pattern["ellipsis"] = "1"
            if code.arg is not None:
                pattern["name"] = code.arg
            self.begin(level + 1, "attrspat", pattern)
            names: list[str] = []
            for formal in code.formals:
                names.append(formal.name)
            names.sort()
            for name in names:
                self.empty(level + 2, "attr", {"name": name})
            self.end(level + 1, "attrspat")
        self.end(level, "function")


def written(attributes: dict[str, str]) -> str:
    """The attributes of an element, each with a space before it."""
    parts: list[str] = []
    for name in sorted(attributes):
        parts.append(f' {name}="{escaped(attributes[name])}"')
    return "".join(parts)


def escaped(text: str) -> str:
    """The value of an attribute. (``str.translate`` asks for each kind of character and took a twelfth of the evaluation of a
    NixOS system, whose options become XML.)"""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if '"' in text:
        text = text.replace('"', "&quot;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if "\n" in text:
        text = text.replace("\n", "&#xA;")
    return text
