"""What copying tells while it goes on: values that somebody may show. Nothing here shows anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: What happens to a blob; the last three are ends.
RECEIVING: Final = "receiving"
PACKING: Final = "packing"
SENDING: Final = "sending"
SENT: Final = "sent"
THERE: Final = "there already"
MOUNTED: Final = "mounted"
ENDS: Final = frozenset((SENT, THERE, MOUNTED))

_SHORT: Final = 12


@dataclass(frozen=True, slots=True)
class BlobStep:
    """``done`` of ``total`` bytes; ``layer`` is the start of a digest, ``what`` one of the words above."""

    layer: str
    what: str
    done: int = 0
    total: int = 0


Watch = Callable[[BlobStep], object]


def short(digest: str) -> str:
    """As Docker shows a layer: twelve digits of its digest."""
    return digest.partition(":")[2][:_SHORT]


def nobody(step: BlobStep) -> None:
    """A watch that does not look."""
    del step
