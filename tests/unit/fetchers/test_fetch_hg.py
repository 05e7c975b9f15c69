"""builtin:fetchhg beside nixpkgs' steps (``hg clone`` and ``hg archive``), against ``hg serve`` and from files."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from imagetools.bundled.fetchers.fetchhg.fetch_hg import FetchHg, HgError, HgUrlError, check_url, configuration
from imagetools.bundled.fetchers.login import Login, login_for
from imagetools.net.http import HttpTransport
from imagetools.store.fs_nar import nar_hash
from tests.oracle.peers import need
from tests.unit.fetchers.context import SmallContext

GOLDEN = {  # made by nixpkgs' steps: hg clone, hg archive, rm .hg_archival.txt
    "": "sha256-i0D3jc+hutW+vPkpdfpxQiXY7wUq4KeJu3iRyn2ByPs=",
    "v1": "sha256-VZi8SpuP7CSvSUIJMVOFTjqaoxRYtLmBUkgSTf0gtxk=",
    "with subrepository": "sha256-mRm/Nb4ZtGGTZvbKmWftuyuOsHLnnveZ+ka22ETNVgA=",
}


@dataclass(frozen=True)
class World:
    served: Path
    url: str
    first: str


def hg(cwd: Path, *words: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HGRCPATH": "",
        "HGPLAIN": "1",
        "HGUSER": "somebody",
        "LC_ALL": "C",
        "HOME": "/nonexistent",
    }
    done = subprocess.run(["hg", *words], cwd=cwd, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """``hg serve`` over all repositories of a folder."""
    collection = folder / "collection"
    collection.write_text("".join(f"[paths]\n/{path.name} = {path}\n" for path in sorted(folder.iterdir()) if path.is_dir()))
    environment = {"PATH": os.environ["PATH"], "HGRCPATH": "", "HGPLAIN": "1", "HOME": "/nonexistent", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        ["hg", "serve", "--address", "127.0.0.1", "--port", "0", "--print-url", "--web-conf", str(collection)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        found = re.search(r":(\d+)/", process.stdout.readline().decode())
        assert found
        yield f"http://127.0.0.1:{found.group(1)}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    need("hg")
    folder = tmp_path_factory.mktemp("hg")
    sub, main = folder / "sub", folder / "main"
    for path in (sub, main):
        path.mkdir()
        hg(path, "init")
    (sub / "sub.txt").write_text("sub\n")
    hg(sub, "commit", "-q", "-A", "-m", "sub", "-d", "0 0")
    (main / "README").write_text("one\n")
    (main / "run").write_text("#!/bin/sh\n")
    (main / "run").chmod(0o755)
    os.symlink("README", main / "link")
    (main / "dir").mkdir()
    (main / "dir/file").write_text("x\n")
    hg(main, "commit", "-q", "-A", "-m", "one", "-d", "0 0")
    first = hg(main, "id", "-i").strip()
    hg(main, "tag", "-d", "1 0", "v1")
    (main / "README").write_text("two\n")
    (main / ".hgsub").write_text("nested = ../sub\n")
    hg(main, "clone", "-q", "../sub", "nested")
    hg(main, "add", ".hgsub")
    hg(main, "commit", "-q", "-m", "two", "-d", "2 0")
    with serve(folder) as url:
        yield World(folder, url, first)


def fetch(folder: Path, env: Mapping[str, str]) -> SmallContext:
    folder.mkdir(exist_ok=True)
    ctx = SmallContext.below(folder, "fetchhg", env, HttpTransport())
    FetchHg().build(ctx)
    return ctx


def by_hand(folder: Path, url: str, rev: str, subrepos: bool) -> str:
    """What nixpkgs' builder does."""
    hg(folder, "clone", "--insecure", url, "hg-clone")
    out = folder / "theirs"
    hg(folder, "archive", "-qS" if subrepos else "-q", "-y", *(("-r", rev) if rev else ()), "--cwd", "hg-clone", str(out))
    (out / ".hg_archival.txt").unlink(missing_ok=True)
    return nar_hash(str(out))[0].sri()


@pytest.mark.parametrize(("name", "rev", "subrepos"), [("", "", False), ("v1", "v1", False), ("with subrepository", "tip", True)])
def test_the_same_hash(name: str, rev: str, subrepos: bool, world: World, tmp_path: Path) -> None:
    url = f"{world.url}/main"
    fetch(tmp_path / "ours", {"url": url, "rev": rev, "fetchSubrepos": "1" if subrepos else ""})
    ours = nar_hash(str(tmp_path / "ours/out"))[0].sri()
    assert ours == by_hand(tmp_path, url, rev, subrepos)
    assert ours == GOLDEN[name]


def test_a_commit_of_this_machine(world: World, tmp_path: Path) -> None:
    env = {"url": f"file://{world.served}/main", "rev": world.first}
    assert FetchHg().host_files(env) == (f"{world.served}/main",)
    assert FetchHg().host_files({"url": "/etc"}) == FetchHg().host_files({"url": "https://h/x"}) == ()
    fetch(tmp_path, env)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["README", "dir", "link", "run"]
    assert (tmp_path / "out/README").read_text() == "one\n"
    assert (tmp_path / "out/run").stat().st_mode & 0o100


def test_failures(world: World, tmp_path: Path) -> None:
    cases = {
        f"{world.url}/main": ("none", "it has no revision 'none' (hg: unknown revision 'none')"),
        f"{world.url}/absent": ("", "there is no Mercurial repository (hg: HTTP Error 404: "),
        "http://127.0.0.1:9/x": ("", "the host does not answer there (hg: error: Connection refused)"),
        str(tmp_path): ("", f"there is no Mercurial repository (hg: repository {tmp_path} not found)"),
    }
    for number, (url, (rev, reason)) in enumerate(cases.items()):
        with pytest.raises(HgError) as caught:
            fetch(tmp_path / str(number), {"url": url, "rev": rev})
        assert caught.value.message.startswith(f"cannot fetch from '{url}': {reason}")
    with pytest.raises(HgError) as caught:
        fetch(tmp_path / "secret", {"url": "http://me:s3cret@127.0.0.1:9/x"})
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("url", ["-x", "--config=hooks.pre-clone=id", "bundle:/x", "ext::sh", "relative", "http://h/\n"])
def test_urls_that_hg_is_not_given(url: str) -> None:
    with pytest.raises(HgUrlError):
        check_url(url)


def test_logins() -> None:
    assert login_for("https://me:a%40b@h:8/x", "") == ("https://h:8/x", Login("me", "a@b"))
    assert login_for("https://h/x", "machine h login me password p") == ("https://h/x", Login("me", "p"))
    assert login_for("https://h/x", "machine other login me password p") == ("https://h/x", None)
    assert login_for("https://h/x", "nonsense") == ("https://h/x", None)
    assert login_for("/a/path", "default login me password p") == ("/a/path", None)
    text = configuration("https://h:8/x", Login("me", "p"), "/ca.crt")
    assert "it.prefix = h:8\nit.username = me\nit.password = p\n" in text
    assert "cacerts = /ca.crt" in text
