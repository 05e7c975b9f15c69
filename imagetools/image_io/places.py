"""Where an image lies, as a person writes it: ``docker://NAME``, ``oci:DIR[:TAG]`` …, or just a path.

The spelling is that of skopeo and its kin. A path that exists as it stands is taken so, colons or not.
"""

import os
from dataclasses import dataclass
from typing import Final

from ..image.remote_reference import RemoteReference
from ..kernel.errors import ImagetoolsError

ARCHIVE: Final = "docker-archive"
LAYOUT: Final = "oci"
LAYOUT_ARCHIVE: Final = "oci-archive"
DAEMON: Final = "docker-daemon"
REGISTRY: Final = "docker"
#: A path whose content says what it is.
PATH: Final = ""

_WITH_FILES: Final = (ARCHIVE, LAYOUT, LAYOUT_ARCHIVE)
_OTHERS: Final = ("containers-storage", "dir", "ostree", "sif", "tarball", "atomic")
_FORMS: Final = (
    "docker://[HOST/]NAME[:TAG], docker-archive:FILE[:NAME], oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-daemon:NAME"
)


class PlaceError(ImagetoolsError):
    """``text`` names no place where an image could be."""

    exit_code = 2

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"'{text}' is no place for an image: {reason}", f"write {_FORMS}, or a path")
        self.text = text
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Place:
    """``kind`` is one of the constants above; ``name`` a tag or a name where one was given; ``path`` empty for the engine and for
    registries."""

    kind: str
    path: str
    name: str | None
    text: str

    @staticmethod
    def parse(text: str) -> "Place":
        """Raises PlaceError, ImageNameError."""
        kind, colon, rest = text.partition(":")
        if not text:
            raise PlaceError(text, "it is empty")
        if os.path.lexists(text) or not colon:
            return Place(PATH, text, None, text)
        if kind == REGISTRY:
            if not rest.startswith("//"):
                raise PlaceError(text, "a registry's image is written docker://NAME")
            RemoteReference.parse(rest[2:])
            return Place(REGISTRY, "", rest[2:], text)
        if kind in {"http", "https"} and rest.startswith("//"):
            raise PlaceError(text, "a registry's image is written docker://NAME (--insecure allows http)")
        if kind in _OTHERS:
            raise PlaceError(text, f"imagetools does not know '{kind}:'")
        if kind == DAEMON:
            if rest.startswith("//"):
                raise PlaceError(text, "the engine takes a name, without slashes in front")
            return Place(DAEMON, "", rest or None, text)
        if kind in _WITH_FILES:
            path, _, name = (rest, "", "") if os.path.lexists(rest) else rest.partition(":")
            if not path:
                raise PlaceError(text, "the path is missing")
            return Place(kind, path, name or None, text)
        if kind.startswith(("/", ".")) or "/" in kind:
            return Place(PATH, text, None, text)
        raise PlaceError(text, f"there is no such file, and '{kind}:' is not known")
