"""The layers of an image as they are read for a copy: hashed on the way, and an error where they are not what was said."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ..archive.decompress import decompressed
from ..archive.stream import PIECE, ByteStream
from ..image.oci_manifest import INDEX_FILE
from ..image.tags import BrokenImageError
from .image_source import SourceImage, SourceLayer
from .members import Members

Progress = Callable[[int, int], object]


class ArchiveOnly:
    """A docker archive that is a layout too, read as the archive."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def __contains__(self, name: object, /) -> bool:
        return name != INDEX_FILE and name in self._members

    def size(self, name: str) -> int:
        return self._members.size(name)

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        return self._members.pieces(name, start)


class CheckedLayers:
    """Those of ``images``. ``progress`` hears of bytes read, of all that there are; ``forget`` of members that are not read
    again. Several threads may read at once."""

    def __init__(
        self,
        members: Members,
        images: Sequence[SourceImage],
        progress: Progress,
        forget: Callable[[str], object] = lambda name: None,
    ) -> None:
        self._forget: Final = forget
        self._members: Final = members
        self._progress: Final = progress
        self._lock: Final = threading.Lock()
        self._done = 0
        layers = {layer.member: layer for image in images for layer in image.layers}
        self._total = sum(members.size(name) for name, layer in layers.items() if not self.elsewhere(layer))

    def elsewhere(self, layer: SourceLayer) -> bool:
        """Whether it is one that must not be given away, but fetched where its URLs say, and is not there either."""
        said = layer.described
        return said is not None and bool(said.urls) and layer.member not in self._members

    def size(self, layer: SourceLayer) -> int:
        """How many bytes of it lie there. Raises BrokenImageError."""
        return self._members.size(layer.member)

    def stored(self, layer: SourceLayer) -> Iterator[bytes]:
        """As they lie there. Raises BrokenImageError at the end where they are not what the manifest means."""
        return Retold(self, layer)(0)

    def tar(self, layer: SourceLayer) -> Iterator[bytes]:
        """Uncompressed. Raises BrokenImageError at the end where the diff ID is another one, ArchiveError for damage."""
        hasher = hashlib.sha256(usedforsecurity=False)
        raw = self.stored(layer)
        stream = decompressed(ByteStream.of_chunks(raw))
        while piece := stream.read(PIECE):
            hasher.update(piece)
            yield piece
        for _ in raw:  # what a decoder leaves unread is part of the digest
            pass
        if f"sha256:{hasher.hexdigest()}" != layer.diff_id:
            raise BrokenImageError(layer.member, f"its diff ID is sha256:{hasher.hexdigest()}, the config says {layer.diff_id}")

    def done(self, layer: SourceLayer) -> None:
        """Its bytes are not wanted any more."""
        self._forget(layer.member)

    def raw(self, layer: SourceLayer, start: int) -> Iterator[bytes]:
        """Unchecked, from a place on."""
        return self._members.pieces(layer.member, start)

    def count(self, size: int) -> None:
        """So many bytes more were read, for the first time."""
        with self._lock:
            self._done += size
            done = self._done
        self._progress(done, self._total)


class Retold:
    """A layer's bytes as often as they are asked for, from any place that was reached before (``ports.Pieces``): each is hashed
    once, and the end is only reached where all were what the manifest means."""

    def __init__(self, layers: CheckedLayers, layer: SourceLayer) -> None:
        said = layer.described
        self._layers: Final = layers
        self._layer: Final = layer
        self._hasher: Final = hashlib.new(said.digest.partition(":")[0] if said else "sha256", usedforsecurity=False)
        self._hashed = 0

    def __call__(self, start: int) -> Iterator[bytes]:
        """Raises BrokenImageError."""
        said, name = self._layer.described, self._layer.member
        if said is not None and self._layers.size(self._layer) != said.size:
            raise BrokenImageError(name, f"it has {self._layers.size(self._layer)} bytes instead of {said.size}")
        for piece in self._layers.raw(self._layer, start):
            new = piece[max(0, self._hashed - start) :] if start < self._hashed else piece
            if new:
                self._hasher.update(new)
                self._hashed += len(new)
                self._layers.count(len(new))
            start += len(piece)
            yield piece
        if said is not None and self._hasher.hexdigest() != said.digest.partition(":")[2]:
            raise BrokenImageError(name, f"its bytes have the digest {self._hasher.name}:{self._hasher.hexdigest()}")
