"""Listening to a program: every line once, whatever ends it, and what is captured stays apart."""

import pytest

from imagetools.app.listening import run_listening


def listened(script: str, *, capture: bool = False, given: bytes | None = None) -> tuple[int, bytes, list[str]]:
    lines: list[str] = []
    status, said = run_listening(["/bin/sh", "-c", script], lines.append, capture=capture, input=given)
    return status, said, lines


def test_both_outputs_line_by_line() -> None:
    assert listened("printf 'a\\nb\\r50%%\\r100%%\\nend'; echo err >&2") == (0, b"", ["a", "b", "50%", "100%", "enderr"])


def test_captured_output_stays_apart() -> None:
    assert listened("cat; echo err >&2; exit 3", capture=True, given=b"in\nput") == (3, b"in\nput", ["err"])


def test_more_than_a_pipe_holds() -> None:
    status, said, lines = listened("head -c 300000 /dev/zero; echo x >&2; seq 30000 >&2", capture=True)
    assert (status, len(said), len(lines)) == (0, 300000, 30001)


def test_no_such_program() -> None:
    with pytest.raises(FileNotFoundError):
        run_listening(["/no/such/program"], print)
