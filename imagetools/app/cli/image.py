"""``imagetools image``: look into images, check them, carry them from one medium to another."""

import sys
from typing import Annotated

import typer

from imagetools.app.cli import image_inspect, image_validate
from imagetools.app.cli.arguments import ArgumentError, Debug
from imagetools.app.cli.image_places import PLACES, read_platform, this_platform


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look into images, check them, copy them.")
    app.add_typer(group, name="image")

    @group.callback()
    def image() -> None:
        """Look into images, check them, copy them."""

    image_inspect.register(group)
    image_validate.register(group)

    @group.command()
    def copy(
        source: Annotated[str, typer.Argument(metavar="FROM", help=PLACES)],
        target: Annotated[
            str,
            typer.Argument(
                metavar="TO", help="docker-archive:FILE[:NAME], oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-daemon:NAME."
            ),
        ],
        compressor: Annotated[
            str | None,
            typer.Option(
                "--compressor",
                metavar="KIND",
                help="Of the layers of an OCI layout: gz, zstd or none (default: compressed ones stay as they are, others: gz).",
            ),
        ] = None,
        platform: Annotated[
            str | None,
            typer.Option(
                "--platform", metavar="OS/ARCH", help="Which of several, such as linux/arm64 (default: this machine's)."
            ),
        ] = None,
        force: Annotated[bool, typer.Option("-f", "--force", help="Replace a file that exists.")] = False,
        quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print the digest only.")] = False,
        debug: Debug = False,
    ) -> None:
        """Copy an image from one medium to another.

        The image stays the same one, with its ID; layers are compressed or not as the medium needs it. All digests are checked on
        the way. Prints the digest of the manifest (layouts) or the image's ID. What is at FROM is recognised by its content.

        Example: imagetools image copy result oci:layout:latest
        """
        del debug
        from imagetools.app.settings import read_settings
        from imagetools.app.ui.transfer import Transfer
        from imagetools.image_io.copying import Wishes, copy_image
        from imagetools.image_io.places import Place

        if compressor not in {None, "gz", "zstd", "none"}:
            raise ArgumentError(f"--compressor takes gz, zstd or none, not '{compressor}'")
        wishes = Wishes(read_platform(platform) if platform else this_platform(), compressor, force)
        places = Place.parse(source), Place.parse(target)
        environment = read_settings().environment
        with Transfer(target, sys.stderr, environment, quiet=quiet) as transfer:
            copied = copy_image(*places, wishes, environment, transfer.update)
        typer.echo(copied.digest)
