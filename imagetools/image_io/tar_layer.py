"""A layer's tar, written in one pass over its files; its size is known beforehand, from the names and sizes alone.

The size has to be known since the layer stands inside another tar, whose header comes first. So the entries are walked before,
and the bytes are read once. The stream carries the digest (the layer's diff ID) along.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from .base_image import BaseLayer
from .block_stream import BlockStream
from .entries import Entry
from .stamp import Stamp
from .tar_header import END, header, padding

_MOST_KEPT: Final = 20_000

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


class MeasuredTar:
    """A layer's tar before it is written: ``size`` in bytes, and its headers, so that files are looked up once. Of very many only
    the size is kept, and they are looked up again."""

    def __init__(self, source: LayerSource) -> None:
        self._source: Final = source
        members: list[tuple[bytes, Entry]] = []
        total = len(END)
        count = 0
        for part in source.parts:
            stamp = part.stamp
            for entry in part.entries():
                head = header(entry, stamp)
                size = entry.size
                total += len(head) + size + padding(size)
                count += 1
                if count <= _MOST_KEPT:
                    members.append((head, entry))
        self._members: Final = members if count <= _MOST_KEPT else None
        self.size: Final = total

    def write(self, stream: BlockStream) -> None:
        """See ``write_tar``."""
        if self._members is None:
            write_tar(self._source, stream)
            return
        for head, entry in self._members:
            _write_member(stream, head, entry)
        stream.write(END)


def write_tar(source: LayerSource, stream: BlockStream) -> None:
    """The members and the two empty blocks that end a tar. Raises FileChangedError, OSError."""
    for part in source.parts:
        stamp = part.stamp
        for entry in part.entries():
            _write_member(stream, header(entry, stamp), entry)
    stream.write(END)


def _write_member(stream: BlockStream, head: bytes, entry: Entry) -> None:
    size = entry.size
    stream.write(head)
    if size:
        stream.copy_file(entry.source, size)
        stream.write(bytes(padding(size)))
