"""An image as a path on this machine, wherever it lies: what the engine has is fetched into a file that goes away again."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..archive.member import Kind, Member
from ..image.facts import ArchiveFacts
from ..kernel.errors import ImagetoolsError
from . import daemon
from .archive_reader import check_is_image, member_facts, read_facts
from .places import ARCHIVE, DAEMON, LAYOUT, PATH, REGISTRY, Place, PlaceError
from .stream_plan import StreamedImage


class OtherKindError(ImagetoolsError):
    """What lies at ``place`` is an image of another kind than was said."""

    def __init__(self, place: Place, found: str) -> None:
        super().__init__(
            f"'{place.path}' is {found}, so '{place.kind}:' does not fit", "give the path alone, its content is looked at"
        )
        self.place = place
        self.found = found


@contextmanager
def local_copy(place: Place, scratch: str, environment: Mapping[str, str]) -> Iterator[str]:
    """The path, perhaps of a script of streamLayeredImage. Raises EngineUnreachableError, EngineHasNotError, NotAnImageError,
    OldScriptError, OSError."""
    if place.kind != DAEMON:
        if os.path.isdir(place.path) or StreamedImage.open(place.path) is None:
            check_is_image(place.path)
        yield place.path
        return
    if place.name is None:
        raise PlaceError(place.text, "the image's name is missing")
    with tempfile.NamedTemporaryFile(dir=scratch, prefix=".imagetools-image-") as file:
        daemon.save(place.name, file.write, environment)
        file.flush()
        yield file.name


def facts_at(place: Place, path: str) -> ArchiveFacts:
    """All that there is at ``path``, the local copy of ``place``. Raises OtherKindError, OSError."""
    streamed = None if os.path.isdir(path) else StreamedImage.open(path)
    facts = read_facts(path) if streamed is None else _streamed_facts(streamed)
    check_kind(place, os.path.isdir(path), facts.is_layout, facts.is_docker_archive)
    return facts


def _streamed_facts(image: StreamedImage) -> ArchiveFacts:
    """What the archive would hold that the script writes, its plan put to the test."""
    members = {
        name: member_facts(name, Member(os.fsencode(name), Kind.FILE, size=size, body=image.pieces(offset, size)))
        for name, (offset, size) in image.members.items()
    }
    return ArchiveFacts(members, (), "script")


def check_kind(place: Place, folder: bool, layout: bool, archive: bool) -> None:
    """Raise OtherKindError unless what was found is what the place's text says (a path says nothing)."""
    if place.kind in {PATH, DAEMON, REGISTRY} or not (layout or archive):
        return
    if place.kind == ARCHIVE and not archive:
        raise OtherKindError(place, "an OCI layout")
    if place.kind != ARCHIVE and not layout:
        raise OtherKindError(place, "a docker archive")
    if place.kind != ARCHIVE and (place.kind == LAYOUT) != folder:
        raise OtherKindError(place, "an OCI layout in a folder" if folder else "an OCI layout in a tar")
