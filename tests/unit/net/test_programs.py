"""Programs of the host: what they say, how they fail, and when they are not there."""

from pathlib import Path

import pytest

from imagetools.net.programs import Pipe, ProgramFailedError, ProgramMissingError, output, run

ENV = {"PATH": "/usr/bin:/bin"}


def test_what_a_program_says() -> None:
    assert output(["printf", "a b"], ENV) == b"a b"
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"], ENV)
    assert (done.status, done.output, done.lines) == (3, b"out\n", ("err",))


def test_nothing_is_asked() -> None:
    assert output(["cat"], ENV) == b""


def test_a_failure_tells_the_last_words_without_secrets() -> None:
    with pytest.raises(ProgramFailedError) as caught:
        output(["sh", "-c", "echo fatal: https://ann:s3cret@example.org/x >&2; exit 128"], ENV)
    assert caught.value.message == "program 'sh' failed with exit code 128:\n  fatal: https://***@example.org/x"
    assert caught.value.status == 128


def test_a_signal() -> None:
    with pytest.raises(ProgramFailedError, match="was killed by signal 9"):
        output(["sh", "-c", "kill -9 $$"], ENV)


@pytest.mark.parametrize(("program", "package"), [("git", "git"), ("hg", "mercurial"), ("other", "other")])
def test_a_missing_program_names_its_package(program: str, package: str, tmp_path: Path) -> None:
    with pytest.raises(ProgramMissingError) as caught:
        run([program, "version"], {"PATH": str(tmp_path)})
    assert caught.value.message == f"this needs the program '{program}', which is not installed"
    assert caught.value.hint == f"on Debian: apt install {package}"


def test_a_pipe_is_read_as_it_comes() -> None:
    with Pipe(["printf", "abc"], ENV) as pipe:
        assert pipe.read(2) == b"ab"
        assert pipe.read(2) == b"c"
        pipe.finish()
    with Pipe(["sh", "-c", "echo no >&2; exit 1"], ENV) as pipe, pytest.raises(ProgramFailedError, match="no"):
        pipe.finish()


def test_a_pipe_that_is_left_early_ends_its_program() -> None:
    with Pipe(["sh", "-c", "yes"], ENV) as pipe:
        assert pipe.read(2) == b"y\n"
