"""Values as bytes, to be kept on a disk from one run to the next, by Python's ``marshal``.

Reading must survive whatever a disk can do, and ``marshal`` must not be fed anything that it did not write itself; so a line that
names the format and a checksum come first, and what does not match is simply not there.
"""

import hashlib
import marshal
from typing import Any, Final, cast

_SUM: Final = 32


def encode(magic: bytes, value: object) -> bytes:
    """The bytes of a plain value (tuples, lists, dictionaries, numbers, strings, bytes, None). Raises ValueError where it is
    nested too deeply."""
    data = marshal.dumps(cast(Any, value))
    return magic + hashlib.sha256(data).digest() + data


def decode(magic: bytes, data: bytes) -> object:
    """What ``encode`` was given with the same ``magic``; None for anything else, whatever it is."""
    start = len(magic)
    body = data[start + _SUM :]
    if not data.startswith(magic) or hashlib.sha256(body).digest() != data[start : start + _SUM]:
        return None
    value: object = marshal.loads(body)
    return value
