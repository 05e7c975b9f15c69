"""The console script: commands, the way errors are shown, and how the process ends.

``--version`` is answered before anything is imported that is not needed for it. Commands run in a thread with a big stack, with
the cyclic garbage collector off, and the process leaves by ``os._exit`` after flushing: freeing millions of values one by one
would cost more than a third of a second (DESIGN section 5).
"""

import sys
from typing import Final, NoReturn

_HELP: Final = """Build container images and software artifacts from definitions in the Nix language.

No Nix, no Docker, no root, no VM, no daemon: the same values, derivations and store paths that Nix computes."""


def entry_point() -> NoReturn:
    """What the console script calls; never returns."""
    leave(main(sys.argv[1:]))


def leave(code: int) -> NoReturn:
    """End the process at once, with everything written out."""
    import os

    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 1
    os._exit(code)


def main(argv: list[str]) -> int:
    """Run one command line; returns the exit code."""
    if argv == ["--version"]:
        from imagetools.app.version import version_text

        print(version_text())  # noqa: T201
        return 0
    import gc

    gc.disable()
    from imagetools.app.cli.run import run

    return run(argv, _HELP)
