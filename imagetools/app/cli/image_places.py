"""What the commands over images have in common: how a person says which image, and which machine."""

import os
from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.arguments import ArgumentError
from imagetools.app.cli.declare import Argument, Option
from imagetools.kernel.errors import ImagetoolsError

if TYPE_CHECKING:
    from imagetools.image.descriptor import Platform

PLACES: Final = (
    "A path (docker archive, OCI layout as folder or tar, script of streamLayeredImage), docker-archive:FILE,"
    " oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-daemon:NAME or docker://NAME."
)
Insecure = Annotated[bool, Option("--insecure", help="Trust any certificate, and use http where there is no https.")]
Image = Annotated[str, Argument(metavar="[IMAGE]", help=PLACES)]


class NoSuchImageError(ImagetoolsError):
    """None of the images at a place answers to ``name``."""

    def __init__(self, where: str, name: str, names: list[str]) -> None:
        super().__init__(
            f"'{where}' has no image '{name}'", f"it has {', '.join(names)}" if names else "its images have no names"
        )
        self.name = name


def this_platform() -> "Platform":
    """What this machine runs, in Go's names."""
    from imagetools.image.platform_choice import go_platform

    return go_platform("linux", os.uname().machine)


def read_platform(text: str) -> "Platform":
    """``OS/ARCHITECTURE`` or ``OS/ARCHITECTURE/VARIANT``. Raises ArgumentError."""
    from imagetools.image.platform_choice import go_platform

    parts = text.split("/")
    if len(parts) not in {2, 3} or not all(parts):
        raise ArgumentError(f"--platform takes OS/ARCHITECTURE, such as linux/amd64, not '{text}'")
    return go_platform(parts[0], "/".join(parts[1:]))
