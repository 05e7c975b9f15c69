"""Writing an OCI image layout (OCI image-spec 1.0, image-layout.md), as a folder or as a tar, in one pass over every byte.

Of each layer diff ID, digest and size are counted while it is packed; config, manifest and index follow. A tar also gets a
``manifest.json`` at its end, as ``docker save`` has it since Docker 25, so that ``docker load`` of any version takes it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final, cast

from ..image import manifest, media_types
from ..image.descriptor import Descriptor, Platform
from ..image.image import Image
from ..image.layer import Layer, oci_digest
from ..image.manifest import ArchivedImage
from ..image.oci_manifest import FULL_NAME, INDEX_FILE, LAYOUT_BYTES, LAYOUT_FILE, REF_NAME, OciIndex, OciManifest
from ..image.reference import Reference
from ..kernel.hashes import Hash, digest
from .base_image import BaseLayer
from .block_stream import BlockStream
from .compressors import codec, open_sink
from .layout_files import LayoutFiles
from .ledger import LayerBook, LayerFacts
from .tar_layer import LayerSource, MeasuredTar, write_tar


class CountedFile:
    """A file to write to that counts and hashes: ``size`` and ``digest`` (SHA-256) of what went through."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hasher = hashlib.sha256(usedforsecurity=False)
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        self._hasher.update(data)
        self._file.write(data)
        size = memoryview(data).nbytes
        self.size += size
        return size

    def flush(self) -> None:
        self._file.flush()

    @property
    def digest(self) -> Hash:
        return Hash("sha256", self._hasher.digest())


@dataclass(frozen=True, slots=True)
class Written:
    """An image that lies in a layout: ``manifest`` describes its manifest, ``config`` its config, ``layers`` its layers."""

    manifest: Descriptor
    config: Descriptor
    layers: tuple[Descriptor, ...]
    diff_ids: tuple[str, ...]

    def summary(self) -> dict[str, object]:
        """The digests alone, as JSON would have them."""
        return {
            "manifest": self.manifest.digest,
            "config": self.config.digest,
            "layers": [layer.digest for layer in self.layers],
            "diffIds": list(self.diff_ids),
        }


class LayoutWriter:
    """Add the layers from the lowest up, then ``finish`` once; or ``end_image`` after those of each image, then ``finish_index``.

    Equal layers of several images are packed once. The caller owns (and closes) ``files``. A layer that ``ledger`` knows is
    packed, but not hashed beforehand.
    """

    def __init__(self, files: LayoutFiles, compressor: str, ledger: LayerBook | None = None) -> None:
        """``compressor``: "none", "gz" or "zstd", for every layer."""
        self._ledger: Final = ledger
        self._files: Final = files
        self._compressor: Final = compressor
        self._layers: list[Layer] = []
        self._known: dict[str, Layer] = {}
        self._described: dict[Layer, Descriptor] = {}

    def add_layer(self, source: LayerSource) -> Layer:
        """Pack ``source``'s tar, unless a layer of the same identity is there. Raises FileChangedError, OSError."""
        layer = self._known.get(source.key)
        if layer is None:
            packed = self._packed(source)
            layer = Layer(packed.diff_id, packed.size, source.comment)
            self._known[source.key] = layer
            self._described[layer] = packed.described
        self._layers.append(layer)
        return layer

    def _packed(self, source: LayerSource) -> "Packed":
        if self._ledger is None or not source.recipe:
            return pack(self._files, self._compressor, partial(write_tar, source))
        facts = self._ledger.find(source.recipe)
        tar = MeasuredTar(source)
        known = facts.diff_id if facts is not None and facts.size == tar.size else None
        packed = pack(self._files, self._compressor, tar.write, known)
        blob = Hash.parse_prefixed(packed.described.digest), packed.described.size
        self._ledger.record(source.recipe, LayerFacts(packed.diff_id, packed.size, {codec(self._compressor): blob}))
        return packed

    def add_tar(self, base: BaseLayer) -> Layer:
        """Take over a layer of another image, unless it is there: compressed as it lies there, or compressed now.

        Raises BrokenImageError, ArchiveError, OSError.
        """
        key = f"tar {oci_digest(base.diff_id)}"
        known = self._known.get(key)
        layer = Layer(base.diff_id, base.size, history=base.history)
        if known is not None:
            self._described[layer] = self._described[known]
        elif base.blob is not None and base.compression != "none":
            keep_blob(self._files, base.blob, base.stored())
            self._described[layer] = base.blob
        else:
            self._described[layer] = self._pack_tar(base)
        self._known[key] = layer
        self._layers.append(layer)
        return layer

    def _pack_tar(self, base: BaseLayer) -> Descriptor:
        def fill(stream: BlockStream) -> None:
            for piece in base.checked_tar():
                stream.write(piece)

        return pack(self._files, self._compressor, fill).described

    def finish(self, image: Image, references: Sequence[Reference]) -> Written:
        """Write config, manifest and what makes the files a layout."""
        written = self.end_image(image)
        write_index(self._files, [named(written.manifest, reference) for reference in references] or [written.manifest])
        return written

    def end_image(self, image: Image, annotations: Mapping[str, str] | None = None) -> Written:
        """Write config and manifest (with ``annotations``) of an image with the layers that were added since the last one."""
        done = image.with_layers(*self._layers)
        config = put_bytes(self._files, media_types.OCI_CONFIG, done.config_json())
        layers = tuple(self._described[layer] for layer in self._layers)
        document = OciManifest(config, layers, annotations or {}).document()
        self._layers.clear()
        platform = Platform(image.os, image.architecture, image.variant)
        described = put_bytes(self._files, media_types.OCI_MANIFEST, document, platform)
        return Written(described, config, layers, tuple(oci_digest(value) for value in done.diff_ids))

    def finish_index(
        self, images: Sequence[Written], references: Sequence[Reference], annotations: Mapping[str, str] | None = None
    ) -> Descriptor:
        """Write an index of ``images``, which are one image for several machines, and what makes the files a layout."""
        index = OciIndex(tuple(image.manifest for image in images), annotations or {})
        described = put_bytes(self._files, media_types.OCI_INDEX, index.document())
        write_index(self._files, [named(described, reference) for reference in references] or [described])
        return described


@dataclass(frozen=True, slots=True)
class Packed:
    """A layer that lies in a layout: ``diff_id`` and ``size`` are those of the tar."""

    described: Descriptor
    diff_id: Hash
    size: int


def pack(files: LayoutFiles, compressor: str, fill: Callable[[BlockStream], object], diff_id: Hash | None = None) -> Packed:
    """Write a layer: ``fill`` writes its tar, whose ``diff_id`` may be known already. The blob's bytes depend on those of the tar
    alone, not on their pieces."""
    counted = CountedFile(files.begin())
    try:
        with BlockStream(open_sink(cast(BinaryIO, counted), compressor)) as stream:
            hasher = hashlib.sha256() if diff_id is not None else stream.start_digest()
            fill(stream)
    except BaseException:
        files.discard()
        raise
    described = Descriptor(media_types.OF_COMPRESSOR[compressor], oci_digest(counted.digest), counted.size)
    files.keep(described.blob)
    return Packed(described, diff_id or Hash("sha256", hasher.digest()), stream.offset)


def keep_blob(files: LayoutFiles, described: Descriptor, pieces: Iterable[bytes]) -> None:
    """Write a blob whose bytes somebody looks at: what ``pieces`` raises leaves nothing."""
    try:
        file = files.begin()
        for piece in pieces:
            file.write(piece)
        files.keep(described.blob)
    except BaseException:
        files.discard()
        raise


def put_bytes(files: LayoutFiles, media_type: str, data: bytes, platform: Platform | None = None) -> Descriptor:
    """Write ``data`` as a blob."""
    described = Descriptor(media_type, oci_digest(digest("sha256", data)), len(data), platform=platform)
    files.add(described.blob, data)
    return described


def named(described: Descriptor, reference: Reference) -> Descriptor:
    """As it stands in ``index.json``: the tag for whoever reads layouts, the whole name for engines."""
    annotations = {REF_NAME: reference.tag, FULL_NAME: reference.full}
    return Descriptor(described.media_type, described.digest, described.size, annotations, described.platform)


def write_index(files: LayoutFiles, manifests: Sequence[Descriptor]) -> None:
    """``oci-layout`` and ``index.json``, in that order: once the index is there, the layout is whole."""
    files.add(LAYOUT_FILE, LAYOUT_BYTES)
    files.add(INDEX_FILE, OciIndex(tuple(manifests)).document())


def write_docker_manifest(files: LayoutFiles, written: Written, names: Iterable[str]) -> None:
    """``manifest.json``, by which a tar of the layout is a docker archive too."""
    entry = ArchivedImage(written.config.blob, tuple(names), tuple(layer.blob for layer in written.layers))
    files.add("manifest.json", manifest.write([entry]))
