"""Writing an image that comes from elsewhere into an OCI layout, a new one or one that is there.

What is compressed stays as it is unless another compression is wanted; then not a byte of the manifest changes either.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from ..image.descriptor import Descriptor
from ..image.oci_manifest import (
    FULL_NAME,
    INDEX_FILE,
    LAYOUT_BYTES,
    LAYOUT_FILE,
    REF_NAME,
    OciIndex,
    check_layout_file,
)
from ..image.reference import Reference
from ..image.tags import BrokenImageError
from .block_stream import BlockStream
from .carrying import Copied, Documents, How, Source, images_of, layers_of, put_documents, stays
from .checked_layers import CheckedLayers
from .image_source import SourceLayer
from .layout_files import FolderFiles, LayoutFiles, TarFiles
from .new_file import PREFIX, InTheWayError, folder_of, new_file
from .oci_layout import Written, keep_blob, pack, put_bytes, write_docker_manifest
from .packings import Packings


def to_tar(
    reading: CheckedLayers,
    source: Source,
    packings: Packings,
    path: str,
    name: str | None,
    compressor: str | None,
    *,
    force: bool,
) -> Copied:
    """Make the file ``path``."""
    with new_file(path, force) as file:
        files = TarFiles(file)
        written = _write_layout(reading, source, packings, files, compressor)
        entries = _entries(source, written.root, name)
        files.add(LAYOUT_FILE, LAYOUT_BYTES)
        files.add(INDEX_FILE, OciIndex(entries).document())
        if written.config is not None:
            image = Written(written.root, written.config, written.layers, ())
            write_docker_manifest(files, image, (Reference.familiar(name) for name in _whole_names(entries)))
        files.close()
    return Copied(written.root.digest, _shown(entries))


def to_folder(
    reading: CheckedLayers, source: Source, packings: Packings, path: str, name: str | None, compressor: str | None
) -> Copied:
    """Make the folder ``path``, or add to the layout that is there."""
    if not os.path.lexists(path):
        copied = _new_folder(reading, source, packings, path, name, compressor)
        if copied is not None:
            return copied
    if not os.path.isdir(path):
        raise InTheWayError(path, "is no folder, a layout cannot be written there")
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if set(os.listdir(path)) - {"blobs"}:  # which alone is what a copy leaves that was killed
            _check_layout(path)
        return _add_to_folder(reading, source, packings, path, name, compressor)
    finally:
        os.close(lock)


def _new_folder(
    reading: CheckedLayers, source: Source, packings: Packings, path: str, name: str | None, compressor: str | None
) -> Copied | None:
    """None where somebody else made a folder of that name meanwhile."""
    part = tempfile.mkdtemp(dir=folder_of(path), prefix=PREFIX)
    try:
        copied = _add_to_folder(reading, source, packings, part, name, compressor)
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


def _add_to_folder(
    reading: CheckedLayers, source: Source, packings: Packings, path: str, name: str | None, compressor: str | None
) -> Copied:
    """The index comes last: until it is renamed, whoever reads the layout sees the old one."""
    place = os.path.join(path, INDEX_FILE)
    old = OciIndex(())
    if os.path.lexists(place):
        with open(place, "rb") as file:
            old = OciIndex.parse(file.read(), INDEX_FILE)
    files = FolderFiles(path)
    try:
        written = _write_layout(reading, source, packings, files, compressor)
        entries = _entries(source, written.root, name)
        tags = {item.annotations.get(REF_NAME) for item in entries}
        kept = [item for item in old.manifests if item.annotations.get(REF_NAME) not in tags and item not in entries]
        files.add(LAYOUT_FILE, LAYOUT_BYTES)
        files.add(INDEX_FILE, OciIndex((*kept, *entries), old.annotations).document())
        files.close()
    except BaseException:
        files.undo()
        raise
    return Copied(written.root.digest, _shown(entries))


def _write_layout(
    reading: CheckedLayers, source: Source, packings: Packings, files: LayoutFiles, compressor: str | None
) -> Documents:
    """Layers, configs, manifests and indexes."""
    layers: dict[str, Descriptor] = {}
    for key, layer in layers_of(images_of(source)).items():
        if not reading.elsewhere(layer):
            layers[key] = _write_layer(reading, layer, packings, files, compressor)
            reading.done(layer)
    return put_documents(source, layers, How(compressor), partial(put_bytes, files))


def _write_layer(
    reading: CheckedLayers, layer: SourceLayer, packings: Packings, files: LayoutFiles, compressor: str | None
) -> Descriptor:
    if layer.described is not None and stays(layer, compressor):
        if not files.holds(layer.described):
            keep_blob(files, layer.described, reading.stored(layer))
        return layer.described
    compressor = compressor or "gz"
    known = packings.find(layer, compressor)
    if known is not None and files.holds(known):
        return known

    def fill(stream: BlockStream) -> None:
        for piece in reading.tar(layer):
            stream.write(piece)

    packed = pack(files, compressor, fill)
    packings.record(packed, compressor)
    return packed.described


def _entries(source: Source, bare: Descriptor, name: str | None) -> tuple[Descriptor, ...]:
    """What stands in ``index.json``: one entry for each name."""
    names = source.named
    if name is None:
        named = [_entry(bare, Reference.parse(text).tag, Reference.parse(text).full) for text in names.whole]
        return tuple(named) or (_entry(bare, names.tag, None),)
    if ":" in name.rpartition("/")[2]:
        return (_entry(bare, Reference.parse(name).tag, Reference.parse(name).full),)
    full = Reference(Reference.parse(names.whole[0]).name, name).full if names.whole else None
    return (_entry(bare, name, full),)


def _entry(bare: Descriptor, tag: str | None, full: str | None) -> Descriptor:
    annotations = {key: value for key, value in ((REF_NAME, tag), (FULL_NAME, full)) if value is not None}
    return replace(bare, annotations=annotations)


def _whole_names(entries: Sequence[Descriptor]) -> Iterator[str]:
    return (item.annotations[FULL_NAME] for item in entries if FULL_NAME in item.annotations)


def _shown(entries: Sequence[Descriptor]) -> tuple[str, ...]:
    return tuple(item.annotations[REF_NAME] for item in entries if REF_NAME in item.annotations)
