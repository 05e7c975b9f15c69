"""``fetchMercurial`` and ``fetchTree`` of type hg beside Nix 2.8 (rows 1.076, 5.134)."""

import functools
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.oracle.fetching import assert_same_values, ours, theirs
from tests.oracle.peers import need
from tests.oracle.sentences import sentence_of_2_8

pytestmark = pytest.mark.oracle

LOCAL = [
    "fetchMercurial PATH",
    "fetchMercurial (toString PATH)",
    'fetchMercurial "file://PATH"',
    'fetchMercurial { url = PATH; rev = "FIRST"; name = "first"; }',
    'fetchMercurial { url = PATH; rev = "side"; }',
    'fetchMercurial { url = PATH; rev = "v1"; }',
    'fetchTree { type = "hg"; url = "file://PATH"; }',
    'fetchTree { type = "hg"; url = "file://PATH"; rev = "FIRST"; }',
    'fetchTree "hg+file://PATH?ref=side"',
    "builtins.getContext (fetchMercurial PATH).outPath",
    "builtins.readDir (fetchMercurial PATH)",
]
REMOTE = [
    'fetchMercurial "URL"',
    'fetchMercurial { url = "URL"; rev = "side"; name = "x"; }',
    'fetchTree { type = "hg"; url = "URL"; rev = "FIRST"; }',
]
WRONG = [
    'fetchMercurial { url = PATH; rev = "nothing"; }',
    'fetchMercurial { url = PATH; ref = "x"; }',
    "fetchMercurial { }",
    "fetchMercurial [ ]",
    'fetchMercurial { url = PATH; rev = "a b"; }',
    'fetchMercurial { url = PATH; rev = "-x"; }',
    'fetchTree { type = "hg"; url = "file://PATH"; submodules = true; }',
    'fetchTree { type = "hg"; url = "file://PATH"; rev = "abc"; }',
    'fetchTree { type = "hg"; url = "file://PATH"; narHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; }',
]
SENTENCES_DIFFER = (WRONG[0],)


def hg(folder: Path, *words: str) -> str:
    environment = {**os.environ, "HGRCPATH": "", "HGPLAIN": "1"}
    done = subprocess.run(
        ["hg", "--config", "ui.username=A <a@example.org>", *words], cwd=folder, env=environment, capture_output=True, check=True
    )
    return done.stdout.decode()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("nix-instantiate", "hg")
    path = tmp_path_factory.mktemp("hg") / "repository"
    path.mkdir()
    hg(path, "init")
    (path / "a/b").mkdir(parents=True)
    (path / "a/b/run").write_text("#!/bin/sh\n")
    (path / "a/b/run").chmod(0o755)
    (path / "hello").write_text("old\n")
    (path / "link").symlink_to("../elsewhere")
    (path / ".hgignore").write_text("ignored\n")
    hg(path, "commit", "-q", "-A", "-m", "first", "-d", "1600000000 0")
    (path / "hello").write_text("new\n")
    hg(path, "commit", "-q", "-m", "second", "-d", "1600000060 0")
    hg(path, "tag", "v1", "-d", "1600000070 0")
    hg(path, "branch", "-q", "side")
    (path / "side").write_text("side\n")
    hg(path, "commit", "-q", "-A", "-m", "side", "-d", "1600000120 0")
    hg(path, "update", "-q", "default")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ours")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("theirs")


@contextmanager
def served(repository: Path) -> Iterator[str]:
    """``hg serve`` on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        ["hg", "serve", "-a", "127.0.0.1", "-p", str(port), "-R", str(repository)],
        env={**os.environ, "HGRCPATH": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


@functools.cache
def first_commit(repository: Path) -> str:
    return hg(repository, "log", "-r", "0", "--template", "{node}")


def filled(text: str, repository: Path, url: str = "") -> str:
    return text.replace("FIRST", first_commit(repository)).replace("PATH", str(repository)).replace("URL", url)


def test_a_folder(repository: Path, home: Path, root: Path) -> None:
    assert_same_values([filled(text, repository) for text in LOCAL], home, root)


def test_a_server(repository: Path, home: Path, root: Path) -> None:
    with served(repository) as url:
        assert_same_values([filled(text, repository, url) for text in REMOTE], home, root)


@pytest.mark.parametrize("text", WRONG)
def test_what_makes_no_sense(text: str, repository: Path, home: Path, root: Path) -> None:
    wanted = filled(text, repository)
    mine, real = ours(wanted, home), theirs(wanted, root)
    assert mine.code == real.code != 0
    if text not in SENTENCES_DIFFER:
        failure = mine.failure.replace(f"{home}/.local/share/imagetools", "").replace("hash algorithm", "hash type")
        assert sentence_of_2_8(failure) == real.failure.replace(str(root), "")


def test_a_work_tree_with_changes(repository: Path, home: Path, root: Path, tmp_path: Path) -> None:
    hg(tmp_path, "clone", "-q", str(repository), "tree")  # (on another branch 2.8 aborts)
    path = tmp_path / "tree"
    (path / "hello").write_text("changed\n")
    (path / "added").write_text("added\n")
    (path / "untracked").write_text("x\n")
    (path / "ignored").write_text("x\n")
    hg(path, "add", "added")
    hg(path, "remove", "a/b/run")
    texts = [f"fetchMercurial {path}", f'fetchTree {{ type = "hg"; url = "file://{path}"; }}']
    assert_same_values(texts, home, root)
    mine, real = ours(texts[0], home), theirs(texts[0], root)
    assert mine.warnings == real.warnings == (f"Mercurial tree '{path}' is unclean",)


@pytest.mark.parametrize("text", ["fetchMercurial PATH", 'fetchMercurial { url = PATH; rev = "FIRST"; }'])
def test_pure_evaluation(text: str, repository: Path, home: Path, root: Path) -> None:
    text = filled(text, repository)
    mine, real = ours(text, home, "--pure-eval"), theirs(text, root, "--pure-eval")
    assert (mine.code, mine.value, mine.failure) == (real.code, real.value, real.failure)
