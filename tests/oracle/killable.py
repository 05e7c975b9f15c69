"""Starts builds and kills them: ``python -c`` code that has everything imported, and forks once a line of its input.

A line ``SECONDS WORDS...`` (JSON) runs ``imagetools WORDS`` in a child that gets SIGKILL after that many seconds, or is waited
for where they are null. The answer is a line with the exit code (-9 where it was killed) and the seconds that it took.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.golden.bad_input.command import ROOT, host_programs
from tests.servers.command_server import import_all

PROCESS = "import sys; sys.path.append({!r}); from tests.oracle.killable import serve; serve()"


class Killable:
    """The other process, as the test speaks to it."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROCESS.format(str(ROOT))],
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "NIX_PATH": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._process.communicate(timeout=60)

    def run(self, seconds: float | None, *words: str) -> tuple[int, float]:
        """Exit code and how long it took."""
        self.start(seconds, *words)
        return self.finish()

    def start(self, seconds: float | None, *words: str) -> None:
        """Let it go on by itself."""
        assert self._process.stdin is not None
        print(json.dumps([seconds, *words]), file=self._process.stdin, flush=True)

    def finish(self) -> tuple[int, float]:
        """Exit code of what was started, and how long it took."""
        assert self._process.stdout is not None
        code, took = json.loads(self._process.stdout.readline())
        return code, took


def serve() -> None:
    """Until the input ends."""
    import_all()
    for line in sys.stdin:
        seconds, *words = json.loads(line)
        start = time.monotonic()
        child = os.fork()
        if child == 0:
            _build(words)
        handle = os.pidfd_open(child)
        if not select.select([handle], [], [], seconds)[0]:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(handle)
        print(json.dumps([code, time.monotonic() - start]), flush=True)


def _build(words: list[str]) -> None:
    """The child: says what it says into a file ``said``, and leaves."""
    from imagetools.app.cli.main import leave, main

    said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(said, 1)
    os.dup2(said, 2)
    with host_programs():
        leave(main(words))
