"""How an error looks: the sentence, for evaluation errors where and how it came to it, and what to do next."""

import sys

from imagetools.app.settings import Settings
from imagetools.app.ui.own_files import OwnFiles
from imagetools.app.ui.terminal import clean, has_colour, shown
from imagetools.kernel.errors import ImagetoolsError


def exit_code(error: ImagetoolsError) -> int:
    """What the process ends with: where an evaluation could not go on without a build, what that build says."""
    from imagetools.lang.runtime.errors import RealisationFailed

    return error.cause.exit_code if isinstance(error, RealisationFailed) else error.exit_code


def show_failure(error: ImagetoolsError, settings: Settings, *, show_trace: bool) -> None:
    """Write ``error`` to standard error.

    What builders wrote cannot touch the terminal; ``throw`` may colour its text, as in Nix, where there are colours.
    """
    from imagetools.lang.runtime.errors import EvalError, RealisationFailed
    from imagetools.lang.runtime.report import render
    from imagetools.lang.syntax.errors import ParseError

    if not isinstance(error, EvalError | ParseError) or isinstance(error, RealisationFailed):
        error.message = "\n".join(map(clean, error.message.split("\n")))
    colour = has_colour(sys.stderr, settings.environment)
    own = OwnFiles(settings.store_dir)
    text = shown(render(error, lambda path: _source(path, settings), show_trace, colour, own), colour=colour)
    sys.stdout.flush()
    sys.stderr.write(text.rstrip("\n") + "\n")


def _source(path: str, settings: Settings) -> bytes | None:
    """The text that a position speaks of; a logical store path is read where the store really is."""
    if path.startswith(settings.store_dir + "/"):
        path = settings.root + path
    try:
        with open(path.encode("latin-1"), "rb") as file:
            return file.read()
    except (OSError, ValueError):
        return None
