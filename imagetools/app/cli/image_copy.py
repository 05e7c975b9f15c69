"""``imagetools image copy``: carry an image from one medium to another."""

from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.arguments import ArgumentError
from imagetools.app.cli.declare import Argument, Command, Option
from imagetools.app.cli.image_places import PLACES, Insecure, read_platform, this_platform
from imagetools.app.ui.terminal import echo

if TYPE_CHECKING:
    from imagetools.image_io.copying import Wishes

Compressor = Annotated[
    str | None,
    Option(
        "--compressor",
        metavar="KIND",
        help="Of the layers in a layout or a registry: gz, zstd or none (default: compressed ones stay as they are, others: gz).",
    ),
]
PlatformOption = Annotated[
    str | None,
    Option("--platform", metavar="OS/ARCH", help="Which of several, such as linux/arm64 (default: this machine's)."),
]
Form = Annotated[
    str | None,
    Option("--format", metavar="KIND", help="Of the manifests in a registry: oci or docker (default: as they are, else oci)."),
]
Whole = Annotated[bool, Option("--all", help="All that an index has, for every machine.")]
AsJson = Annotated[bool, Option("--json", help="Print JSON: digest, names, and what became of each blob in a registry.")]
Quiet = Annotated[bool, Option("-q", "--quiet", help="Show no progress.")]


def wishes(compressor: str | None, platform: str | None, form: str | None, *, whole: bool, force: bool = False) -> "Wishes":
    """Raises ArgumentError."""
    from imagetools.image_io.copying import Wishes

    if compressor not in {None, "gz", "zstd", "none"}:
        raise ArgumentError(f"--compressor takes gz, zstd or none, not '{compressor}'")
    if form not in {None, "oci", "docker"}:
        raise ArgumentError(f"--format takes oci or docker, not '{form}'")
    if whole and platform:
        raise ArgumentError("--all takes the images of all machines, --platform that of one: give one of them")
    machine = read_platform(platform) if platform else this_platform()
    return Wishes(machine, compressor, force, whole, form or "", picky=platform is not None)


def copy(
    source: Annotated[str, Argument(metavar="FROM", help=PLACES)],
    target: Annotated[
        str,
        Argument(
            metavar="TO",
            help="docker://NAME, docker-archive:FILE[:NAME], oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-daemon:NAME.",
        ),
    ],
    compressor: Compressor = None,
    platform: PlatformOption = None,
    form: Form = None,
    whole: Whole = False,
    force: Annotated[bool, Option("-f", "--force", help="Replace a file that exists.")] = False,
    insecure: Insecure = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Copy an image from one medium to another.

    Media are registries, docker archives, OCI layouts and the engine. The image stays the same one, with its ID; layers are
    compressed or not as the medium needs it. All digests are checked on the way. Prints the digest of the manifest (layouts,
    registries) or the image's ID. What is at FROM is recognised by its content.

    Example: imagetools image copy docker://debian:12 oci:layout:latest
    """
    from imagetools.app.image_copies import as_json as in_json
    from imagetools.app.image_copies import copy_with_progress
    from imagetools.image_io.places import Place

    wanted = wishes(compressor, platform, form, whole=whole, force=force)
    copied = copy_with_progress(Place.parse(source), Place.parse(target), wanted, insecure=insecure, quiet=quiet or as_json)
    echo(in_json(copied) if as_json else copied.digest)


DECLARED: Final = Command("copy", copy)
