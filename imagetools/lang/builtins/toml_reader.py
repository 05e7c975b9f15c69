"""From TOML text to values, with the parser of Python's library and the limits of Nix: integers of 64 bits, no dates, no
NUL."""

from typing import Final, cast

from imagetools.kernel.bytestr import to_bytes, to_str
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.machine import INT_MAX, INT_MIN
from imagetools.lang.values.model import STACK, Attrs

LARGEST: Final = 1.7976931348623157e308


class TomlError(ImagetoolsError):
    """The text is no TOML, or has something in it that no Nix value is."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"while parsing TOML: {reason}")
        self.reason = reason


def parse(text: str) -> object:
    """The value of a TOML text (bytestr). Raises TomlError."""
    import tomllib  # noqa: PLC0415  (few evaluations need it, and it costs 2 ms)

    try:
        parsed = tomllib.loads(to_bytes(text).decode("utf-8-sig"), parse_float=real)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(to_str(str(error).encode("utf-8"))) from None
    except UnicodeDecodeError as error:
        raise TomlError(f"the text is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise TomlError("the text is nested too deeply") from None
    return value(parsed)


def real(text: str) -> float:
    """The value of a float: the largest that there is where it is larger still. Nix quirk: only ``inf`` is infinite."""
    number = float(text)
    if "n" in text or -LARGEST <= number <= LARGEST:
        return number
    return LARGEST if number > 0 else -LARGEST


def value(parsed: object) -> object:
    """What a value of Python's parser is in Nix."""
    if isinstance(parsed, str):
        return text_of(parsed)
    if isinstance(parsed, bool | float):
        return parsed
    if isinstance(parsed, int):
        if not INT_MIN <= parsed <= INT_MAX:
            raise TomlError(f"the integer {parsed} does not fit 64 bits")
        return parsed
    if isinstance(parsed, dict):
        STACK.enter()
        d: dict[str, object] = {}
        for name, item in cast(dict[str, object], parsed).items():
            d[text_of(name)] = value(item)
        STACK.depth -= 1
        return Attrs(d)
    if isinstance(parsed, list):
        STACK.enter()
        items: list[object] = []
        for item in cast(list[object], parsed):
            items.append(value(item))
        STACK.depth -= 1
        return items
    import datetime  # noqa: PLC0415  (all that is left but mistakes of ours)

    if isinstance(parsed, datetime.date | datetime.time):
        raise TomlError("Dates and times are not supported")
    raise TomlError(f"unexpected {type(parsed).__name__}")


def visible(text: str) -> str:
    """The text (bytestr) with a sign for each null byte."""
    return to_str(text.replace("\0", "\u2400").encode("utf-8"))


def text_of(text: str) -> str:
    if "\0" in text:
        raise TomlError(f"input string '{visible(text)}' cannot be represented as Nix string because it contains null bytes")
    return text if text.isascii() else to_str(text.encode("utf-8"))
