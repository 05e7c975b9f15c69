"""Downloads that do not fit on the store's disk (a small tmpfs): refused before the first byte where the length is known."""

import re
from pathlib import Path

import pytest

from tests.golden.bad_input.test_full_disk import said
from tests.unit.net.faults import raw
from tests.unit.net.server import running, status

BODY = bytes(20 << 20)
HINT = "make room on the file system of the store, or choose another store (--store)"


@pytest.mark.parametrize("known", [True, False])
def test_it_does_not_fit(tmp_path: Path, known: bool) -> None:
    with running() as server:
        server.script["/x"] = [status(200, BODY) if known else raw(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)]
        url = server.url("/x")
        expression = f'(import <nixpkgs> {{ }}).fetchurl {{ url = "{url}"; hash = ""; }}'
        code, error = said(tmp_path, 16384, "build", "-E", expression, "--store", "disk")
        assert len(server.seen) == 1
    assert code == 1
    what = f"its {len(BODY)} bytes do" if known else "it does"
    shown = re.sub(r"where \d+ bytes", "where N bytes", error)
    assert f"error: cannot download '{url}': {what} not fit on the disk, where N bytes are free\n" in shown
    assert f"hint: {HINT}\n" in shown
