"""``imagetools appimage``: what can be done with AppImages."""

from typing import Final

from imagetools.app.cli import appimage_inspect, appimage_run
from imagetools.app.cli.declare import Group

DECLARED: Final = Group(
    "appimage",
    "Look into AppImages, and run them.",
    appimage_inspect.DECLARED,
    appimage_run.DECLARED,
)
