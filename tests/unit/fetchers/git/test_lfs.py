"""Git LFS: pointers stay as they are unless asked for; then git's filter is git-lfs (here a small one of the same protocol)."""

import os
from pathlib import Path

import pytest

from imagetools.bundled.fetchers import host_program
from imagetools.bundled.fetchers.fetchgit import git_program
from tests.oracle.peers import need
from tests.unit.fetchers.git.fetching import fetch
from tests.unit.fetchers.git.repositories import Folder

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 6\n"
PROGRAM = '''#!/usr/bin/python3
"""git-lfs filter-process that knows one file."""
import sys
receive, send = sys.stdin.buffer, sys.stdout.buffer
assert sys.argv[1:] == ["filter-process"]

def packets():
    found = []
    while (size := int(receive.read(4) or b"0", 16)):
        found.append(receive.read(size - 4))
    return found

def answer(*lines):
    for line in lines:
        send.write(b"%04x" % (len(line) + 4) + line)
    send.write(b"0000")
    send.flush()

packets()
answer(b"git-filter-server\\n", b"version=2\\n")
packets()
answer(b"capability=smudge\\n")
while head := packets():
    assert head[0] == b"command=smudge\\n"
    assert b"git-lfs.github.com" in b"".join(packets())
    answer(b"status=success\\n")
    answer(b"large\\n")
    answer()
'''


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    need("git")
    folder = Folder.new(tmp_path / "work")
    folder.commit(
        "large", {"x.big": POINTER, "small": b"small\n", ".gitattributes": b"*.big filter=lfs diff=lfs merge=lfs -text\n"}
    )
    return folder.publish(tmp_path / "lfs.git")


def test_pointers_stay(repository: Path, tmp_path: Path) -> None:
    fetch(tmp_path, {"url": str(repository), "rev": "HEAD"})
    assert (tmp_path / "out/x.big").read_bytes() == POINTER


@pytest.mark.parametrize("kept", ["", "1"], ids=["tree", "history"])
def test_pointers_become_files(kept: str, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git-lfs").write_text(PROGRAM)
    (programs / "git-lfs").chmod(0o755)
    path = f"{programs}{os.pathsep}{host_program.SEARCH_PATH}"
    monkeypatch.setattr(git_program, "SEARCH_PATH", path)
    monkeypatch.setattr(host_program.need_program, "__defaults__", (path,))
    fetch(tmp_path, {"url": str(repository), "rev": "HEAD", "fetchLFS": "1", "leaveDotGit": kept})
    assert (tmp_path / "out/x.big").read_bytes() == b"large\n"
    assert (tmp_path / "out/small").read_bytes() == b"small\n"
