"""Rejections: what we reject, ``nix-instantiate --parse`` rejects too, at the same place; and what it says of globals."""

import os
import re
import subprocess

import pytest

from imagetools.lang.syntax.errors import ParseError
from imagetools.lang.syntax.parser import parse_file
from tests.golden.parse_errors.test_parse_errors import GLOBALS, REJECTED
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

# Nix 2.8 reads a string up to its first null byte; later versions refuse it, as we do.
ACCEPTED_BY_2_8 = {"null byte in a string"}
# Where Nix 2.8 points elsewhere: at the first of several inherited names; later versions point where we do.
# It reads ``<|`` as two tokens, and a backslash before the end of the file as text.
ELSEWHERE_IN_2_8 = {"inherited twice", "undefined variable in inherit", "pipe backwards", "string ends in a backslash"}


def rejection(source: bytes) -> tuple[str, tuple[int, int]] | None:
    """The first line of Nix's message, and its position; None where it accepts the source."""
    environment = {**os.environ, "NIX_REMOTE": "dummy://", "NIX_PATH": ""}
    command = ["nix-instantiate", "--parse", "-"]
    result = subprocess.run(command, input=source, capture_output=True, env=environment, check=False)
    if result.returncode == 0:
        return None
    text = result.stderr.decode("utf-8", "replace")
    found = re.search(r"error: (.*)\n\s+at \S+?:(\d+):(\d+)", text)
    assert found is not None, text
    return found[1], (int(found[2]), int(found[3]))


@pytest.mark.parametrize("name", list(REJECTED))
def test_rejected_at_the_same_place(name: str) -> None:
    need("nix-instantiate")
    source = REJECTED[name]
    theirs = rejection(source)
    if theirs is None:
        assert name in ACCEPTED_BY_2_8
        return
    with pytest.raises(ParseError) as caught:
        parse_file(source, "f", GLOBALS)
    if "end of file" not in theirs[0].partition(",")[2].partition(",")[0] and name not in ELSEWHERE_IN_2_8:
        assert (caught.value.line, caught.value.column) == theirs[1]
    if not theirs[0].startswith("syntax error") and not theirs[0].startswith("attribute"):
        assert caught.value.problem == theirs[0]
