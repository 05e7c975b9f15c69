"""Writing an image into a registry: layers side by side, then configs and manifests, the tag last of all.

Nothing is read, packed or sent that the registry has: each blob is asked for first, then mounted from another repository where
one is known to have it. What a layer becomes when it is packed stands in the ledger, so that it is packed once.
"""

import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import BinaryIO, Final

from ..image import media_types
from ..image.descriptor import Descriptor, Platform
from ..image.layer import oci_digest
from ..image.remote_reference import RemoteReference
from ..kernel.errors import ImagetoolsError
from ..kernel.hashes import digest
from .blob_places import BlobPlaces
from .block_stream import BlockStream
from .carrying import Carried, Copied, How, Source, images_of, layers_of, put_documents, stays
from .checked_layers import CheckedLayers, Retold
from .image_source import SourceLayer
from .layout_files import OneFile
from .new_file import PREFIX
from .oci_layout import pack
from .packings import Packings
from .ports import Pieces, Repository
from .side_by_side import Stop, side_by_side
from .watching import MOUNTED, PACKING, SENDING, SENT, THERE, BlobStep, Watch, short

_AT_ONCE: Final = 6
_PIECE: Final = 1 << 20


class OtherDigestError(ImagetoolsError):
    """The image should go under a ``wanted`` digest, and has another one, ``actual``."""

    def __init__(self, reference: RemoteReference, wanted: str, actual: str) -> None:
        super().__init__(
            f"'{reference}' cannot be the name of this image: its digest is {actual}", "give a tag, or leave the digest out"
        )
        self.wanted = wanted
        self.actual = actual


class RegistryWriter:
    """For one image. ``mounts``: references from whose repositories blobs may be taken, where they are of the same registry."""

    def __init__(
        self,
        repository: Repository,
        how: How,
        scratch: str,
        packings: Packings,
        places: BlobPlaces | None,
        watch: Watch,
        mounts: Sequence[RemoteReference] = (),
    ) -> None:
        self._repository: Final = repository
        self._how: Final = how
        self._scratch: Final = scratch
        self._packings: Final = packings
        self._places: Final = places
        self._watch: Final = watch
        self._stop: Final = Stop()
        self._packing: Final = threading.Lock()
        self._lock: Final = threading.Lock()
        self._carried: Final[dict[str, Carried]] = {}
        target = repository.reference
        self._mounts: Final = [
            item.repository for item in mounts if item.registry == target.registry and item.repository != target.repository
        ]
        self._known: Final = places.find(target.registry) if places is not None else {}

    def write(self, reading: CheckedLayers, source: Source) -> Copied:
        """Everything that ``source`` is. Raises BrokenImageError, OtherDigestError, and what the registry's client raises."""
        reference = self._repository.reference
        images = images_of(source)
        layers = {key: layer for key, layer in layers_of(images).items() if not reading.elsewhere(layer)}
        largest_first = sorted(layers, key=lambda key: -reading.size(layers[key]))
        jobs = [partial(self._layer, reading, layers[key]) for key in largest_first]
        done = side_by_side(jobs, _AT_ONCE, self._stop)
        documents: list[tuple[str, bytes]] = []
        configs: dict[str, tuple[str, bytes]] = {}

        def put(media_type: str, data: bytes, platform: Platform | None) -> Descriptor:
            described = Descriptor(media_type, oci_digest(digest("sha256", data)), len(data), platform=platform)
            if media_type in media_types.MANIFESTS | media_types.INDEXES:
                documents.append((media_type, data))
            else:
                configs[described.digest] = (media_type, data)
            return described

        made = dict(zip(largest_first, done, strict=True))
        root = put_documents(source, made, self._how, put).root
        if reference.digest is not None and reference.digest != root.digest:
            raise OtherDigestError(reference, reference.digest, root.digest)
        side_by_side([partial(self._config, *item) for item in configs.values()], _AT_ONCE, self._stop)
        for media_type, data in documents[:-1]:
            self._document(oci_digest(digest("sha256", data)), media_type, data)
        self._document(reference.digest or reference.tag or root.digest, *documents[-1])
        if self._places is not None:
            self._places.record(reference.registry, reference.repository, self._carried)
        order = dict.fromkeys([*(made[key].digest for key in layers), *configs])
        return Copied(root.digest, (str(reference),), tuple(self._carried[name] for name in order))

    def _document(self, selector: str, media_type: str, data: bytes) -> None:
        if self._repository.manifest_digest(selector) != oci_digest(digest("sha256", data)):
            self._repository.put_manifest(selector, media_type, data)

    def _config(self, media_type: str, data: bytes) -> None:
        described = Descriptor(media_type, oci_digest(digest("sha256", data)), len(data))
        if not self._is_there(described):
            self._send(described, lambda start: iter((data[start:],)))

    def _layer(self, reading: CheckedLayers, layer: SourceLayer) -> Descriptor:
        """Put it there, if it is not; what it has become."""
        self._stop.check()
        described = self._put(reading, layer)
        reading.done(layer)
        return described

    def _put(self, reading: CheckedLayers, layer: SourceLayer) -> Descriptor:
        if layer.described is not None and stays(layer, self._how.compressor):
            if not self._is_there(layer.described):
                self._send(layer.described, Retold(reading, layer))
            return layer.described
        compressor = self._how.compressor or "gz"
        known = self._packings.find(layer, compressor)
        if known is not None and self._is_there(known):
            return known
        with tempfile.TemporaryFile(dir=self._scratch, prefix=PREFIX) as file:
            described = self._pack(reading, layer, compressor, file)
            if not self._is_there(described):
                self._send(described, partial(_read, file))
        return described

    def _pack(self, reading: CheckedLayers, layer: SourceLayer, compressor: str, file: BinaryIO) -> Descriptor:
        """One layer at a time, since a compressor has a thread for each processor."""
        label, total, done = short(layer.diff_id), reading.size(layer), 0

        def fill(stream: BlockStream) -> None:
            nonlocal done
            for piece in self._stop.watched(reading.tar(layer)):
                stream.write(piece)
                done += len(piece)
                self._watch(BlobStep(label, PACKING, done, max(done, total)))

        with self._packing:
            self._stop.check()
            packed = pack(OneFile(file), compressor, fill)
        file.flush()
        self._packings.record(packed, compressor)
        return packed.described

    def _is_there(self, described: Descriptor) -> bool:
        """Whether the repository has it, or can take it from another one."""
        if self._repository.has_blob(described.digest):
            self._end(described, THERE)
            return True
        own = self._repository.reference.repository
        known = [name for name in self._known.get(described.digest, ()) if name != own]
        for source in dict.fromkeys([*self._mounts, *known]):
            self._stop.check()
            if self._repository.mount(described.digest, source):
                self._end(described, MOUNTED)
                return True
        return False

    def _send(self, described: Descriptor, pieces: Pieces) -> None:
        label = short(described.digest)

        def sent(count: int) -> None:
            self._watch(BlobStep(label, SENDING, count, described.size))

        self._repository.upload(described, lambda start: self._stop.watched(pieces(start)), sent)
        self._end(described, SENT)

    def _end(self, described: Descriptor, what: str) -> None:
        with self._lock:
            self._carried[described.digest] = Carried(described, what)
        self._watch(BlobStep(short(described.digest), what, described.size, described.size))


def _read(file: BinaryIO, start: int) -> Iterator[bytes]:
    while piece := os.pread(file.fileno(), _PIECE, start):
        yield piece
        start += len(piece)
