"""A parsed file as bytes, to be kept from one run to the next.

Pure: where the bytes are kept is the matter of EvalIO.
"""

import hashlib
import sys
from typing import Final, cast

from imagetools.kernel import marshalled
from imagetools.lang.syntax.attrsets import Node
from imagetools.lang.syntax.freezing import freeze

FORMAT: Final = 4  # raise it whenever the tuples or the meaning of a source text change
_MAGIC: Final = b"imagetools parse %d\n" % FORMAT
_GLOBALS: Final[dict[frozenset[str], bytes]] = {}


def key(source: bytes, globals: frozenset[str], version: str, scope: tuple[str, ...] = ()) -> str:
    """The name under which the tree of ``source`` is kept. It depends on all that the tree does, and on the version of Python,
    whose ``marshal`` differs from others'; ``version`` is the product's."""
    known = _GLOBALS.get(globals)
    if known is None:
        known = hashlib.sha256("\0".join(sorted(globals)).encode()).digest()
        _GLOBALS[globals] = known
    state = hashlib.sha256(known)
    state.update(f"{FORMAT} {version} {sys.version_info[0]}.{sys.version_info[1]} {len(scope)}".encode())
    for name in scope:
        state.update(f"\0{name}".encode())
    state.update(b"\0\0")
    state.update(source)
    return state.hexdigest()


def encode(parsed: tuple[Node, bytes]) -> bytes | None:
    """The bytes of a parsed file; None where it is nested too deeply to be kept (then it has to be parsed each time)."""
    try:
        return marshalled.encode(_MAGIC, (freeze(parsed[0]), parsed[1]))
    except (ValueError, RecursionError):
        return None


def decode(data: bytes) -> tuple[Node, bytes] | None:
    """What ``encode`` was given, late parts frozen (``freezing``); None for anything else, whatever it is."""
    return cast("tuple[Node, bytes] | None", marshalled.decode(_MAGIC, data))
