"""Writing an image that comes from elsewhere into an OCI layout, a new one or one that is there.

What is compressed stays as it is unless another compression is wanted; then not a byte of the manifest changes either.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..image import media_types
from ..image.descriptor import Descriptor
from ..image.oci_manifest import (
    FULL_NAME,
    INDEX_FILE,
    LAYOUT_BYTES,
    LAYOUT_FILE,
    REF_NAME,
    OciIndex,
    OciManifest,
    check_layout_file,
)
from ..image.reference import Reference
from ..image.tags import BrokenImageError
from .block_stream import BlockStream
from .checked_layers import CheckedLayers
from .image_source import SourceImage, SourceLayer
from .layout_files import FolderFiles, LayoutFiles, TarFiles
from .new_file import PREFIX, InTheWayError, folder_of, new_file
from .oci_layout import Written, pack, put_bytes, write_docker_manifest

_COMPRESSIONS: Final = {"none": "none", "gz": "gzip", "zstd": "zstd"}


@dataclass(frozen=True, slots=True)
class Copied:
    """``digest`` is that of the manifest in a layout, the image's ID elsewhere. ``names`` as the destination has them."""

    digest: str
    names: tuple[str, ...]


def to_tar(reading: CheckedLayers, path: str, name: str | None, compressor: str | None, *, force: bool) -> Copied:
    """Make the file ``path``."""
    with new_file(path, force) as file:
        files = TarFiles(file)
        written = _write_layout(reading, files, compressor)
        entries = _entries(reading.image, written, name)
        files.add(LAYOUT_FILE, LAYOUT_BYTES)
        files.add(INDEX_FILE, OciIndex(entries).document())
        write_docker_manifest(files, written, (Reference.familiar(name) for name in _whole_names(entries)))
        files.close()
    return Copied(written.manifest.digest, _shown(entries))


def to_folder(reading: CheckedLayers, path: str, name: str | None, compressor: str | None) -> Copied:
    """Make the folder ``path``, or add to the layout that is there."""
    if not os.path.lexists(path):
        copied = _new_folder(reading, path, name, compressor)
        if copied is not None:
            return copied
    if not os.path.isdir(path):
        raise InTheWayError(path, "is no folder, a layout cannot be written there")
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if set(os.listdir(path)) - {"blobs"}:  # which alone is what a copy leaves that was killed
            _check_layout(path)
        return _add_to_folder(reading, path, name, compressor)
    finally:
        os.close(lock)


def _new_folder(reading: CheckedLayers, path: str, name: str | None, compressor: str | None) -> Copied | None:
    """None where somebody else made a folder of that name meanwhile."""
    part = tempfile.mkdtemp(dir=folder_of(path), prefix=PREFIX)
    try:
        copied = _add_to_folder(reading, part, name, compressor)
        os.chmod(part, 0o755)
        os.rename(part, path)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            return None
        raise
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return copied


def _check_layout(path: str) -> None:
    try:
        with open(os.path.join(path, LAYOUT_FILE), "rb") as file:
            problems = check_layout_file(file.read(1 << 16))
    except FileNotFoundError:
        raise InTheWayError(path, "is a folder that holds something else than a layout") from None
    if problems:
        raise BrokenImageError(LAYOUT_FILE, problems[0])


def _add_to_folder(reading: CheckedLayers, path: str, name: str | None, compressor: str | None) -> Copied:
    """The index comes last: until it is renamed, whoever reads the layout sees the old one."""
    place = os.path.join(path, INDEX_FILE)
    old = OciIndex(())
    if os.path.lexists(place):
        with open(place, "rb") as file:
            old = OciIndex.parse(file.read(), INDEX_FILE)
    files = FolderFiles(path)
    try:
        written = _write_layout(reading, files, compressor)
        entries = _entries(reading.image, written, name)
        tags = {item.annotations.get(REF_NAME) for item in entries}
        kept = [item for item in old.manifests if item.annotations.get(REF_NAME) not in tags and item not in entries]
        files.add(LAYOUT_FILE, LAYOUT_BYTES)
        files.add(INDEX_FILE, OciIndex((*kept, *entries), old.annotations).document())
        files.close()
    except BaseException:
        files.undo()
        raise
    return Copied(written.manifest.digest, _shown(entries))


def _write_layout(reading: CheckedLayers, files: LayoutFiles, compressor: str | None) -> Written:
    """Layers, config and manifest."""
    image = reading.image
    layers: list[Descriptor] = []
    done: dict[str, Descriptor] = {}
    for layer in image.layers:
        if layer.diff_id not in done:
            done[layer.diff_id] = _write_layer(reading, layer, files, compressor)
        layers.append(done[layer.diff_id])
    unchanged = image.manifest is not None and [layer.described for layer in image.layers] == layers
    if unchanged and image.manifest is not None:
        config = put_bytes(files, image.config_type, image.config)
        described = put_bytes(files, image.manifest_type, image.manifest, image.platform)
    else:
        config = put_bytes(files, media_types.OCI_CONFIG, image.config)
        document = OciManifest(config, tuple(layers), image.annotations).document()
        described = put_bytes(files, media_types.OCI_MANIFEST, document, image.platform)
    return Written(described, config, tuple(layers), tuple(layer.diff_id for layer in image.layers))


def _write_layer(reading: CheckedLayers, layer: SourceLayer, files: LayoutFiles, compressor: str | None) -> Descriptor:
    said = layer.described
    if said is not None and compressor in {None, _compressor_of(said)}:
        return _as_it_is(reading, layer, files, said)

    def fill(stream: BlockStream) -> None:
        for piece in reading.tar(layer):
            stream.write(piece)

    return pack(files, compressor or "gz", fill).described


def _as_it_is(reading: CheckedLayers, layer: SourceLayer, files: LayoutFiles, said: Descriptor) -> Descriptor:
    try:
        file = files.begin()
        for piece in reading.stored(layer):
            file.write(piece)
        files.keep(said.blob)
    except BaseException:
        files.discard()
        raise
    return said


def _compressor_of(described: Descriptor) -> str | None:
    kind = media_types.LAYERS.get(described.media_type)
    return next((name for name, compression in _COMPRESSIONS.items() if compression == kind), None)


def _entries(image: SourceImage, written: Written, name: str | None) -> tuple[Descriptor, ...]:
    """What stands in ``index.json``: one entry for each name."""
    bare = written.manifest
    if name is None:
        named = [_entry(bare, Reference.parse(text).tag, Reference.parse(text).full) for text in image.names]
        return tuple(named) or (_entry(bare, image.tag, None),)
    if ":" in name.rpartition("/")[2]:
        return (_entry(bare, Reference.parse(name).tag, Reference.parse(name).full),)
    full = Reference(Reference.parse(image.names[0]).name, name).full if image.names else None
    return (_entry(bare, name, full),)


def _entry(bare: Descriptor, tag: str | None, full: str | None) -> Descriptor:
    annotations = {key: value for key, value in ((REF_NAME, tag), (FULL_NAME, full)) if value is not None}
    return replace(bare, annotations=annotations)


def _whole_names(entries: Sequence[Descriptor]) -> Iterator[str]:
    return (item.annotations[FULL_NAME] for item in entries if FULL_NAME in item.annotations)


def _shown(entries: Sequence[Descriptor]) -> tuple[str, ...]:
    return tuple(item.annotations[REF_NAME] for item in entries if REF_NAME in item.annotations)
