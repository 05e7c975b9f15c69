"""``imagetools image inspect``: what an image is made of, and why a store path is in it."""

from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.declare import Command, Option
from imagetools.app.cli.image_places import Image, Insecure, NoSuchImageError, read_platform, this_platform
from imagetools.app.ui.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagetools.image.descriptor import Platform
    from imagetools.image.inspection import Inspected
    from imagetools.image.why import Reason
    from imagetools.image_io.looking import Looked
    from imagetools.image_io.places import Place


def inspect(
    image: Image = "result",
    platform: Annotated[
        str | None,
        Option("--platform", metavar="OS/ARCH", help="One of an image for several machines, such as linux/arm64."),
    ] = None,
    why: Annotated[
        str | None,
        Option(
            "--why",
            metavar="STORE-PATH",
            help="Tell why a store path is in the image: what leads to it from the config or the image's root. Its name, its"
            " hash or a part of either will do.",
        ),
    ] = None,
    depth: Annotated[
        int, Option("--depth", min=0, max=3, help="How deep to show the folders of layers that are no store paths.")
    ] = 1,
    layers: Annotated[
        bool, Option("--layers", help="Look into the layers of an image in a registry, too, which fetches them.")
    ] = False,
    insecure: Insecure = False,
    as_json: Annotated[bool, Option("--json", help="Print JSON, with everything that is known.")] = False,
) -> None:
    """Tell what an image is made of.

    Names, digests, sizes, how containers start, annotations, and the layers with what is in each. Of an image for several
    machines: what is shared, and each machine's image.

    Example: imagetools image inspect result --why openssl
    """
    import json

    from imagetools.app.image_copies import surroundings
    from imagetools.app.settings import read_settings
    from imagetools.app.ui.image_view import index_view, medium, reason_view, view
    from imagetools.image.inspected_index import indexes_of
    from imagetools.image.inspection import inspect as look
    from imagetools.image_io.looking import look_at
    from imagetools.image_io.places import Place

    place = Place.parse(image)
    wanted = None if platform is None else read_platform(platform)
    known = surroundings(read_settings(), insecure=insecure)
    with look_at(place, known, layers=layers or why is not None) as looked:
        found = _chosen(image, place, look(looked.facts), wanted)
        kind = medium(looked.facts)
        if why is not None:
            reason, one = _reason(looked, found, why, wanted or this_platform())
            if as_json:
                echo(json.dumps(reason.document(), indent=2))
            else:
                echo(reason_view(reason, one), nl=False)
            return
    indexes = () if wanted is not None else indexes_of(found)
    if as_json:
        document = {
            "medium": kind,
            "indexes": [index.document() for index in indexes],
            "images": [item.document() for item in found],
        }
        echo(json.dumps(document, indent=2))
        return
    texts = [index_view(index, kind) for index in indexes] + [view(item, kind, depth) for item in found]
    echo("\n".join(texts), nl=False)


def _chosen(text: str, place: "Place", found: "Sequence[Inspected]", platform: "Platform | None") -> "tuple[Inspected, ...]":
    """What the place's name and ``--platform`` leave. Raises NoSuchImageError, WhichPlatformError."""
    wanted = place.name if place.path else None  # the engine and registries have given what was asked for
    if wanted is not None:
        named = [item for item in found if wanted in item.names or wanted in {name.rpartition(":")[2] for name in item.names}]
        if not named:
            raise NoSuchImageError(text, wanted, [name for item in found for name in item.names])
        found = named
    if platform is not None:
        found = _on(platform, found)
    return tuple(found)


def _on(platform: "Platform", found: "Sequence[Inspected]") -> "list[Inspected]":
    """Those that run on ``platform``; of two kinds of processor the one that was named. Raises WhichPlatformError."""
    from imagetools.image_io.image_source import WhichPlatformError

    fitting = [item for item in found if (item.platform.os, item.platform.architecture) == (platform.os, platform.architecture)]
    exact = [item for item in fitting if item.platform.variant == platform.variant]
    if not fitting or (platform.variant and not exact):
        raise WhichPlatformError(platform, [str(item.platform) for item in found])
    return exact or fitting


def _reason(looked: "Looked", found: "Sequence[Inspected]", wanted: str, platform: "Platform") -> "tuple[Reason, Inspected]":
    """Why ``wanted`` is in the image; of one for several machines that for ``platform`` is meant."""
    from imagetools.image.why import CONFIG, WhichPathError, base_name, find_path, in_config, why
    from imagetools.image_io.image_source import WhichImageError
    from imagetools.image_io.layer_references import layer_references

    if len(found) > 1:
        found = _on(platform, found)
    if not found:
        raise WhichPathError(wanted, ())
    if len(found) > 1:
        raise WhichImageError(None, [name for item in found for name in item.names])
    (image,) = found
    target = find_path(wanted, (path for layer in image.layers for path in layer.store_paths))
    names = {base_name(path)[:32]: base_name(path) for layer in image.layers for path in layer.store_paths}
    with looked.members() as members:
        references = layer_references(members, (layer.member for layer in image.layers), names)
    return why(base_name(target), {CONFIG: in_config(image.config, names), **references}), image


DECLARED: Final = Command("inspect", inspect)
