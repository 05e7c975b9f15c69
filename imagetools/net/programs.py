"""Programs of the host, run for what they say: git and hg while evaluating.

The environment is handed in whole. A missing program is one clear error; a failing one tells its last words, secrets of URLs
taken out. Refuses to know what the programs mean.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from imagetools.kernel.errors import ImagetoolsError
from imagetools.net.redact import redact_text

LINES_SHOWN: Final = 8
_PACKAGES: Final = {"git": "git", "hg": "mercurial", "ssh": "openssh-client"}


class ProgramMissingError(ImagetoolsError):
    """A program that fetching needs is not on the PATH."""

    fault: ClassVar[str] = "host"

    def __init__(self, program: str) -> None:
        package = _PACKAGES.get(program, program)
        super().__init__(f"this needs the program '{program}', which is not installed", f"on Debian: apt install {package}")
        self.program = program


class ProgramFailedError(ImagetoolsError):
    """A program ended with an error; ``lines`` is what it said on standard error (secrets taken out)."""

    fault: ClassVar[str] = "host"

    def __init__(self, program: str, status: int, lines: Sequence[str]) -> None:
        how = f"failed with exit code {status}" if status >= 0 else f"was killed by signal {-status}"
        said = "".join(f"\n  {line}" for line in lines[-LINES_SHOWN:])
        super().__init__(f"program '{program}' {how}" + (":" + said if said else ""))
        self.program = program
        self.status = status
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class Done:
    """``output`` is standard output, ``lines`` standard error (secrets taken out)."""

    status: int
    output: bytes
    lines: tuple[str, ...]


def find(program: str, env: Mapping[str, str]) -> str:
    """The file of a program on the PATH of ``env``. Raises ProgramMissingError."""
    found = shutil.which(program, path=env.get("PATH", os.defpath))
    if found is None:
        raise ProgramMissingError(program)
    return found


def run(argv: Sequence[str | bytes], env: Mapping[str, str]) -> Done:
    """Run a program to its end, with nothing on standard input. Raises ProgramMissingError."""
    program = os.fsdecode(argv[0])
    done = subprocess.run(
        [find(program, env), *argv[1:]], env=dict(env), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return Done(done.returncode, done.stdout, _lines(done.stderr))


def output(argv: Sequence[str | bytes], env: Mapping[str, str]) -> bytes:
    """What a program prints. Raises ProgramFailedError, ProgramMissingError."""
    done = run(argv, env)
    if done.status:
        raise ProgramFailedError(os.fsdecode(argv[0]), done.status, done.lines)
    return done.output


class Pipe:
    """A program whose output is read as it comes; a context manager that ends it. Raises ProgramMissingError."""

    def __init__(self, argv: Sequence[str | bytes], env: Mapping[str, str]) -> None:
        self._name = os.fsdecode(argv[0])
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (closed by __exit__)
        self._process = subprocess.Popen(
            [find(self._name, env), *argv[1:]],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; nothing only at the end."""
        return self._output.read(size)

    def finish(self) -> None:
        """Wait for its end. Raises ProgramFailedError."""
        while self._output.read(1 << 16):
            pass
        status = self._process.wait()
        if status:
            self._said.seek(0)
            raise ProgramFailedError(self._name, status, _lines(self._said.read()))

    def __enter__(self) -> "Pipe":
        return self

    def __exit__(self, *_: object) -> None:
        self._output.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._said.close()


def _lines(text: bytes) -> tuple[str, ...]:
    shown = redact_text(text.decode("utf-8", "backslashreplace"))
    return tuple(line.rstrip() for line in shown.replace("\r", "\n").split("\n") if line.strip())
