"""An image that another one is built on, opened from an archive or a layout: its config, and its layers as they lie there.

Nothing is trusted: compressed layers are unpacked (not onto the disk) and hashed when the image is opened, uncompressed ones
hashed while they are copied. Refuses to unpack a layer: what is in it is told by names (``base_scan``).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, cast

from ..archive.decompress import decompressed, sniff
from ..archive.member import Member
from ..archive.stream import PIECE, ByteStream
from ..archive.tarball import read_to_end
from ..formats.store_path import StoreDir
from ..image import media_types
from ..image.config_layers import filled_history
from ..image.descriptor import Descriptor, Platform
from ..image.json_text import read_json
from ..image.layer import oci_digest
from ..image.tags import BrokenImageError
from ..kernel.hashes import Hash
from .base_choice import Wanted, choose_image
from .base_scan import BaseScan
from .file_range import FileRange
from .hashed_pieces import HashedPieces
from .image_source import SourceImage, SourceLayer
from .members import LocatedMembers, Members, open_members

_NONE: Final = "none"
_LOOK: Final = 512
_COMPRESSORS: Final = {"none": "none", "gzip": "gz", "zstd": "zstd"}
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_HISTORY_KEYS: Final = ("created", "created_by", "author", "comment")


class UnknownSizeError(BrokenImageError):
    """A layer ends elsewhere than was said."""

    def __init__(self, where: str, said: int, actual: int) -> None:
        super().__init__(where, f"it has {actual} bytes instead of {said}")


@dataclass(frozen=True, slots=True)
class BaseLayer:
    """``diff_id`` and ``size`` are those of the tar; ``blob`` describes the bytes as they lie there, None where no layout could
    take them so (xz). ``history``: what the base's config says of it. ``place`` says where the bytes lie, where they lie in a
    file of their own accord; they are compressed as ``compression`` says. ``recipe`` is a ledger's key, under which it is kept
    that the bytes were looked at before; empty where that is not known."""

    member: str
    diff_id: Hash
    size: int
    compression: str
    blob: Descriptor | None
    history: tuple[tuple[str, str], ...]
    place: FileRange | None
    _members: Members
    _source: SourceLayer
    recipe: str = ""

    def stored(self) -> Iterator[bytes]:
        """The bytes as they lie there, unchecked: of a compressed layer they were looked at when the image was opened."""
        return self._members.pieces(self._source.member)

    def headers(self) -> ByteStream:
        """The tar for a reader that wants none of the bodies."""
        return _headers(self._members, self.member) if self.compression == _NONE else ByteStream.of_chunks(self.tar())

    def tar(self) -> Iterator[bytes]:
        """Uncompressed and unchecked: compare ``diff_id`` and ``size``."""
        if self.compression == _NONE:
            yield from self.stored()
            return
        stream = decompressed(ByteStream.of_chunks(self.stored()))
        while piece := stream.read(PIECE):
            yield piece

    def checked_tar(self) -> Iterator[bytes]:
        """Uncompressed. Raises BrokenImageError at the end where it is not what the config says."""
        pieces = HashedPieces(self.tar())
        yield from pieces
        self.check(Hash("sha256", bytes.fromhex(pieces.digest)), pieces.size)

    def check(self, diff_id: Hash, size: int) -> None:
        """Raise BrokenImageError unless this is what was copied."""
        if size != self.size:
            raise UnknownSizeError(self.member, self.size, size)
        if diff_id != self.diff_id:
            said, found = oci_digest(self.diff_id), oci_digest(diff_id)
            raise BrokenImageError(self.member, f"its diff ID is {found}, the config says {said}")


@dataclass(frozen=True, slots=True)
class BaseImage:
    """``config`` is the whole JSON document; ``store_paths`` the base names of the store objects that its layers hold whole;
    ``links`` its symbolic links, by name; ``store_folders`` the store's folder and those above it, as it has them;
    ``upper_folders`` all its folders whose names have one or two parts."""

    config: Mapping[str, object]
    platform: Platform
    names: tuple[str, ...]
    layers: tuple[BaseLayer, ...]
    store_paths: frozenset[str]
    links: Mapping[bytes, bytes]
    store_folders: Mapping[bytes, Member]
    upper_folders: frozenset[bytes]

    def open_layer(self, number: int) -> Iterator[bytes]:
        """The tar of a layer, counted from 0, the lowest. Raises BrokenImageError at the end where it is not what was said."""
        return self.layers[number].checked_tar()

    @property
    def environment(self) -> tuple[str, ...]:
        """``Env`` of the config, ``NAME=value`` texts. Raises BrokenImageError."""
        container = self.config.get("config")
        found = container.get("Env") if isinstance(container, dict) else None
        if found is None:
            return ()
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise BrokenImageError("the config", "its Env is no list of strings")
        return tuple(found)


@contextmanager
def open_base(
    path: str, scratch: str, platform: Platform, wanted: Wanted | None = None, store_dir: StoreDir | None = None
) -> Iterator[BaseImage]:
    """The image at ``path``, to be read until the context ends; ``scratch`` is a folder for unpacking a compressed archive.

    Raises NotAnImageError, WhichImageError, WhichPlatformError, BrokenImageError, LayoutJsonError, ManifestError, ArchiveError,
    OSError.
    """
    with open_members(path, scratch) as members:
        image = choose_image(members, wanted or Wanted(), platform)
        yield read_image(members, image, store_dir or StoreDir())


def read_image(members: Members, image: SourceImage, store_dir: StoreDir) -> BaseImage:
    """Look through all layers. Raises BrokenImageError, ArchiveError, OSError."""
    scan = BaseScan(store_dir)
    history = histories(image.config, len(image.layers))
    seen: dict[str, BaseLayer] = {}
    layers: list[BaseLayer] = []
    for source, told in zip(image.layers, history, strict=True):
        known = seen.get(source.diff_id)
        if known is None:
            known = seen[source.diff_id] = _open_layer(members, source, scan)
        else:
            scan.layer(source.member, known.headers())
        layers.append(replace(known, history=told))
    config = read_json(image.config)
    return BaseImage(
        cast(dict[str, object], config),
        image.platform,
        image.names,
        tuple(layers),
        frozenset(scan.store_paths),
        scan.links,
        scan.folders,
        frozenset(scan.upper),
    )


def histories(config: bytes, layers: int) -> list[tuple[tuple[str, str], ...]]:
    """What a config tells of each layer (entries of steps that made none are left out); nothing where the numbers differ."""
    filled = [item for item in filled_history(read_json(config)) or () if isinstance(item, dict)]
    if len(filled) != layers:
        return [()] * layers
    return [tuple(_told(item)) for item in filled]


def _told(item: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key in _HISTORY_KEYS:
        value = item.get(key)
        if isinstance(value, str) and value and (key != "created" or _TIME.fullmatch(value)):  # engines refuse what is no time
            yield key, value


def _open_layer(members: Members, source: SourceLayer, scan: BaseScan) -> BaseLayer:
    size = members.size(source.member)
    said = source.described
    if said is not None and size != said.size:
        raise UnknownSizeError(source.member, said.size, size)
    compression = sniff(next(members.pieces(source.member), b"")[:_LOOK]) or _NONE
    if said is not None and media_types.LAYERS[said.media_type] != compression:
        raise BrokenImageError(source.member, f"its media type is {said.media_type}, its compression {compression}")
    digest = f"sha256:{source.diff_id.partition(':')[2]}"
    diff_id = Hash("sha256", bytes.fromhex(source.diff_id.partition(":")[2]))
    blob_size = size
    if compression == _NONE:
        if said is not None and said.digest != digest and said.digest.startswith("sha256:"):
            raise BrokenImageError(source.member, f"its digest is {said.digest}, its diff ID {digest}, and it is not compressed")
        scan.layer(source.member, _headers(members, source.member))
    else:
        digest, size = _scan_compressed(members, source, scan)
    media_type = media_types.OF_COMPRESSOR.get(_COMPRESSORS.get(compression, ""))
    blob = Descriptor(media_type, digest, blob_size) if media_type is not None else None
    place = members.located(source.member) if isinstance(members, LocatedMembers) else None
    return BaseLayer(source.member, diff_id, size, compression, blob, (), place, members, source)


def _headers(members: Members, member: str) -> ByteStream:
    if isinstance(members, LocatedMembers):
        return members.headers(member)
    return ByteStream.of_chunks(members.pieces(member))


def _scan_compressed(members: Members, source: SourceLayer, scan: BaseScan) -> tuple[str, int]:
    """Look through a compressed layer, which is hashed on the way: the digest of its bytes, the size of its tar."""
    said = source.described.digest.partition(":") if source.described is not None else ("sha256", "", "")
    lying = HashedPieces(members.pieces(source.member), said[0])
    stored = HashedPieces(lying)
    inner = decompressed(ByteStream.of_chunks(stored))
    tar = HashedPieces(iter(partial(inner.read, PIECE), b""))
    stream = ByteStream.of_chunks(tar)
    scan.layer(source.member, stream)
    read_to_end(stream)
    for _ in stored:  # what a decoder leaves unread is part of the digest
        pass
    if said[2] not in {"", lying.digest}:
        raise BrokenImageError(source.member, f"its bytes have the digest {said[0]}:{lying.digest}")
    if f"sha256:{tar.digest}" != source.diff_id:
        raise BrokenImageError(source.member, f"its diff ID is sha256:{tar.digest}, the config says {source.diff_id}")
    return f"sha256:{stored.digest}", tar.size
