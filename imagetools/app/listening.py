"""A program whose words are listened to while it runs: what builtin builders see of the programs they start.

Refuses to interpret them, and to hold more of them than one line.
"""

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence

_PIECE = 1 << 16


def run_listening(
    argv: Sequence[str],
    listen: Callable[[str], object],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    input: bytes | None = None,
    capture: bool = False,
) -> tuple[int, bytes]:
    """Run ``argv`` to its end; its exit code and, where ``capture`` is set, its standard output.

    ``listen`` gets every line of standard error (and of standard output where that is not captured) as text without its end;
    a carriage return ends a line too. Raises OSError where there is no such program.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as taken:
        if input is not None:
            given.write(input)
            given.seek(0)
        process = subprocess.Popen(
            list(argv),
            env=None if env is None else dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL if input is None else given,
            stdout=taken if capture else subprocess.PIPE,
            stderr=subprocess.PIPE if capture else subprocess.STDOUT,
            bufsize=0,
        )
        with process:
            pipe = process.stderr if capture else process.stdout
            assert pipe is not None
            rest = b""
            while piece := pipe.read(_PIECE):
                *lines, rest = (rest + piece).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
                for line in lines:
                    listen(line.decode("utf-8", "replace"))
            if rest:
                listen(rest.decode("utf-8", "replace"))
        taken.seek(0)
        return process.returncode, taken.read()
