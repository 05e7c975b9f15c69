"""An image out of a registry into a docker archive, as ``skopeo copy docker://NAME docker-archive:FILE:NAME`` writes it.

Blobs are fetched several at once into a folder that outlives a failure, and go on there next time; digests are checked before
anything is made of them, diff IDs afterwards. Refuses schema 1, which no registry has written since 2016.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Final, Self

from ..archive.decompress import decompressed, sniff
from ..archive.stream import PIECE, ArchiveError, ByteStream
from ..image import media_types
from ..image.config_layers import diff_ids_of
from ..image.descriptor import Descriptor, Platform
from ..image.document_type import OLD, document_type
from ..image.json_text import LARGEST, JsonTextError, read_json
from ..image.oci_manifest import OciIndex, OciManifest
from ..image.platform_choice import choose
from ..image.remote_reference import RemoteReference
from ..image.tags import BrokenImageError
from ..kernel.amounts import amount
from ..kernel.errors import ImagetoolsError
from .fetches import Fetches, file_name
from .ports import Repository
from .skopeo_archive import SkopeoArchive

_DEEPEST: Final = 4
_STEP: Final = 8 << 20
_COMPRESSED: Final = frozenset(("gzip", "bzip2", "xz", "zstd"))


class NotForMachineError(ImagetoolsError):
    """The image is there for other machines, ``platforms``."""

    def __init__(self, reference: RemoteReference, wanted: Platform, platforms: Sequence[str]) -> None:
        listed = f"it is there for {', '.join(platforms)}" if platforms else "its index is empty"
        super().__init__(f"'{reference}' is not there for {wanted}", f"{listed}: choose by os and arch")
        self.wanted = wanted
        self.platforms = tuple(platforms)


class NoImageError(ImagetoolsError):
    """What a registry has under this name is no image that can be put into an archive."""

    def __init__(self, reference: RemoteReference, reason: str, hint: str | None = None) -> None:
        super().__init__(f"'{reference}' is no image that can be pulled: {reason}", hint)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RemoteImage:
    """One image: ``digest`` is its manifest's; ``layers`` from the lowest up."""

    digest: str
    config: bytes
    layers: tuple[Descriptor, ...]
    platform: Platform


def find_image(repository: Repository, wanted: Platform) -> RemoteImage:
    """The image that the repository's reference means, for ``wanted`` where there are several.

    Raises NotForMachineError, NoImageError, LayoutJsonError, BrokenImageError, and what the repository raises.
    """
    reference = repository.reference
    found = repository.manifest(reference.selector)
    for _ in range(_DEEPEST):
        kind = document_type(found.data, found.media_type)
        if kind not in media_types.INDEXES:
            break
        items = OciIndex.parse(found.data, str(reference)).manifests
        item = choose(items, kind, wanted)
        if item is None:
            raise NotForMachineError(reference, wanted, _platforms(items))
        found = repository.manifest(item.digest)
    else:
        raise NoImageError(reference, f"its indexes are nested deeper than {_DEEPEST}")
    if kind.startswith(OLD):
        raise NoImageError(reference, "its manifest has schema 1", "push it anew with today's tools")
    if kind not in media_types.MANIFESTS:
        raise NoImageError(reference, f"its media type is '{kind}'" if kind else "its manifest cannot be understood")
    manifest = OciManifest.parse(found.data, str(reference))
    if manifest.config.media_type not in media_types.CONFIGS:
        raise NoImageError(reference, f"its config is of the type '{manifest.config.media_type}'")
    pieces: list[bytes] = []
    if manifest.config.size > LARGEST:
        raise NoImageError(reference, f"its config has {manifest.config.size} bytes, more than {LARGEST >> 20} MiB")
    repository.blob(manifest.config, pieces.append)
    config = b"".join(pieces)
    return RemoteImage(found.digest, config, manifest.layers, _platform(manifest.config.digest, config))


def write_pulled(image: RemoteImage, blobs: "KeptBlobs", name: RemoteReference, file: BinaryIO) -> None:
    """The archive, into an empty file. Raises BrokenImageError, OSError, and what ``blobs`` raises."""
    diff_ids = _diff_ids(image)
    archive = SkopeoArchive(file)
    blobs.fetch_ahead(image.layers)
    for layer, diff_id in zip(image.layers, diff_ids, strict=True):
        try:
            found = f"sha256:{archive.add_layer(_uncompressed(blobs.pieces(layer))).base16()}"
        except ArchiveError as error:
            raise BrokenImageError(f"the layer {layer.digest}", error.message) from None
        if found != diff_id:
            raise BrokenImageError(f"the layer {layer.digest}", f"its diff ID is {found} instead of {diff_id}")
    archive.finish(image.config, name)


class KeptBlobs:
    """Blobs as files in ``folder``; a context manager, which ends what is being fetched. ``log`` hears of progress."""

    def __init__(self, repository: Repository, folder: str, log: Callable[[str], object]) -> None:
        self._repository: Final = repository
        self._folder: Final = folder
        self._log: Final = log
        self._fetches: Final = Fetches(self._fetch)
        self._lock: Final = threading.Lock()
        self._total = 0
        self._done = 0
        self._next = _STEP

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._fetches.__exit__(kind, error, trace)

    def fetch_ahead(self, items: Iterable[Descriptor]) -> None:
        """These will be asked for, in this order."""
        for item in items:
            if self._fetches.begin(item):
                self._total += item.size

    def pieces(self, item: Descriptor) -> Iterator[bytes]:
        """The bytes of a blob, once it is there as a whole and checked."""
        with open(self._fetches.path(item), "rb", buffering=0) as file:
            while piece := file.read(PIECE):
                yield piece

    def _fetch(self, item: Descriptor) -> str:
        path = os.path.join(self._folder, file_name(item))
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(handle, "r+b", buffering=0) as file:
            try:
                self._fill(item, file)
            except OSError:  # the disk is full, most likely
                os.unlink(path)
                raise
        return path

    def _fill(self, item: Descriptor, file: BinaryIO) -> None:
        size = os.fstat(file.fileno()).st_size

        def take(piece: bytes) -> None:
            self._fetches.stop.check()
            view = memoryview(piece)
            while view:
                view = view[file.write(view) :]
            self._progress(len(piece))

        def known() -> Iterator[bytes]:
            while piece := file.read(PIECE):
                self._fetches.stop.check()
                self._progress(len(piece))
                yield piece

        where = f" from byte {size} on" if 0 < size < item.size else ", which has come already" if size else ""
        self._log(f"fetching {item.digest} ({amount(item.size)}){where}")
        try:
            self._repository.blob(item, take, known())
        except ImagetoolsError as error:
            if not size or error.retryable:
                raise
            self._log(f"{error.message}; it is fetched anew")
            self._progress(-file.tell())
            file.seek(0)
            file.truncate()
            self._repository.blob(item, take)

    def _progress(self, count: int) -> None:
        with self._lock:
            self._done += count
            if self._done < self._next or self._done >= self._total:
                return
            self._next = self._done + max(_STEP, self._total // 10)
            text = f"{amount(self._done)} of {amount(self._total)} ({100 * self._done // self._total} %)"
        self._log(text)


def _uncompressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What skopeo takes for compressed, decompressed, whatever the media type says; all else as it is."""
    stream = ByteStream.of_chunks(pieces)
    kind = sniff(stream.peek(6))
    opened = decompressed(stream, kind=kind) if kind in _COMPRESSED else stream
    while piece := opened.read(PIECE):
        yield piece


def _diff_ids(image: RemoteImage) -> list[str]:
    where = "the config"
    found = diff_ids_of(read_json(image.config))
    diff_ids = [item for item in found or () if isinstance(item, str)]
    if found is None or len(diff_ids) != len(found):
        raise BrokenImageError(where, "it has no rootfs.diff_ids")
    if len(diff_ids) != len(image.layers):
        raise BrokenImageError(where, f"it has {len(diff_ids)} diff_ids, the manifest has {len(image.layers)} layers")
    return diff_ids


def _platform(digest: str, config: bytes) -> Platform:
    try:
        document = read_json(config)
    except JsonTextError as error:
        raise BrokenImageError(f"the config {digest}", error.reason) from None
    if not isinstance(document, dict):
        raise BrokenImageError(f"the config {digest}", "it is no object")
    os_name, architecture, variant = (document.get(name) for name in ("os", "architecture", "variant"))
    return Platform(str(os_name or ""), str(architecture or ""), str(variant or ""))


def _platforms(items: Sequence[Descriptor]) -> list[str]:
    """Those that can be chosen; attestations say ``unknown``."""
    return [str(item.platform) for item in items if item.platform is not None and item.platform.os != "unknown"]
