"""The console script: commands, the way errors are shown, and how the process ends.

``--version`` is answered before anything is imported that is not needed for it. Commands run in a thread with a big stack, with
the cyclic garbage collector off, and the process leaves by ``os._exit`` after flushing: freeing millions of values one by one
would cost more than a third of a second (DESIGN section 5).
"""

import os
import sys
from typing import Final, Literal, NoReturn, TextIO

_HELP: Final = """Build container images and software artifacts from definitions in the Nix language.

No Nix, no Docker, no root, no VM, no daemon: the same values, derivations and store paths that Nix computes."""


def entry_point() -> NoReturn:
    """What the console script calls; never returns."""
    _open_standard_files()
    os.umask(safe_umask(os.umask(0o022)))
    leave(main(sys.argv[1:]))


def safe_umask(umask: int) -> int:
    """A umask that keeps its secrecy, but lets the owner in and nobody else write: a store that others may write is nobody's."""
    return umask & 0o077 | 0o022


def _open_standard_files() -> None:
    """Where standard input, output or error is closed, ``/dev/null`` takes its place: no other file may get its number."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    sys.stdin, sys.stdout, sys.stderr = (_usable(sys.stdin, 0, "r"), _usable(sys.stdout, 1, "w"), _usable(sys.stderr, 2, "w"))


def _usable(stream: TextIO | None, number: int, mode: Literal["r", "w"]) -> TextIO:
    return open(number, mode, closefd=False) if stream is None else stream


def leave(code: int) -> NoReturn:
    """End the process at once, with everything written out."""
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

        try:
            print(version_text(), flush=True)  # noqa: T201
        except OSError as error:
            print(f"error: writing to standard output: {error.strerror}", file=sys.stderr)  # noqa: T201
            return 1
        return 0
    import gc

    gc.disable()
    from imagetools.app.cli.run import run

    return run(argv, _HELP)
