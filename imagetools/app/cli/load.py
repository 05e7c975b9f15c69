"""``imagetools load``: hand an image tarball to a container engine."""

import sys
from typing import Annotated

import typer

from imagetools.app.cli.arguments import Debug


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def load(
        image: Annotated[
            str, typer.Argument(metavar="[IMAGE]", help="An image tarball as `imagetools build` makes it.")
        ] = "result",
        quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print the names of the images only.")] = False,
        debug: Debug = False,
    ) -> None:
        """Load an image into the Docker engine.

        Does what `docker load` does, and prints the names of the images.

        The engine is the one that DOCKER_HOST names, or the one behind the default socket.
        """
        del debug
        from imagetools.app.settings import read_settings
        from imagetools.app.ui.transfer import Transfer
        from imagetools.image_io.daemon import LayerLoading, Sent
        from imagetools.image_io.daemon import load as load_image

        settings = read_settings()
        with Transfer(image, sys.stderr, settings.environment, quiet=quiet) as transfer:

            def show(event: Sent | LayerLoading) -> None:
                what = "sending" if isinstance(event, Sent) else f"layer {event.layer}"
                transfer.update(event.done, event.total, what)

            names = load_image(image, environment=settings.environment, progress=show)
        for name in names:
            typer.echo(name)
