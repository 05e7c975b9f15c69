"""``imagetools image validate``: everything that is wrong with an image."""

import sys
from typing import Annotated, Final

from imagetools.app.cli.declare import Command, Option
from imagetools.app.cli.image_places import Image, Insecure
from imagetools.app.ui.terminal import echo
from imagetools.kernel.errors import ImagetoolsError


class InvalidImageError(ImagetoolsError):
    """An image has ``count`` faults; they have been told."""

    def __init__(self, image: str, count: int) -> None:
        super().__init__(f"'{image}' is not valid: {count} {'fault' if count == 1 else 'faults'}")
        self.image = image
        self.count = count


def validate(
    image: Image = "result",
    as_json: Annotated[bool, Option("--json", help="Print JSON: whether it is valid, and all that was found.")] = False,
    insecure: Insecure = False,
) -> None:
    """Check that an image is whole and true; tell everything that is wrong.

    Digests, sizes, diff IDs, missing blobs, media types, wrong configs, unsafe members of layers; of an image for several
    machines each one's. The exit code is 1 where something is wrong; what only somebody may stumble over is a warning.

    Example: imagetools image validate oci:layout
    """
    import json

    from imagetools.app.image_copies import surroundings
    from imagetools.app.settings import read_settings
    from imagetools.app.ui.terminal import clean
    from imagetools.image.validate import validate as check
    from imagetools.image_io.looking import look_at
    from imagetools.image_io.places import Place

    with look_at(Place.parse(image), surroundings(read_settings(), insecure=insecure)) as looked:
        failures = check(looked.facts)
    count = sum(failure.serious for failure in failures)
    if as_json:
        found = [{"where": item.where, "what": item.what, "serious": item.serious} for item in failures]
        echo(json.dumps({"valid": not count, "failures": found}, indent=2))
    else:
        for failure in failures:
            print(clean(f"{'' if failure.serious else 'warning: '}{failure}"), file=sys.stderr)  # noqa: T201
    if count:
        raise InvalidImageError(image, count)


DECLARED: Final = Command("validate", validate)
