"""Standard output that is closed or full: a sentence and an exit code, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def shell(words: str) -> "subprocess.CompletedProcess[str]":
    """Run ``imagetools`` with a redirection of the shell's."""
    argv = ["/bin/sh", "-c", f'"$0" -m imagetools {words}', sys.executable]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", ["eval -E '1 + 1'", "--version", "eval --help"])
def test_a_full_output(words: str) -> None:
    done = shell(f"{words} > /dev/full")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("No space left on device\n")


@pytest.mark.parametrize("words", ["eval -E '1 + 1'", "--version"])
def test_closed_files(words: str) -> None:
    done = shell(f"{words} <&- >&- 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_error_that_nobody_can_read() -> None:
    assert shell("eval -E 'throw \"x\"' 2>&-").returncode == 1


def test_input_that_is_closed() -> None:
    done = shell("eval - <&-")
    assert (done.returncode, "syntax error, unexpected end of file" in done.stderr) == (1, True)
