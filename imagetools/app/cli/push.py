"""``imagetools push``: put an image into a registry."""

from typing import Annotated, Final

from imagetools.app.cli.declare import Argument, Command
from imagetools.app.cli.image_copy import AsJson, Compressor, Form, PlatformOption, Quiet, Whole, wishes
from imagetools.app.cli.image_places import Insecure
from imagetools.app.ui.terminal import echo


def push(
    name: Annotated[str, Argument(metavar="NAME", help="Where to: [HOST[:PORT]/]PATH[:TAG]; without a host it is Docker Hub.")],
    image: Annotated[
        str, Argument(metavar="[IMAGE]", help="What to push: a path, or a place as `imagetools image copy` takes it.")
    ] = "result",
    compressor: Compressor = None,
    platform: PlatformOption = None,
    form: Form = None,
    whole: Whole = False,
    insecure: Insecure = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Push an image to a registry.

    Layers go side by side; what the registry has is not sent, and what has been packed once is not packed again. The tag
    changes when everything is there. Prints the name with the digest. The logins are those of `docker login`.

    Example: imagetools push registry.example.org/team/web:1.0
    """
    from imagetools.app.image_copies import as_json as in_json
    from imagetools.app.image_copies import copy_with_progress
    from imagetools.image.remote_reference import RemoteReference
    from imagetools.image_io.places import REGISTRY, Place

    reference = RemoteReference.parse(name)
    target = Place(REGISTRY, "", str(reference), str(reference))
    copied = copy_with_progress(
        Place.parse(image), target, wishes(compressor, platform, form, whole=whole), insecure=insecure, quiet=quiet or as_json
    )
    echo(in_json(copied) if as_json else f"{reference.name}@{copied.digest}")


DECLARED: Final = Command("push", push)
