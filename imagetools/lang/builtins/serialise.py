"""Values to and from JSON, TOML and XML texts."""

from typing import Final, cast

from imagetools.kernel.bytestr import to_bytes
from imagetools.lang.builtins import toml_reader, xml_writer
from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain
from imagetools.lang.builtins.toml_reader import TomlError
from imagetools.lang.runtime import json
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import make_string


class InvalidUtf8(EvalError):
    """A string that is not UTF-8 cannot be JSON. ``offset`` counts bytes of that string."""

    def __init__(self, offset: int, byte: int) -> None:
        super().__init__(f"JSON serialization error: invalid UTF-8 byte at index {offset}: 0x{byte:02X}")
        self.offset = offset
        self.byte = byte


def to_json(m: Machine, e: object) -> object:
    """``e`` as JSON: names sorted, paths copied into the store, sets with ``outPath`` or ``__toString`` as their text; the
    result depends on all of it.

    Fails on functions, and on strings that are not UTF-8 (current Nix; 2.8 lets them pass). Example: ``builtins.toJSON { a
    = [ 1 null ]; }`` is "{\\"a\\":[1,null]}". Row 5.125.
    """
    context: set[str] = set()
    text = json.dump(m, e, context)
    if not text.isascii():
        try:
            to_bytes(text).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidUtf8(in_its_string(text[: error.start]), error.object[error.start]) from None
    return make_string(text, context)


def in_its_string(before: str) -> int:
    """How many bytes of a string of JSON come before the place up to which ``before`` is the text."""
    from imagetools.lang.builtins import json_reader  # noqa: PLC0415

    start = 0
    inside = False
    at = 0
    while at < len(before):
        if before[at] == '"':
            inside = not inside
            start = at + 1
        elif before[at] == "\\":
            at += 1
        at += 1
    return len(cast(str, json_reader.parse('"' + before[start:] + '"')))


def from_json(m: Machine, e: object) -> object:
    """The value of a JSON text. Fails on what is no JSON. Example: ``builtins.fromJSON "[1, null]"`` is ``[ 1 null ]``.
    Row 5.082."""
    from imagetools.lang.builtins import json_reader  # noqa: PLC0415  (Python's parser costs 2 ms, and few evaluations need it)
    from imagetools.lang.builtins.json_checker import JsonError  # noqa: PLC0415

    text = m.string(e, "while evaluating the first argument passed to builtins.fromJSON")
    try:
        return json_reader.parse(text)
    except JsonError as error:
        wrapped = EvalError(error.message)
        wrapped.push("while decoding a JSON string")
        raise wrapped from None


def from_toml(m: Machine, e: object) -> object:
    """The value of a TOML text. Fails on what is no TOML, on dates and times, and on integers that do not fit 64 bits.

    Example: ``builtins.fromTOML "a = 1"`` is ``{ a = 1; }``. Row 5.133.
    """
    text = m.string(e, "while evaluating the argument passed to builtins.fromTOML")
    try:
        return toml_reader.parse(text)
    except TomlError as error:
        raise EvalError(error.message) from None


def to_xml(m: Machine, e: object) -> object:
    """``e`` as an XML document, everything in it forced. Functions are shown by their arguments, builtins not at all.

    Fails where anything in ``e`` does. Example: ``builtins.toXML { a = 1; }``. Row 5.128.
    """
    context: set[str] = set()
    return make_string(xml_writer.dump(m, e, context), context)


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    builtin("toJSON", to_json, "e"),
    builtin("fromJSON", from_json, "e"),
    plain("fromTOML", from_toml, "e"),
    builtin("toXML", to_xml, "e"),
)
