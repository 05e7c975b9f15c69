"""Loading an image into an engine: what it has is asked for, and only what lies above is sent, from where the image lies.

Docker's engine takes an archive that lacks the tars of layers which it has, by chain ID: a layer and all beneath it (moby,
image/tarexport: load). Where that is refused the whole archive follows. Podman takes whole archives only.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ..image.descriptor import Platform
from ..image.oci_manifest import INDEX_FILE
from . import daemon, podman
from .daemon import EngineRefusedError, LayerLoading, Sent
from .local_copy import check_kind
from .members import Members, open_members
from .outgoing import MANIFEST_FILE, Outgoing, OutgoingImage, Sending, find_outgoing
from .places import Place

LoadEvent = Sending | LayerLoading | Sent
Opener = Callable[[str, str], AbstractContextManager[Members]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """``names`` as the engine says them; ``sent`` of ``layers`` layers were sent, ``size`` bytes in all."""

    names: tuple[str, ...]
    sent: int
    layers: int
    size: int


class Engine(Protocol):
    """What takes archives."""

    def present(self, images: tuple[OutgoingImage, ...]) -> list[int]:
        """Of each image how many layers, from the lowest up, need not be sent."""
        ...

    def load(self, title: str, archive: Outgoing, progress: Callable[[LayerLoading], object]) -> tuple[str, ...]:
        """Raises EngineRefusedError and what reading the archive raises."""
        ...


def load_image(
    place: Place,
    platform: Platform,
    environment: Mapping[str, str],
    scratch: str,
    progress: Callable[[LoadEvent], object] = lambda event: None,
    *,
    into_podman: bool = False,
    opened: Opener = open_members,
) -> Loaded:
    """Load what lies at ``place``: a docker archive, a layout, a script of streamLayeredImage. ``opened`` finds its members.

    Raises EngineUnreachableError, EngineRefusedError, NoPodmanError, and what ``find_outgoing`` and ``open_members`` raise.
    """
    with opened(place.path, scratch) as members:
        check_kind(place, os.path.isdir(place.path), INDEX_FILE in members, MANIFEST_FILE in members)
        images = find_outgoing(members, place.path, place.name, platform)
        if into_podman:
            if images is None:
                raise EngineRefusedError(place.path, "it has no manifest.json", engine="podman")
            return _load(podman.Podman(environment), place.path, members, images, scratch, progress)
        if images is None:  # an archive as Docker wrote them before 1.10, or none: the engine knows
            sizes: list[int] = []

            def count(event: daemon.LoadEvent) -> None:
                if isinstance(event, Sent):
                    sizes.append(event.done)
                progress(event)

            names = daemon.load(place.path, environment, count)
            return Loaded(names, 0, 0, max(sizes, default=0))
        with daemon.Engine.open(environment) as engine:
            return _load(engine, place.path, members, images, scratch, progress)


def load_one(
    image: OutgoingImage,
    members: Members,
    title: str,
    environment: Mapping[str, str],
    scratch: str,
    progress: Callable[[LoadEvent], object],
) -> Loaded:
    """Load an image whose layers are ``members`` into Docker's engine. Raises as ``load_image``."""
    with daemon.Engine.open(environment) as engine:
        return _load(engine, title, members, (image,), scratch, progress)


def _load(
    engine: Engine,
    title: str,
    members: Members,
    images: tuple[OutgoingImage, ...],
    scratch: str,
    progress: Callable[[LoadEvent], object],
) -> Loaded:
    layers = len({name for image in images for name in image.names})
    present = engine.present(images)
    try:
        with Outgoing(members, images, present, scratch, progress) as archive:
            return Loaded(engine.load(title, archive, progress), len(archive.layers), layers, len(archive))
    except EngineRefusedError:
        if not any(present):
            raise
    with Outgoing(members, images, [0] * len(images), scratch, progress) as archive:
        return Loaded(engine.load(title, archive, progress), len(archive.layers), layers, len(archive))
