"""builtin:fetchsvn beside nixpkgs' step (``svn export``), against ``svnserve`` and from files."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from imagetools.bundled.fetchers.fetchsvn.fetch_svn import FetchSvn, SvnError, SvnRequestError, check, servers
from imagetools.net.http import HttpTransport
from imagetools.store.fs_nar import nar_hash
from tests.oracle.peers import need
from tests.unit.fetchers.context import SmallContext

GOLDEN = {  # made by nixpkgs' step: svn export
    "all": "sha256-JoAso2OyXKCJ+nKTxQvCBsxEoo6OK4uEVClb1/64Z3M=",
    "keywords": "sha256-hy6yUGSkEGqy49FJMfJ1J8Zg7Z3dUbHTecYM1iZoiL0=",
    "externals": "sha256-ji5jK6hi35uRpLr7c6/UNx42YKSSQp/926dMrq7rNvU=",
    "2": "sha256-IZgZlvdTMY0Xz4PEvW4WU6XRnxucrDr++0QSK3xHU38=",
}


@dataclass(frozen=True)
class World:
    repository: Path
    url: str


def svn(*words: str, program: str = "svn") -> str:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    done = subprocess.run([program, *words], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [
        "svnserve",
        "--daemon",
        "--foreground",
        "--listen-host",
        "127.0.0.1",
        "--listen-port",
        str(port),
        "--root",
        str(folder),
    ]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.01)
        yield f"svn://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    need("svn", "svnserve", "svnadmin")
    folder = tmp_path_factory.mktemp("svn")
    repository, work = folder / "repo", folder / "work"
    svn("create", str(repository), program="svnadmin")
    url = f"file://{repository}"
    svn("mkdir", "-q", "-m", "folders", "--parents", f"{url}/trunk", f"{url}/other", f"{url}/tags")
    svn("checkout", "-q", url, str(work))
    (work / "other/external.txt").write_text("outside\n")
    trunk = work / "trunk"
    (trunk / "README").write_text("$Revision$\n")
    (trunk / "run").write_text("#!/bin/sh\n")
    (trunk / "dos").write_bytes(b"one\ntwo\n")
    (trunk / "dir").mkdir()
    (trunk / "dir/ä b").write_text("name\n")
    os.symlink("README", trunk / "link")
    svn("add", "-q", "--force", str(work / "other"), str(trunk))
    svn("propset", "-q", "svn:keywords", "Revision", str(trunk / "README"))
    svn("propset", "-q", "svn:executable", "yes", str(trunk / "run"))
    svn("propset", "-q", "svn:eol-style", "CRLF", str(trunk / "dos"))
    svn("propset", "-q", "svn:externals", "^/other ext", str(trunk))
    svn("commit", "-q", "-m", "files", str(work))
    (trunk / "README").write_text("$Revision$ two\n")
    svn("commit", "-q", "-m", "more", str(work))
    with serve(folder) as served:
        yield World(repository, f"{served}/repo")


def fetch(folder: Path, env: Mapping[str, str]) -> SmallContext:
    folder.mkdir(exist_ok=True)
    ctx = SmallContext.below(folder, "fetchsvn", env, HttpTransport())
    FetchSvn().build(ctx)
    return ctx


CASES: Mapping[str, tuple[dict[str, str], list[str]]] = {
    "all": ({"rev": "HEAD"}, []),
    "keywords": ({"rev": "3", "ignoreKeywords": "1"}, ["--ignore-keywords"]),
    "externals": ({"rev": "3", "ignoreExternals": "1"}, ["--ignore-externals"]),
    "2": ({"rev": "2"}, []),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_hash(name: str, world: World, tmp_path: Path) -> None:
    env, options = CASES[name]
    url = f"{world.url}/trunk"
    fetch(tmp_path / "ours", {"url": url, **env})
    ours = nar_hash(str(tmp_path / "ours/out"))[0].sri()
    svn("export", "-q", "--trust-server-cert", "--non-interactive", *options, "-r", env["rev"], url, str(tmp_path / "theirs"))
    assert ours == nar_hash(str(tmp_path / "theirs"))[0].sri()
    assert ours == GOLDEN[name]


def test_a_repository_of_this_machine(world: World, tmp_path: Path) -> None:
    env = {"url": f"file://{world.repository}/trunk/dir", "rev": "HEAD"}
    assert FetchSvn().host_files(env) == (str(world.repository),)
    assert FetchSvn().host_files({"url": "file:///etc/x"}) == FetchSvn().host_files({"url": "https://h/x"}) == ()
    ctx = fetch(tmp_path, env)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ä b"]
    assert ctx.lines == [f"fetching revision HEAD from '{env['url']}'", "Exported revision 3."]


def test_failures(world: World, tmp_path: Path) -> None:
    cases = {
        f"{world.url}/trunk": ("99", "it has no such revision (svn: E160006: No such revision 99)"),
        f"{world.url}/absent": ("HEAD", "there is no such folder (svn: E170000: URL '"),
        "svn://127.0.0.1:9/x": ("HEAD", "the host does not answer there (svn: E000111: Can't connect to host"),
    }
    for number, (url, (rev, reason)) in enumerate(cases.items()):
        with pytest.raises(SvnError) as caught:
            fetch(tmp_path / str(number), {"url": url, "rev": rev})
        assert caught.value.message.startswith(f"cannot fetch from '{url}': {reason}")


def test_a_login(world: World, tmp_path: Path) -> None:
    settings = world.repository / "conf"
    before = (settings / "svnserve.conf").read_text()
    (settings / "svnserve.conf").write_text("[general]\nanon-access = none\nauth-access = read\npassword-db = passwd\n")
    (settings / "passwd").write_text("[users]\nme = s3cret\n")
    try:
        with pytest.raises(SvnError) as caught:
            fetch(tmp_path / "without", {"url": f"{world.url}/trunk/dir"})
        assert "the server wants a login" in caught.value.message
        ctx = fetch(tmp_path / "with", {"url": world.url.replace("//", "//me:s3cret@") + "/trunk/dir"})
        assert (tmp_path / "with/out/ä b").is_file()
        assert "s3cret" not in "\n".join(ctx.lines)
        netrc = SmallContext.below(tmp_path / "without", "fetchsvn", {"url": f"{world.url}/trunk/dir"}, HttpTransport())
        netrc.netrc = "machine 127.0.0.1 login me password s3cret\n"
        netrc.scratch = str(tmp_path)
        FetchSvn().build(netrc)
        assert (tmp_path / "without/out/ä b").is_file()
    finally:
        (settings / "svnserve.conf").write_text(before)


@pytest.mark.parametrize(
    ("url", "rev"),
    [
        ("-x", "1"),
        ("svn+ssh://h/x", "1"),
        ("svn+sh://h/x", "1"),
        ("/etc", "1"),
        ("svn://h/\n", "1"),
        ("svn://h/x", "-1"),
        ("svn://h/x", "a;b"),
    ],
)
def test_what_svn_is_not_given(url: str, rev: str) -> None:
    with pytest.raises(SvnRequestError):
        check(url, rev)


def test_the_way_out() -> None:
    env = {"https_proxy": "http://u:p@proxy:3128", "no_proxy": "a.b,.c"}
    text = servers("https://h/x", "/ca.crt", env)
    assert "http-proxy-host = proxy\nhttp-proxy-port = 3128\nhttp-proxy-username = u\nhttp-proxy-password = p\n" in text
    assert "http-proxy-exceptions = a.b, *.c\n" in text
    assert "ssl-authority-files = /ca.crt\n" in text
    assert "proxy" not in servers("svn://h/x", None, env)
