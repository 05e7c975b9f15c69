"""A layer's tar, written in one pass over its files; its size is known beforehand, from the names and sizes alone.

The size has to be known since the layer stands inside another tar, whose header comes first. So the entries are walked twice and
the bytes are read once. The stream carries the digest (the layer's diff ID) along.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .block_stream import BlockStream
from .entries import Entry
from .tar_header import END, Stamp, header, padding

Entries = Callable[[], Iterable[Entry]]


@dataclass(frozen=True, slots=True)
class LayerSource:
    """``identity`` names all that the bytes depend on; ``entries`` yields the same members, in order, each time it is called.

    ``comment`` goes into the image's history.
    """

    identity: str
    entries: Entries
    stamp: Stamp
    comment: str = ""


def tar_size(entries: Iterable[Entry], stamp: Stamp) -> int:
    """How many bytes ``write_tar`` will write."""
    total = len(END)
    for entry in entries:
        size = entry.size
        total += len(header(entry, stamp)) + size + padding(size)
    return total


def write_tar(entries: Iterable[Entry], stamp: Stamp, stream: BlockStream) -> None:
    """The members and the two empty blocks that end a tar. Raises FileChangedError, OSError."""
    for entry in entries:
        stream.write(header(entry, stamp))
        size = entry.size
        if size:
            stream.copy_file(entry.source, size)
            stream.write(bytes(padding(size)))
    stream.write(END)


def store_entries(
    store_dir: bytes,
    objects: Iterable[tuple[bytes, bytes]],
    walk: Callable[[bytes, bytes], Iterator[Entry]],
    parents: Iterable[Entry],
) -> Iterator[Entry]:
    """``parents`` and then every store object: (base name, physical place) pairs, in the order given."""
    yield from parents
    prefix = store_dir.strip(b"/") + b"/"
    for base_name, physical in objects:
        yield from walk(physical, prefix + base_name)
