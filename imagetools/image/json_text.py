"""JSON from strangers: one error, whatever a text may hold (nesting without end, halves of characters, huge numbers)."""

import json
from collections.abc import Iterable
from typing import Final

from ..kernel.errors import ImagetoolsError

#: What a manifest, an index or a config may have at most; the largest real ones have some hundred kilobytes.
LARGEST: Final = 8 << 20
DEEPEST: Final = 100


class JsonTextError(ImagetoolsError):
    """``reason`` says why the text is no JSON that can be used, without naming the text."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"bad JSON: {reason}")
        self.reason = reason


def read_json(data: bytes) -> object:
    """The value of a JSON text. Raises JsonTextError."""
    if len(data) > LARGEST:
        raise JsonTextError(f"it has {len(data)} bytes, more than {LARGEST >> 20} MiB")
    try:
        text = data.decode("utf-8")
        value: object = json.loads(text, parse_constant=_no_number)
        if _too_deep(value):
            raise RecursionError
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise JsonTextError(f"it is no JSON (byte {error.start} is not UTF-8)") from None
    except UnicodeEncodeError:
        raise JsonTextError("it is no JSON (it has half of a character)") from None
    except RecursionError:
        raise JsonTextError("it is nested too deep") from None
    except ValueError as error:
        raise JsonTextError(f"it is no JSON ({error})") from None
    return value


def _too_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return False
    return True


def _inside(item: object) -> Iterable[object]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


def write_json(value: object) -> bytes:
    """Without white space, keys as they come, UTF-8: the same bytes for the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number")
