"""``imagetools push``: put an image into a registry."""

from typing import Annotated, Final

from imagetools.app.cli.declare import Argument, Command
from imagetools.app.cli.image_copy import Copying, Reporting
from imagetools.app.ui.terminal import echo


def push(
    name: Annotated[str, Argument(metavar="NAME", help="Where to: [HOST[:PORT]/]PATH[:TAG]; without a host it is Docker Hub.")],
    image: Annotated[
        str, Argument(metavar="[IMAGE]", help="What to push: a path, or a place as `imagetools image copy` takes it.")
    ] = "result",
    *,
    copying: Copying,
    reporting: Reporting,
) -> None:
    """Push an image to a registry.

    Layers go side by side; what the registry has is not sent, and what has been packed once is not packed again. The tag
    changes when everything is there. Prints the name with the digest. The logins are those of `docker login`.

    Example: imagetools push registry.example.org/team/web:1.0
    """
    from imagetools.app.image_copies import as_json
    from imagetools.image.remote_reference import RemoteReference
    from imagetools.image_io.places import REGISTRY, Place

    reference = RemoteReference.parse(name)
    target = Place(REGISTRY, "", str(reference), str(reference))
    copied = reporting.carry(Place.parse(image), target, copying.wishes())
    echo(as_json(copied) if reporting.as_json else f"{reference.name}@{copied.digest}")


DECLARED: Final = Command("push", push)
