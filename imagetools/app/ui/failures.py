"""How an error looks: the sentence, for evaluation errors where and how it came to it, and what to do next."""

import sys
from collections.abc import Mapping

from imagetools.app.ui.terminal import has_colour
from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError


def show_failure(error: ImagetoolsError, environment: Mapping[str, str], *, show_trace: bool) -> None:
    """Write ``error`` to standard error."""
    colour = has_colour(sys.stderr, environment)
    from imagetools.lang.runtime import report
    from imagetools.lang.runtime.errors import EvalError
    from imagetools.lang.syntax.errors import ParseError

    if isinstance(error, EvalError | ParseError):
        text = display(report.render(error, show_trace=show_trace, colour=colour))
    else:
        head = "\x1b[31;1merror:\x1b[0m" if colour else "error:"
        text = f"{head} {display(error.message)}"
    if error.hint:
        text += f"\nhint: {display(error.hint)}"
    sys.stdout.flush()
    sys.stderr.write(text.rstrip("\n") + "\n")
