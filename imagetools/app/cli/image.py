"""``imagetools image``: look into images, check them, carry them from one medium to another."""

from typing import Final

from imagetools.app.cli import image_copy, image_inspect, image_validate
from imagetools.app.cli.declare import Group

DECLARED: Final = Group(
    "image",
    "Look into images, check them, copy them.",
    image_inspect.DECLARED,
    image_validate.DECLARED,
    image_copy.DECLARED,
)
