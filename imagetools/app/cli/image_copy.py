"""``imagetools image copy``: carry an image from one medium to another."""

from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.arguments import ArgumentError
from imagetools.app.cli.declare import Argument, Command, Option, Options
from imagetools.app.cli.image_places import PLACES, Insecure, read_platform, this_platform
from imagetools.app.ui.terminal import echo

if TYPE_CHECKING:
    from imagetools.image_io.carrying import Copied
    from imagetools.image_io.copying import Wishes
    from imagetools.image_io.places import Place


class Copying(Options):
    """What is carried, and in which form it arrives."""

    compressor: Annotated[
        str | None,
        Option(
            "--compressor",
            metavar="KIND",
            help="Of the layers in a layout or a registry: gz, zstd or none"
            " (default: compressed ones stay as they are, others: gz).",
        ),
    ] = None
    platform: Annotated[
        str | None,
        Option("--platform", metavar="OS/ARCH", help="Which of several, such as linux/arm64 (default: this machine's)."),
    ] = None
    form: Annotated[
        str | None,
        Option(
            "--format", metavar="KIND", help="Of the manifests in a registry: oci or docker (default: as they are, else oci)."
        ),
    ] = None
    whole: Annotated[bool, Option("--all", help="All that an index has, for every machine.")] = False

    def wishes(self, *, force: bool = False) -> "Wishes":
        """``force``: also over a file that exists. Raises ArgumentError."""
        from imagetools.image_io.copying import Wishes

        if self.compressor not in {None, "gz", "zstd", "none"}:
            raise ArgumentError(f"--compressor takes gz, zstd or none, not '{self.compressor}'")
        if self.form not in {None, "oci", "docker"}:
            raise ArgumentError(f"--format takes oci or docker, not '{self.form}'")
        if self.whole and self.platform:
            raise ArgumentError("--all takes the images of all machines, --platform that of one: give one of them")
        machine = read_platform(self.platform) if self.platform else this_platform()
        return Wishes(machine, self.compressor, force, self.whole, self.form or "", picky=self.platform is not None)


class Reporting(Options):
    """What is trusted and what is told on the way."""

    insecure: Insecure = False
    as_json: Annotated[
        bool,
        Option("--json", help="Print JSON: digest, names, and what became of each blob in a registry."),
    ] = False
    quiet: Annotated[bool, Option("-q", "--quiet", help="Show no progress.")] = False

    def carry(self, source: "Place", target: "Place", wishes: "Wishes") -> "Copied":
        """Copy, with as much progress as is wanted."""
        from imagetools.app.image_copies import copy_with_progress

        return copy_with_progress(source, target, wishes, insecure=self.insecure, quiet=self.quiet or self.as_json)


def copy(
    source: Annotated[str, Argument(metavar="FROM", help=PLACES)],
    target: Annotated[
        str,
        Argument(
            metavar="TO",
            help="docker://NAME, docker-archive:FILE[:NAME], oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-daemon:NAME.",
        ),
    ],
    *,
    copying: Copying,
    force: Annotated[bool, Option("-f", "--force", help="Replace a file that exists.")] = False,
    reporting: Reporting,
) -> None:
    """Copy an image from one medium to another.

    Media are registries, docker archives, OCI layouts and the engine. The image stays the same one, with its ID; layers are
    compressed or not as the medium needs it. All digests are checked on the way. Prints the digest of the manifest (layouts,
    registries) or the image's ID. What is at FROM is recognised by its content.

    Example: imagetools image copy docker://debian:12 oci:layout:latest
    """
    from imagetools.app.image_copies import as_json
    from imagetools.image_io.places import Place

    wishes = copying.wishes(force=force)
    copied = reporting.carry(Place.parse(source), Place.parse(target), wishes)
    echo(as_json(copied) if reporting.as_json else copied.digest)


DECLARED: Final = Command("copy", copy)
