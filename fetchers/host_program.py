"""Programs of the host that a fetcher runs: whether they are there, and what they say on the way into the build's log.

Refuses to know which programs: each fetcher has its own commands, environment and words for failures.
"""

import os
import shutil
from collections import deque
from typing import Final

from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.net.redact import redact, redact_text

SEARCH_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_REMEMBERED: Final = 60


class NoProgramError(BuiltinError):
    """The host lacks a program; ``package`` is the Debian package that holds it."""

    fault = "host"

    def __init__(self, program: str, package: str) -> None:
        super().__init__(f"this machine has no program '{program}'", f"sudo apt-get install {package}")
        self.program = program
        self.package = package


def need_program(program: str, package: str, path: str = SEARCH_PATH) -> str:
    """Its full path. Raises NoProgramError."""
    found = shutil.which(program, path=path)
    if found is None:
        raise NoProgramError(program, package)
    return found


class Words:
    """A program's words on their way to the log, the secrets of ``url`` taken out; ``last`` holds the last lines."""

    def __init__(self, ctx: BuiltinContext, url: str) -> None:
        self._ctx = ctx
        self._url = url
        self.last: deque[str] = deque(maxlen=_REMEMBERED)

    def take(self, line: str) -> None:
        """One line, without its end."""
        line = redact_text(line.rstrip().replace(self._url, redact(self._url)))
        if line and self.wanted(line):
            self._ctx.log(line)

    def wanted(self, line: str) -> bool:
        """Whether to show a line; what does not count as a word is not remembered either."""
        self.last.append(line)
        return True


def write_private(path: str, text: str) -> None:
    """A new file for nobody else."""
    with open(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", errors="surrogateescape"
    ) as file:
        file.write(text)
