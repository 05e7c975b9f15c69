"""Carrying an image from one medium to another: every digest is computed again on the way, and nothing half written keeps a name.

Config and layers (uncompressed) stay what they are, and so does the image's ID. Compression changes where the medium needs it:
the layers of a docker archive are uncompressed, those of a layout compressed unless they come uncompressed from a layout.
"""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from ..image import manifest
from ..image.descriptor import Platform
from ..image.manifest import ArchivedImage
from ..image.oci_manifest import INDEX_FILE
from ..image.reference import Reference
from ..kernel.hashes import digest
from . import daemon
from .checked_layers import ArchiveOnly, CheckedLayers, Progress
from .copy_to_layout import Copied, to_folder, to_tar
from .image_source import SourceImage, find_image
from .layout_files import LayoutFiles, TarFiles
from .local_copy import check_kind, local_copy
from .members import open_members
from .new_file import PREFIX, new_file
from .places import ARCHIVE, DAEMON, LAYOUT, LAYOUT_ARCHIVE, PATH, Place, PlaceError


@dataclass(frozen=True, slots=True)
class Wishes:
    """``compressor``: of a layout's layers (none, gz, zstd), None to leave what is compressed; ``force``: replace a file."""

    platform: Platform
    compressor: str | None = None
    force: bool = False


def copy_image(
    source: Place, target: Place, wishes: Wishes, environment: Mapping[str, str], progress: Progress = lambda done, total: None
) -> Copied:
    """Copy one image. ``progress`` hears of bytes read, of all that there are.

    Raises ImagetoolsError of many kinds (all of them before anything has a name), OSError.
    """
    target = _known(target)
    scratch = _scratch(target)
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(local_copy(source, scratch, environment))
        members = stack.enter_context(open_members(path, scratch))
        check_kind(source, os.path.isdir(path), INDEX_FILE in members, "manifest.json" in members)
        wanted = source.name if source.kind != DAEMON else None
        if source.kind == ARCHIVE and INDEX_FILE in members:
            members = ArchiveOnly(members)
        image = find_image(members, wanted, wishes.platform)
        reading = CheckedLayers(members, image, progress)
        if target.kind == LAYOUT:
            return to_folder(reading, target.path, target.name, wishes.compressor)
        if target.kind == LAYOUT_ARCHIVE:
            return to_tar(reading, target.path, target.name, wishes.compressor, force=wishes.force)
        if target.kind == ARCHIVE:
            with new_file(target.path, wishes.force) as file:
                return _write_archive(reading, file, _docker_names(image, target))
        with tempfile.NamedTemporaryFile(dir=scratch, prefix=PREFIX) as temporary:
            names = _docker_names(image, target)
            if not names:
                raise PlaceError(target.text, "the image has no name, so the engine needs one")
            copied = _write_archive(reading, cast(BinaryIO, temporary), names)
            temporary.flush()
            daemon.load(temporary.name, environment)
            return copied


def _known(target: Place) -> Place:
    if target.kind != PATH:
        return target
    if os.path.isdir(target.path) and os.path.lexists(os.path.join(target.path, INDEX_FILE)):
        return replace(target, kind=LAYOUT)
    raise PlaceError(target.text, "a path alone does not say what to write there")


def _scratch(target: Place) -> str:
    """A folder on the destination's file system, so that there is room where there must be room anyway."""
    if not target.path:
        return tempfile.gettempdir()
    folder = os.path.dirname(os.path.abspath(target.path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), folder)
    return folder


def _write_archive(reading: CheckedLayers, file: BinaryIO, names: Sequence[str]) -> Copied:
    """A docker archive with uncompressed layers, named after their diff IDs."""
    image = reading.image
    files = TarFiles(file, ())
    members: list[str] = []
    for layer in image.layers:
        name = f"{layer.diff_id.partition(':')[2]}.tar"
        if name not in members:
            _write_pieces(files, name, reading.tar(layer))
        members.append(name)
    id_ = digest("sha256", image.config).base16()
    files.add(f"{id_}.json", image.config)
    files.add("manifest.json", manifest.write([ArchivedImage(f"{id_}.json", tuple(names), tuple(members))]))
    files.close()
    return Copied(f"sha256:{id_}", tuple(names))


def _write_pieces(files: LayoutFiles, name: str, pieces: Iterable[bytes]) -> None:
    file = files.begin()
    for piece in pieces:
        file.write(piece)
    files.keep(name)


def _docker_names(image: SourceImage, target: Place) -> tuple[str, ...]:
    """What the destination calls it: the name that was given, else those that it has."""
    if target.name is None:
        return image.names
    last = target.name.rpartition("/")[2]
    return (str(Reference.parse(target.name if ":" in last else f"{target.name}:latest")),)
