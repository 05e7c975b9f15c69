"""``imagetools load``: hand an image to a container engine."""

import sys
from typing import Annotated, Final

from imagetools.app.cli.declare import Argument, Command, Option
from imagetools.app.ui.terminal import echo


def load(
    image: Annotated[
        str,
        Argument(
            metavar="[IMAGE]",
            help="An image as `imagetools build` makes it: a tarball, a layout (oci:DIR:TAG says which of several),"
            " or the script of streamLayeredImage, which is read instead of run.",
        ),
    ] = "result",
    podman: Annotated[bool, Option("--podman", help="Load into podman, by its own program.")] = False,
    quiet: Annotated[bool, Option("-q", "--quiet", help="Print the names of the images only.")] = False,
) -> None:
    """Load an image into the Docker engine.

    Does what `docker load` does, and prints the names of the images. Layers that the engine has are not sent: it is asked
    first. What is sent comes straight from where it lies, from the store for a script.

    The engine is the one that DOCKER_HOST names, or the one behind the default socket.

    Example: imagetools load result
    """
    import tempfile

    from imagetools.app.cli.image_places import this_platform
    from imagetools.app.settings import read_settings
    from imagetools.app.ui.load_view import LoadView
    from imagetools.image_io.loading import load_image
    from imagetools.image_io.packed_archives import PackedArchives
    from imagetools.image_io.places import DAEMON, REGISTRY, Place, PlaceError

    place = Place.parse(image)
    if place.kind in {DAEMON, REGISTRY}:
        raise PlaceError(image, "what is loaded lies on this machine; imagetools image copy carries it from elsewhere")
    settings = read_settings()
    environment = settings.environment
    archives = PackedArchives(f"{settings.cache}/archives")
    scratch = tempfile.gettempdir()
    with LoadView(image, sys.stderr, environment, quiet=quiet) as view:
        loaded = load_image(place, this_platform(), environment, scratch, view.show, into_podman=podman, opened=archives.opened)
        view.done(loaded)
    for name in loaded.names:
        echo(name)


DECLARED: Final = Command("load", load)
