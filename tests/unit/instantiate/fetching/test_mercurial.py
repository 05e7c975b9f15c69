"""``fetchMercurial`` by way of its copies (beside Nix: tests/oracle/test_fetch_mercurial_builtin.py)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from imagetools.lang.runtime.errors import EvalError
from tests.oracle.peers import need
from tests.unit.instantiate.fetching.session import Session


def hg(folder: Path, *words: str) -> str:
    environment = {**os.environ, "HGRCPATH": "", "HGPLAIN": "1"}
    words = ("--config", "ui.username=A <a@example.org>", *words)
    return subprocess.run(["hg", *words], cwd=folder, env=environment, capture_output=True, check=True).stdout.decode()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    need("hg")
    path = tmp_path / "work"
    path.mkdir()
    hg(path, "init")
    (path / "a").write_text("one\n")
    hg(path, "commit", "-q", "-A", "-m", "one", "-d", "0 0")
    return path


def read(session: Session, repository: Path, more: str = "") -> str:
    return session.shown(f'builtins.readFile (fetchMercurial {{ url = {repository}; {more} }} + "/a")')


def test_when_the_remote_is_asked(repository: Path, tmp_path: Path) -> None:
    assert read(Session(tmp_path), repository) == r'"one\n"'
    (repository / "a").write_text("two\n")
    hg(repository, "commit", "-q", "-m", "two", "-d", "0 0")
    assert read(Session(tmp_path), repository) == r'"one\n"'
    assert read(Session(tmp_path, now=2_000_000), repository) == r'"two\n"'
    node = hg(repository, "log", "-r", "0", "--template", "{node}")
    shutil.move(repository, tmp_path / "moved")
    later = Session(tmp_path, now=3_000_000)
    assert read(later, repository) == r'"two\n"'
    assert [line.split(";")[0] for line in later.said] == [
        f"warning: could not update local clone of Mercurial repository '{repository}'"
    ]
    assert read(Session(tmp_path, ttl=0, store="another"), repository, f'rev = "{node}";') == r'"one\n"'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('fetchMercurial "/no/such/repository"', "cannot fetch from '/no/such/repository': there is no Mercurial repository"),
        ('fetchMercurial "static-http://h.invalid/x"', "hg has no transport 'static-http' here"),
        ('fetchMercurial "ssh://-oProxyCommand=x/y"', "its host begins with '-'"),
        ('fetchMercurial { url = "http://h.invalid/x"; rev = "--config=x"; }', "invalid Mercurial branch/tag name"),
    ],
)
def test_what_cannot_be_fetched(text: str, sentence: str, tmp_path: Path) -> None:
    need("hg")
    with pytest.raises(EvalError) as caught:
        Session(tmp_path).shown(text)
    assert sentence in caught.value.message


def test_hooks_and_configuration_of_the_person_do_not_run(repository: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".hgrc").write_text(f"[hooks]\npre-archive = touch {tmp_path}/ran\npre-status = touch {tmp_path}/ran\n")
    assert read(Session(tmp_path), repository) == r'"one\n"'
    assert not (tmp_path / "ran").exists()


def test_hg_is_not_there(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvalError, match="this needs the program 'hg', which is not installed"):
        read(Session(tmp_path, variables={"PATH": str(tmp_path / "empty")}), repository)
