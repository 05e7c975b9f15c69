"""Carrying an image from one medium to another: every digest is computed again on the way, and nothing half written keeps a name.

Config and layers (uncompressed) stay what they are, and so does the image's ID. Compression changes where the medium needs it:
the layers of a docker archive are uncompressed, those of a layout or a registry compressed unless they come uncompressed from
one of the two.
"""

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from ..image import manifest
from ..image.descriptor import Platform
from ..image.manifest import ArchivedImage
from ..image.oci_manifest import INDEX_FILE
from ..image.reference import Reference
from ..image.remote_reference import RemoteReference
from ..kernel.hashes import digest
from .blob_places import BlobPlaces
from .carrying import Copied, How, Source, images_of, layers_of, stays
from .checked_layers import ArchiveOnly, CheckedLayers, Progress
from .copy_to_layout import to_folder, to_tar
from .image_source import SourceImage, SourceIndex, find_image, find_whole
from .layout_files import LayoutFiles, TarFiles, may_hold
from .ledger import LayerLedger
from .loading import LoadEvent, load_one
from .local_copy import check_kind, local_copy
from .members import Members, open_members
from .new_file import new_file
from .outgoing import Sending, outgoing_image
from .packed_archives import PackedArchives
from .packings import Packings
from .places import ARCHIVE, DAEMON, LAYOUT, LAYOUT_ARCHIVE, PATH, REGISTRY, Place, PlaceError
from .ports import Registries, Repository
from .registry_members import RegistryMembers
from .to_registry import RegistryWriter
from .watching import SENDING, BlobStep, Watch, nobody


@dataclass(frozen=True, slots=True)
class Wishes:
    """``compressor``: of the layers in a layout or a registry (none, gz, zstd), None to leave what is compressed; ``force``:
    replace a file; ``whole``: not one image, but all that an index has; ``form``: of manifests in a registry (docker, oci).
    ``picky``: somebody asked for that platform, and need not be told of others."""

    platform: Platform
    compressor: str | None = None
    force: bool = False
    whole: bool = False
    form: str = ""
    picky: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What copying has beside files: ``environment`` for the engine, ``registries``, and what was learnt from earlier copies."""

    environment: Mapping[str, str]
    registries: Registries | None = None
    ledger: LayerLedger | None = None
    places: BlobPlaces | None = None
    archives: PackedArchives | None = None


def copy_image(
    source: Place,
    target: Place,
    wishes: Wishes,
    surroundings: Surroundings,
    progress: Progress = lambda done, total: None,
    watch: Watch = nobody,
    alone: Callable[[SourceImage], None] = lambda image: None,
) -> Copied:
    """Copy one image, or all that an index has. ``progress`` hears of bytes read, of all that there are; ``watch`` of each blob
    that comes from a registry or goes there; ``alone`` of an image whose ``others`` could have come, too.

    Raises ImagetoolsError of many kinds (all of them before anything has a name), OSError.
    """
    target = _known(target)
    if wishes.whole and target.kind in {ARCHIVE, DAEMON}:
        raise PlaceError(target.text, "there is room for one image only, not for an index of several")
    if wishes.form and target.kind != REGISTRY:
        raise PlaceError(target.text, "only a registry takes manifests in another form")
    repository = open_registry(target, surroundings) if target.kind == REGISTRY else None
    scratch = _scratch(target)
    with contextlib.ExitStack() as stack:
        members = stack.enter_context(_opened(source, scratch, surroundings, watch))
        wanted = source.name if source.kind not in {DAEMON, REGISTRY} else None
        if source.kind == ARCHIVE and INDEX_FILE in members:
            members = ArchiveOnly(members)
        found = find_whole(members, wanted) if wishes.whole else find_image(members, wanted, wishes.platform)
        if isinstance(found, SourceImage) and found.others and not wishes.picky and target.kind not in {ARCHIVE, DAEMON}:
            alone(found)
        forget = members.forget if isinstance(members, RegistryMembers) else _keep
        reading = CheckedLayers(members, images_of(found), progress, forget)
        packings = Packings(surroundings.ledger)
        stack.callback(packings.tidy)
        if repository is not None:
            mounts = [members.repository] if isinstance(members, RegistryMembers) else []
            writer = RegistryWriter(
                repository, How(wishes.compressor, wishes.form), scratch, packings, surroundings.places, watch, mounts
            )
            return writer.write(reading, found)
        if isinstance(members, RegistryMembers) and target.kind != DAEMON:
            members.fetch_ahead(_to_fetch(reading, found, target, wishes))
        if target.kind == LAYOUT:
            return to_folder(reading, found, packings, target.path, target.name, wishes.compressor)
        if target.kind == LAYOUT_ARCHIVE:
            return to_tar(reading, found, packings, target.path, target.name, wishes.compressor, force=wishes.force)
        image = _one(found)
        names = _docker_names(image, target)
        if target.kind == ARCHIVE:
            with new_file(target.path, wishes.force) as file:
                return _write_archive(reading, image, file, names)
        if not names:
            raise PlaceError(target.text, "the image has no name, so the engine needs one")
        return _to_engine(members, image, names, target, scratch, surroundings, watch)


def _to_engine(
    members: Members,
    image: SourceImage,
    names: tuple[str, ...],
    target: Place,
    scratch: str,
    surroundings: Surroundings,
    watch: Watch,
) -> Copied:
    """Only what the engine has not is read; it checks the diff IDs itself."""

    def show(event: LoadEvent) -> None:
        if isinstance(event, Sending):
            watch(BlobStep(f"layer {event.layer} of {event.layers}", SENDING, event.done, event.total))

    load_one(outgoing_image(image, names), members, target.text, surroundings.environment, scratch, show)
    return Copied(f"sha256:{digest('sha256', image.config).base16()}", names)


def _keep(name: str) -> None:
    """What lies on this machine stays there."""
    del name


def _to_fetch(reading: CheckedLayers, found: Source, target: Place, wishes: Wishes) -> Iterator[str]:
    """The members that will be asked for."""
    for layer in layers_of(images_of(found)).values():
        stays_there = layer.described is not None and stays(layer, wishes.compressor) and target.kind == LAYOUT
        if not reading.elsewhere(layer) and not (stays_there and may_hold(target.path, layer.described)):
            yield layer.member


@contextlib.contextmanager
def _opened(source: Place, scratch: str, surroundings: Surroundings, watch: Watch) -> Iterator[Members]:
    if source.kind == REGISTRY:
        with RegistryMembers(open_registry(source, surroundings), scratch, watch) as members:
            yield members
        return
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(local_copy(source, scratch, surroundings.environment))
        archives = surroundings.archives if source.kind != DAEMON else None
        opened = stack.enter_context(open_members(path, scratch) if archives is None else archives.opened(path, scratch))
        check_kind(source, os.path.isdir(path), INDEX_FILE in opened, "manifest.json" in opened)
        yield opened


def open_registry(place: Place, surroundings: Surroundings) -> Repository:
    """The repository that a place of the kind ``REGISTRY`` names. Raises PlaceError."""
    if surroundings.registries is None or place.name is None:
        raise PlaceError(place.text, "no registry can be reached from here")
    return surroundings.registries(RemoteReference.parse(place.name))


def _one(source: Source) -> SourceImage:
    if isinstance(source, SourceIndex):
        raise RuntimeError("an index where there is room for one image")
    return source


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


def _write_archive(reading: CheckedLayers, image: SourceImage, file: BinaryIO, names: Sequence[str]) -> Copied:
    """A docker archive with uncompressed layers, named after their diff IDs."""
    files = TarFiles(file, ())
    members: list[str] = []
    for layer in image.layers:
        name = f"{layer.diff_id.partition(':')[2]}.tar"
        if name not in members:
            _write_pieces(files, name, reading.tar(layer))
            reading.done(layer)
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
    return (str(Reference.parse(Reference.with_tag(target.name))),)
