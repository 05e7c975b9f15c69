"""A derivation's attributes as JSON (``__structuredAttrs``): reading the variable ``__json``, writing .attrs.json and .attrs.sh.

Rows 4.048, 4.049. Pure; it refuses to know what any attribute means. Nix's shape: what is written is what nlohmann's library
makes of what it has read. Keys are sorted, integers are those of 64 bits (larger ones become floats), floats have as few digits
as they need. Into .attrs.sh goes what bash can hold: strings, whole numbers (cut to 32 bits), null, Booleans, and lists and sets
of nothing else.
"""

import json
import math
import re
import struct
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NoReturn, cast

from ..kernel.bytestr import from_unicode, to_bytes

VARIABLE: Final = "__json"

Attributes = Mapping[str, Any]
"""JSON values by name; all strings are Unicode here."""

_BASH_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_POINT_FROM, _POINT_TO = -4, 15  # decimal exponents between which floats are written without one


def parse(text: str) -> object:
    """The value of the variable (a bytestr). Raises ValueError, whose text says where and why."""
    try:
        source = to_bytes(text).decode()
        value: object = json.loads(source, parse_int=_integer, parse_float=_float, parse_constant=_refuse)
        if _SURROGATE.search(source):
            json.dumps(value, ensure_ascii=False).encode()  # half of a pair is a UnicodeEncodeError, which is a ValueError
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def dump(value: object) -> str:
    """JSON without a space, with sorted keys; a bytestr."""
    pieces: list[str] = []
    _write(value, pieces)
    return from_unicode("".join(pieces))


def shell(attributes: Attributes) -> str:
    """Declarations for bash; a bytestr."""
    lines: list[str] = []
    for name in sorted(attributes):
        if _BASH_NAME.fullmatch(name) is None:
            continue
        value = attributes[name]
        if isinstance(value, list):
            items = [_simple(item) for item in value]
            if None not in items:
                lines.append(f"declare -a {name}=({''.join(f'{item} ' for item in items)})\n")
        elif isinstance(value, dict):
            pairs = [(key, _simple(value[key])) for key in sorted(value)]
            if all(item is not None for _, item in pairs):
                lines.append(f"declare -A {name}=({''.join(f'[{_quote(key)}]={item} ' for key, item in pairs)})\n")
        elif (simple := _simple(value)) is not None:
            lines.append(f"declare {name}={simple}\n")
    return from_unicode("".join(lines))


def variables(attributes: Attributes) -> dict[str, str]:
    """What each attribute would be as a variable of the environment (bytestrs), where it can be one: as without
    ``__structuredAttrs``."""
    found: dict[str, str] = {}
    for name, value in attributes.items():
        text = _variable(value)
        if text is not None:
            found[from_unicode(name)] = from_unicode(text)
    return found


def _integer(text: str) -> int | float:
    value = int(text)
    return value if -(1 << 63) <= value < 1 << 64 else _float(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"number overflow parsing '{text}'")
    return value


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"invalid literal: '{text}'")


def _write(value: object, to: list[str]) -> None:
    if isinstance(value, dict):
        members = cast(dict[str, object], value)
        separator = "{"
        for name in sorted(members):
            to.append(f"{separator}{json.dumps(name, ensure_ascii=False)}:")
            _write(members[name], to)
            separator = ","
        to.append("}" if members else "{}")
    elif isinstance(value, list):
        separator = "["
        for item in value:
            to.append(separator)
            _write(item, to)
            separator = ","
        to.append("]" if value else "[]")
    elif isinstance(value, float):
        to.append(_float_text(value))
    else:
        to.append(json.dumps(value, ensure_ascii=False))


def _float_text(value: float) -> str:
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if value == 0:
        return sign + "0.0"
    parts = Decimal(repr(abs(value))).as_tuple()
    digits = "".join(map(str, parts.digits)).rstrip("0")
    point = len(parts.digits) + int(parts.exponent)  # digits before the decimal point
    if len(digits) <= point <= _POINT_TO:
        return f"{sign}{digits}{'0' * (point - len(digits))}.0"
    if 0 < point <= _POINT_TO:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if _POINT_FROM < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+03d}"


def _simple(value: object) -> str | None:
    """The word for bash; None where it has none."""
    if isinstance(value, str):
        return _quote(value)
    if value is None:
        return "''"
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, int):
        return str((value + (1 << 31)) % (1 << 32) - (1 << 31))
    return _whole(value) if isinstance(value, float) else None


def _whole(value: float) -> str | None:
    """A float that is whole in single precision, as a 32-bit integer the way processors convert it."""
    try:
        (single,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        single = math.inf
    if not math.isinf(single) and math.ceil(single) != single:
        return None
    return str(int(value) if -(1 << 31) <= int(value) < 1 << 31 else -(1 << 31))


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _variable(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:f}"
    if isinstance(value, list):
        words = [_variable(item) for item in value]
        return None if None in words else " ".join(word for word in words if word is not None)
    return None
