"""Writing a docker archive: the tar that ``docker load`` takes (Docker Image Specification 1.2, row 2.001).

Layers come first, uncompressed, since only then are the digests known that the config holds; manifest.json is last. A layer's
member is named after what the layer is made from, so that its name can stand before its bytes; equal layers are written once and
named twice. Nothing here depends on a clock, a file's times, the umask or the user.
"""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from ..image import manifest
from ..image.image import Image
from ..image.layer import Layer
from ..image.manifest import ArchivedImage
from ..image.reference import Reference
from ..kernel.hashes import Hash, digest
from .base_image import BaseLayer
from .block_stream import BlockStream
from .entries import REGULAR, Entry
from .ledger import LayerBook, LayerFacts
from .stamp import Stamp
from .tar_header import END, header, padding
from .tar_layer import LayerSource, MeasuredTar

if TYPE_CHECKING:
    from hashlib import _Hash

_STAMP: Final = Stamp()
_MODE: Final = 0o444


class DockerArchiveWriter:
    """Add the layers from the lowest up, then ``finish`` once. The caller owns (and closes) the stream.

    A layer that ``ledger`` knows is not hashed again. ``members``: of each member its name, where its bytes start, and how many
    they are, in the order of the archive.
    """

    def __init__(self, stream: BlockStream, ledger: LayerBook | None = None) -> None:
        self.members: list[tuple[str, int, int]] = []
        self._stream = stream
        self._ledger = ledger
        self._order: list[LayerSource | BaseLayer] = []
        self._images: list[tuple[bytes, tuple[str, ...], list[LayerSource | BaseLayer]]] = []
        self._written: dict[str, tuple[_Hash | Hash, int]] = {}

    def add_layer(self, source: LayerSource) -> None:
        """Write ``source``'s tar, unless a layer of the same identity is there. Raises FileChangedError, OSError."""
        self._order.append(source)
        name = _member_name(source)
        if name in self._written:
            return
        tar = MeasuredTar(source)
        size = tar.size
        facts = self._ledger.find(source.recipe) if self._ledger is not None and source.recipe else None
        self._begin(name, size)
        start = self._stream.offset
        if facts is not None and facts.size == size:
            tar.write(self._stream)
            self._written[name] = (facts.diff_id, size)
        else:
            self._written[name] = (self._stream.start_digest(), size)
            tar.write(self._stream)
            self._stream.stop_digest()
        if self._stream.offset - start != size:
            raise RuntimeError(f"layer {name}: {size} bytes announced, {self._stream.offset - start} written")

    def add_tar(self, layer: BaseLayer) -> None:
        """Write a layer of another image, unless it is there. Raises ArchiveError, OSError; ``finish`` looks at the digest."""
        self._order.append(layer)
        name = _member_name(layer)
        if name in self._written:
            return
        self._begin(name, layer.size)
        start = self._stream.offset
        facts = self._ledger.find(layer.recipe) if self._ledger is not None and layer.recipe else None
        known = facts is not None and (facts.diff_id, facts.size) == (layer.diff_id, layer.size)
        if layer.compression == "none" and not known:
            self._written[name] = (self._stream.start_digest(), layer.size)
            self._stream.copy_pieces(layer.tar(), layer.size, layer.place)
            self._stream.stop_digest()
        else:  # hashed when it was opened, or in an earlier build
            self._written[name] = (layer.diff_id, layer.size)
            self._stream.copy_pieces(layer.tar(), layer.size, layer.place, layer.compression)
        layer.check(layer.diff_id, self._stream.offset - start)
        self._stream.write(bytes(padding(layer.size)))

    def end_image(self, config: bytes, names: Iterable[str]) -> None:
        """The layers that were added since the last image are one with this config, byte for byte; ``finish_images`` follows.

        Raises BrokenImageError where a layer is not what was said.
        """
        self._stream.settle()
        for source in self._order:
            self._settled(source)
        self._images.append((config, tuple(names), self._order))
        self._order = []

    def finish_images(self) -> None:
        """Write the configs and the manifest of all images that were ended."""
        entries: list[ArchivedImage] = []
        written: set[str] = set()
        for config, names, order in self._images:
            member = f"{digest('sha256', config).base16()}.json"
            if member not in written:
                written.add(member)
                self._add_bytes(member, config)
            entries.append(ArchivedImage(member, names, tuple(_member_name(source) for source in order)))
        self._add_bytes("manifest.json", manifest.write(entries))
        self._stream.write(END)

    def finish(self, image: Image, references: Iterable[Reference]) -> Image:
        """Write config and manifest; ``image`` with the layers that were added. Raises BrokenImageError."""
        self._stream.settle()
        layers: list[Layer] = []
        for source in self._order:
            diff_id, size = self._settled(source)
            if isinstance(source, BaseLayer):
                layers.append(Layer(diff_id, size, digest=diff_id, blob_size=size, history=source.history))
            else:
                layers.append(Layer(diff_id, size, source.comment, digest=diff_id, blob_size=size))
        done = image.with_layers(*layers)
        config = f"{done.id.base16()}.json"
        names = tuple(_member_name(source) for source in self._order)
        entry = ArchivedImage(config, tuple(str(reference) for reference in references), names)
        self._add_bytes(config, done.config_json())
        self._add_bytes("manifest.json", manifest.write([entry]))
        self._stream.write(END)
        return done

    def _settled(self, source: LayerSource | BaseLayer) -> tuple[Hash, int]:
        """Diff ID and size of a layer, once all is hashed. Raises BrokenImageError where a copied one is not what was said."""
        found, size = self._written[_member_name(source)]
        diff_id = found if isinstance(found, Hash) else Hash("sha256", found.digest())
        if isinstance(source, BaseLayer):
            source.check(diff_id, size)
        if self._ledger is not None and source.recipe and not isinstance(found, Hash):
            self._ledger.record(source.recipe, LayerFacts(diff_id, size))
        return diff_id, size

    def _add_bytes(self, name: str, data: bytes) -> None:
        self._begin(name, len(data))
        self._stream.write(data + bytes(padding(len(data))))

    def _begin(self, name: str, size: int) -> None:
        self._stream.write(header(Entry(name.encode(), REGULAR, _MODE, size), _STAMP))
        self.members.append((name, self._stream.offset, size))


def _member_name(source: LayerSource | BaseLayer) -> str:
    if isinstance(source, BaseLayer):
        return f"{source.diff_id.base16()}/layer.tar"
    return hashlib.sha256(source.key.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest() + "/layer.tar"
