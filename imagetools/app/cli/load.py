"""``imagetools load``: hand an image tarball to a container engine."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from imagetools.app.cli.arguments import Debug

if TYPE_CHECKING:
    from collections.abc import Mapping


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def load(
        image: Annotated[
            str, typer.Argument(metavar="[IMAGE]", help="An image as `imagetools build` makes it: a tarball, or a layout.")
        ] = "result",
        quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print the names of the images only.")] = False,
        debug: Debug = False,
    ) -> None:
        """Load an image into the Docker engine.

        Does what `docker load` does, and prints the names of the images.

        The engine is the one that DOCKER_HOST names, or the one behind the default socket.
        """
        del debug
        import os

        from imagetools.app.settings import read_settings
        from imagetools.app.ui.transfer import Transfer
        from imagetools.image_io.daemon import LayerLoading, Sent
        from imagetools.image_io.daemon import load as load_image

        settings = read_settings()
        if os.path.isdir(image):
            _load_folder(image, settings.environment, quiet=quiet)
            return
        with Transfer(image, sys.stderr, settings.environment, quiet=quiet) as transfer:

            def show(event: Sent | LayerLoading) -> None:
                what = "sending" if isinstance(event, Sent) else f"layer {event.layer}"
                transfer.update(event.done, event.total, what)

            names = load_image(image, environment=settings.environment, progress=show)
        for name in names:
            typer.echo(name)


def _load_folder(image: str, environment: "Mapping[str, str]", *, quiet: bool) -> None:
    """An OCI layout as a folder: the engine takes tarballs only, so it becomes one on the way."""
    from imagetools.app.cli.image_places import this_platform
    from imagetools.app.ui.transfer import Transfer
    from imagetools.image_io.copying import Surroundings, Wishes, copy_image
    from imagetools.image_io.places import DAEMON, PATH, Place

    source, engine = Place(PATH, image, None, image), Place(DAEMON, "", None, "docker-daemon:")
    with Transfer(image, sys.stderr, environment, quiet=quiet) as transfer:
        copied = copy_image(source, engine, Wishes(this_platform()), Surroundings(environment), transfer.update)
    for name in copied.names:
        typer.echo(name)
