"""``imagetools image``: look into images, check them, carry them from one medium to another."""

import os
import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from imagetools.app.cli.arguments import ArgumentError, Debug
from imagetools.kernel.errors import ImagetoolsError

if TYPE_CHECKING:
    from imagetools.image.descriptor import Platform
    from imagetools.image.facts import ArchiveFacts
    from imagetools.image_io.places import Place

_PLACES = (
    "A path (docker archive, OCI layout as folder or tar), docker-archive:FILE, oci:DIR[:TAG], oci-archive:FILE[:TAG] or"
    " docker-daemon:NAME."
)
_ARCHITECTURES: Final = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "i686": "386",
    "armv7l": "arm",
    "ppc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}
Image = Annotated[str, typer.Argument(metavar="[IMAGE]", help=_PLACES)]


class InvalidImageError(ImagetoolsError):
    """An image has ``count`` faults; they have been told."""

    def __init__(self, image: str, count: int) -> None:
        super().__init__(f"'{image}' is not valid: {count} {'fault' if count == 1 else 'faults'}")
        self.image = image
        self.count = count


class NoSuchImageError(ImagetoolsError):
    """None of the images at a place answers to ``name``."""

    def __init__(self, where: str, name: str, names: list[str]) -> None:
        super().__init__(
            f"'{where}' has no image '{name}'", f"it has {', '.join(names)}" if names else "its images have no names"
        )
        self.name = name


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look into images, check them, copy them.")
    app.add_typer(group, name="image")

    @group.callback()
    def image() -> None:
        """Look into images, check them, copy them."""

    @group.command()
    def inspect(
        image: Image = "result",
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with everything that is known.")] = False,
        debug: Debug = False,
    ) -> None:
        """Tell what an image is made of.

        Names, digests, sizes, how containers start, annotations, and the layers with the store paths in each.

        Example: imagetools image inspect result
        """
        del debug
        import json

        from imagetools.app.ui.image_view import medium, view
        from imagetools.image.inspection import inspect as look
        from imagetools.image_io.places import Place

        place = Place.parse(image)
        facts = _facts(place)
        found = look(facts)
        wanted = place.name if place.path else None
        if wanted is not None:
            named = [item for item in found if wanted in item.names or wanted in {name.rpartition(":")[2] for name in item.names}]
            if not named:
                raise NoSuchImageError(image, wanted, [name for item in found for name in item.names])
            found = tuple(named)
        if as_json:
            typer.echo(json.dumps({"medium": medium(facts), "images": [item.document() for item in found]}, indent=2))
            return
        for number, item in enumerate(found):
            typer.echo(("\n" if number else "") + view(item, medium(facts)), nl=False)

    @group.command()
    def validate(image: Image = "result", debug: Debug = False) -> None:
        """Check that an image is whole and true; tell everything that is wrong.

        Digests, sizes, diff IDs, missing blobs, media types, wrong configs, unsafe members of layers. The exit code is 1 where
        something is wrong.

        Example: imagetools image validate oci:layout
        """
        del debug
        from imagetools.app.ui.terminal import clean
        from imagetools.image.validate import validate as check
        from imagetools.image_io.places import Place

        failures = check(_facts(Place.parse(image)))
        for failure in failures:
            print(clean(str(failure)), file=sys.stderr)  # noqa: T201
        if failures:
            raise InvalidImageError(image, len(failures))

    @group.command()
    def copy(
        source: Annotated[str, typer.Argument(metavar="FROM", help=_PLACES)],
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
        wishes = Wishes(_platform(platform), compressor, force)
        places = Place.parse(source), Place.parse(target)
        environment = read_settings().environment
        with Transfer(target, sys.stderr, environment, quiet=quiet) as transfer:
            copied = copy_image(*places, wishes, environment, transfer.update)
        typer.echo(copied.digest)


def _facts(place: "Place") -> "ArchiveFacts":
    from imagetools.app.settings import read_settings
    from imagetools.image_io.local_copy import facts_of

    return facts_of(place, read_settings().environment)


def this_platform() -> "Platform":
    """What this machine runs, in Go's names."""
    from imagetools.image.descriptor import Platform

    machine = os.uname().machine
    return Platform("linux", _ARCHITECTURES.get(machine, machine))


def _platform(text: str | None) -> "Platform":
    from imagetools.image.descriptor import Platform

    if text is None:
        return this_platform()
    parts = text.split("/")
    if len(parts) not in {2, 3} or not all(parts):
        raise ArgumentError(f"--platform takes OS/ARCHITECTURE, such as linux/amd64, not '{text}'")
    return Platform(*parts)
