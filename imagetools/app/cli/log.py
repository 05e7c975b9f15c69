"""``imagetools log``: what a build has printed."""

import sys
from typing import Annotated, Final

from imagetools.app.cli.arguments import Store
from imagetools.app.cli.declare import Argument, Command
from imagetools.kernel.errors import ImagetoolsError


class NoLogError(ImagetoolsError):
    """No log of this path is kept."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"build log of '{path}' is not available", hint="a path that was added rather than built here has no log"
        )
        self.path = path


def log(
    path: Annotated[str, Argument(metavar="PATH", help="A derivation, one of its outputs, or a result link.")],
    store: Store = None,
) -> None:
    """Print the log of a build.

    That is all that the builder wrote to standard output and standard error.

    PATH may be a derivation (/nix/store/...-hello.drv), an output in its logical or physical spelling, or a result link.
    """
    from imagetools.app.compose import open_store
    from imagetools.app.paths import store_path_of
    from imagetools.app.settings import read_settings

    opened = open_store(read_settings().changed(store=store))
    data = opened.read_log(store_path_of(opened, path))
    if data is None:
        raise NoLogError(path)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


DECLARED: Final = Command("log", log)
