"""The layers of an image as they are read for a copy: hashed on the way, and an error where they are not what was said."""

import hashlib
from collections.abc import Callable, Iterator
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
    """``progress`` hears of bytes read, of all that there are."""

    def __init__(self, members: Members, image: SourceImage, progress: Progress) -> None:
        self._members: Final = members
        self.image: Final = image
        self._progress: Final = progress
        self._done = 0
        self._total = sum({layer.member: members.size(layer.member) for layer in image.layers}.values())

    def stored(self, layer: SourceLayer) -> Iterator[bytes]:
        """As they lie there. Raises BrokenImageError at the end where they are not what the manifest means."""
        said = layer.described
        hasher = hashlib.new(said.digest.partition(":")[0] if said else "sha256", usedforsecurity=False)
        size = 0
        if said is not None and self._members.size(layer.member) != said.size:
            raise BrokenImageError(layer.member, f"it has {self._members.size(layer.member)} bytes instead of {said.size}")
        for piece in self._members.pieces(layer.member):
            hasher.update(piece)
            size += len(piece)
            self._done += len(piece)
            self._progress(self._done, self._total)
            yield piece
        if said is not None and hasher.hexdigest() != said.digest.partition(":")[2]:
            raise BrokenImageError(layer.member, f"its bytes have the digest {hasher.name}:{hasher.hexdigest()}")

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
