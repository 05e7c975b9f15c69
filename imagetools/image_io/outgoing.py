"""The docker archive that an engine gets: the documents of images, and only those layers that it has not.

It is written as it is sent, never on a disk, and its size is known before (HTTP wants it). Layers go as they lie where the engine
can unpack them; what it could not (zstd) is unpacked here. Digests are the engine's to check: it refuses a layer with another
diff ID than the config says.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from ..archive.decompress import decompressed
from ..archive.stream import PIECE, ByteStream
from ..image import manifest, media_types
from ..image.descriptor import Platform
from ..image.manifest import ArchivedImage
from ..image.oci_manifest import INDEX_FILE
from ..image.tags import BrokenImageError
from ..kernel.errors import ImagetoolsError
from ..kernel.hashes import digest
from .entries import REGULAR, Entry
from .image_source import SourceImage, SourceLayer, archived_image, find_image
from .members import Members, small
from .stamp import Stamp
from .tar_header import END, header, padding

MANIFEST_FILE: Final = "manifest.json"
#: What engines unpack.
_TAKEN: Final = ("none", "gzip")
_STAMP: Final = Stamp()
_MODE: Final = 0o444


class NamelessError(ImagetoolsError):
    """The image at ``path`` has no name, so an engine could not be asked for it."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the image '{path}' has no name", "imagetools image copy gives it one: docker-daemon:NAME:TAG")
        self.path = path


@dataclass(frozen=True, slots=True)
class Sending:
    """``layer`` (from 1) of ``layers`` is on its way, ``done`` of its ``total`` bytes; ``sent`` bytes in all."""

    layer: int
    layers: int
    done: int
    total: int
    sent: int


@dataclass(frozen=True, slots=True)
class OutgoingImage:
    """``tags`` are ``name:tag`` texts; ``layers`` from the lowest up, ``names`` what they are called in the archive."""

    config: bytes
    tags: tuple[str, ...]
    layers: tuple[SourceLayer, ...]
    names: tuple[str, ...]

    @property
    def diff_ids(self) -> tuple[str, ...]:
        return tuple(layer.diff_id for layer in self.layers)

    @property
    def entry(self) -> ArchivedImage:
        return ArchivedImage(f"{digest('sha256', self.config).base16()}.json", self.tags, self.names)

    def shared(self, stack: Sequence[str]) -> int:
        """How many of its layers, from the lowest up, are those of ``stack`` (diff IDs): the same chain, so the same IDs."""
        count = 0
        for mine, other in zip(self.diff_ids, stack, strict=False):
            if mine != other:
                break
            count += 1
        return count


def find_outgoing(members: Members, path: str, wanted: str | None, platform: Platform) -> tuple[OutgoingImage, ...] | None:
    """All images of a docker archive, or the one of a layout that is meant; None for what has neither's documents.

    Raises NamelessError, WhichImageError, WhichPlatformError, BrokenImageError, ManifestError, LayoutJsonError.
    """
    if MANIFEST_FILE in members and wanted is None:
        found: list[OutgoingImage] = []
        for entry in manifest.read(small(members, MANIFEST_FILE)):
            image = archived_image(members, entry)
            found.append(OutgoingImage(image.config, entry.tags, image.layers, entry.layers))
        return tuple(found)
    if INDEX_FILE in members or MANIFEST_FILE in members:
        image = find_image(members, wanted, platform)
        if not image.names:
            raise NamelessError(path)
        return (outgoing_image(image, image.names),)
    return None


def outgoing_image(image: SourceImage, names: tuple[str, ...]) -> OutgoingImage:
    """``image`` under ``names`` (``name:tag`` texts)."""
    members = tuple(f"{layer.diff_id.partition(':')[2]}/layer.tar" for layer in image.layers)
    return OutgoingImage(image.config, names, image.layers, members)


class Outgoing:
    """The archive of ``images``, without the first ``present`` layers of each: iterate over it once, it has a length.

    ``scratch`` is a folder for what has to be unpacked. Use it as a context manager.
    """

    def __init__(
        self,
        members: Members,
        images: Sequence[OutgoingImage],
        present: Sequence[int],
        scratch: str,
        progress: Callable[[Sending], object] = lambda event: None,
    ) -> None:
        self._members: Final = members
        self._progress: Final = progress
        self._unpacked: dict[str, BinaryIO] = {}
        self.layers: dict[str, int] = {}
        documents: dict[str, bytes] = {}
        for image, count in zip(images, present, strict=True):
            for name, layer in list(zip(image.names, image.layers, strict=True))[count:]:
                if name not in self.layers:
                    self.layers[name] = self._size(name, layer, scratch)
            documents[image.entry.config] = image.config
        documents[MANIFEST_FILE] = manifest.write([image.entry for image in images])
        self._sources: Final = {
            name: layer.member for image in images for name, layer in zip(image.names, image.layers, strict=True)
        }
        self._documents: Final = documents
        sizes = [*self.layers.values(), *(len(data) for data in documents.values())]
        heads = sum(len(_head(name, 0)) for name in (*self.layers, *documents))
        self.size: Final = heads + sum(size + padding(size) for size in sizes) + len(END)

    def __len__(self) -> int:
        return self.size

    def __enter__(self) -> "Outgoing":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._unpacked.values():
            file.close()

    def __iter__(self) -> Iterator[bytes]:
        """Raises BrokenImageError, GoneFromStoreError, OSError."""
        sent = 0
        for number, (name, size) in enumerate(self.layers.items(), 1):
            yield _head(name, size)
            done = 0
            self._progress(Sending(number, len(self.layers), 0, size, sent))
            for piece in self._pieces(name):
                done += len(piece)
                if done > size:
                    break
                yield piece
                self._progress(Sending(number, len(self.layers), done, size, sent + done))
            if done != size:
                raise BrokenImageError(name, f"it has not the {size} bytes that it said")
            sent += size
            if padding(size):
                yield bytes(padding(size))
        for name, data in self._documents.items():
            yield _head(name, len(data)) + data + bytes(padding(len(data)))
        yield END

    def _size(self, name: str, layer: SourceLayer, scratch: str) -> int:
        """How many bytes of it are sent; what cannot be sent as it lies is unpacked."""
        if not layer.diff_id:
            raise BrokenImageError(layer.member, "it is no layer of files, so no engine takes the image")
        said = layer.described
        if said is None or media_types.LAYERS.get(said.media_type) in _TAKEN:
            return self._members.size(layer.member)
        file = cast(BinaryIO, tempfile.TemporaryFile(dir=scratch))  # noqa: SIM115
        self._unpacked[name] = file
        stream = decompressed(ByteStream.of_chunks(self._members.pieces(layer.member)))
        while piece := stream.read(PIECE):
            file.write(piece)
        return file.tell()

    def _pieces(self, name: str) -> Iterator[bytes]:
        file = self._unpacked.get(name)
        if file is None:
            yield from self._members.pieces(self._sources[name])
            return
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _head(name: str, size: int) -> bytes:
    return header(Entry(name.encode("utf-8", "surrogateescape"), REGULAR, _MODE, size), _STAMP)
