"""A layer's tar, written in one pass over its files; its size is known beforehand, from the names and sizes alone.

The size has to be known since the layer stands inside another tar, whose header comes first. So the entries are walked twice and
the bytes are read once. The stream carries the digest (the layer's diff ID) along.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from .base_image import BaseLayer
from .block_stream import BlockStream
from .entries import Entry
from .tar_header import END, Stamp, header, padding

Entries = Callable[[], Iterable[Entry]]


@dataclass(frozen=True, slots=True)
class LayerPart:
    """Members that share owner and time. ``entries`` yields the same ones, in order, each time it is called."""

    entries: Entries
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class LayerSource:
    """``identity`` names all that the members depend on; ``comment`` goes into the image's history.

    ``recipe`` is a ledger's key (ledger.recipe_key), under which what is measured of the layer may be kept for other builds;
    empty where its bytes do not follow from what the builder knows.
    """

    identity: str
    parts: tuple[LayerPart, ...]
    comment: str = ""
    recipe: str = ""

    @property
    def key(self) -> str:
        """The identity together with the stamps: equal keys, equal bytes."""
        return "\n".join([*(part.stamp.text for part in self.parts), self.identity])


class LayerWriter(Protocol):
    """Whatever takes the layers of an image, from the lowest up."""

    def add_layer(self, source: LayerSource) -> object:
        """Write ``source``'s tar, once for equal keys. Raises FileChangedError, OSError."""
        ...

    def add_tar(self, layer: BaseLayer) -> object:
        """Copy a layer that exists as a tar, once for equal diff IDs. Raises BrokenImageError where it is not what was said, now
        or at the end; OSError."""
        ...


def tar_size(source: LayerSource) -> int:
    """How many bytes ``write_tar`` will write."""
    total = len(END)
    for part in source.parts:
        stamp = part.stamp
        for entry in part.entries():
            size = entry.size
            total += len(header(entry, stamp)) + size + padding(size)
    return total


def write_tar(source: LayerSource, stream: BlockStream) -> None:
    """The members and the two empty blocks that end a tar. Raises FileChangedError, OSError."""
    for part in source.parts:
        stamp = part.stamp
        for entry in part.entries():
            stream.write(header(entry, stamp))
            size = entry.size
            if size:
                stream.copy_file(entry.source, size)
                stream.write(bytes(padding(size)))
    stream.write(END)
