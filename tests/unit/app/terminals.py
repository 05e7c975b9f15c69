"""A program on a real pseudo-terminal, as a person would use it."""

import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

DEADLINE: Final = 20.0
_CONTROL: Final = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_WHERE_IS_THE_CURSOR: Final = b"\x1b[6n"


def imagetools(home: Path, *words: str) -> "Terminal":
    """``imagetools WORDS``, with its store and caches below ``home``."""
    return Terminal(home, [sys.executable, "-m", "imagetools", *words])


class Terminal:
    """A program in the folder ``home``, which is its HOME too. ``seen`` is all that it wrote since the last ``until``."""

    def __init__(self, home: Path, argv: Sequence[str]) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
            environment = {**kept, "HOME": str(home), "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
            os.execvpe(argv[0], list(argv), environment)
        self.raw = b""
        self.taken = 0

    def until(self, text: str) -> str:
        """Read until ``text`` has come; all up to its end, without control sequences. Fails after a while."""
        end = time.monotonic() + DEADLINE
        while text not in self.seen:
            assert time.monotonic() < end, f"{text!r} did not come, but {self.seen!r}"
            if not self._read():
                raise AssertionError(f"it has ended without {text!r}: {self.seen!r}")
        seen = self.seen
        end_of_text = seen.index(text) + len(text)
        self.taken += end_of_text
        return seen[:end_of_text]

    @property
    def seen(self) -> str:
        return _CONTROL.sub(b"", self.raw).decode("utf-8", "replace")[self.taken :]

    def send(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.fd], [], [], DEADLINE)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        if _WHERE_IS_THE_CURSOR in data:
            os.write(self.fd, b"\x1b[1;1R")
        self.raw += data
        return bool(data)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
