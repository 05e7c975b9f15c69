"""What servers do to hg, svn and git: tried again where that may help, else an error with the URL, the reason and a next step."""

import os
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imagetools.builtin.api import BuiltinError
from imagetools.bundled.fetchers import program_failures
from imagetools.bundled.fetchers.fetchgit.fetch_git import FetchGit
from imagetools.bundled.fetchers.fetchhg.fetch_hg import FetchHg
from imagetools.bundled.fetchers.fetchsvn.fetch_svn import FetchSvn
from imagetools.net.hg import HgFetchError, HostHg
from imagetools.net.http import HttpTransport
from imagetools.net.troubles import LATER
from tests.oracle.peers import need
from tests.servers.serving import serving
from tests.unit.fetchers.context import SmallContext
from tests.unit.fetchers.git.repositories import Folder
from tests.unit.fetchers.git.servers import smart
from tests.unit.fetchers.test_fetch_hg import hg
from tests.unit.fetchers.test_fetch_hg import serve as hg_serve
from tests.unit.fetchers.test_fetch_svn import serve as svn_serve
from tests.unit.fetchers.test_fetch_svn import svn

ANSWERS = {
    "500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "429": b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "404": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
    "garbage": b"SSH-2.0-x\r\n",
}


class Moody(socketserver.ThreadingTCPServer):
    """Each connection meets the next mood, the last one for ever: an answer of ``ANSWERS``, silent, slam, or through."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, moods: list[str], upstream: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.moods = moods
        self.upstream = upstream
        self.met = 0

    def next(self) -> str:
        self.met += 1
        return self.moods.pop(0) if len(self.moods) > 1 else self.moods[0]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class Connection(socketserver.BaseRequestHandler):
    server: Moody
    request: socket.socket

    def handle(self) -> None:
        mood = self.server.next()
        if mood == "through":
            with socket.create_connection(self.server.upstream) as upstream:
                back = threading.Thread(target=pump, args=(upstream, self.request))
                back.start()
                pump(self.request, upstream)
                back.join()
        elif mood == "silent":
            while self.request.recv(1 << 16):
                pass
        elif mood != "slam":
            self.request.recv(1 << 16)
            self.request.sendall(ANSWERS[mood])


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def moody(*moods: str, upstream: str = "") -> Iterator[Moody]:
    host, _, port = upstream.rpartition("/")[2].rpartition(":")
    with serving(Moody(list(moods), (host, int(port or 0)))) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    need("hg", "svn", "git")
    monkeypatch.setattr(program_failures, "FIRST_DELAY", 0.01)


def fetch(program: str, folder: Path, url: str, stalled: int = 60) -> SmallContext:
    folder.mkdir(exist_ok=True)
    ctx = SmallContext.below(folder, f"fetch{program}", {"url": url, "rev": "" if program == "hg" else "HEAD"}, HttpTransport())
    builder = FetchGit() if program == "git" else FetchHg(stalled) if program == "hg" else FetchSvn(stalled)
    builder.build(ctx)
    return ctx


HG_NONE = "check the URL; a Mercurial repository is named by https://, http://, ssh:// or file://, or by a full path"
SVN_NONE = "what answers there is no Subversion server (svn: "
FAULTS = {
    ("hg", "500"): ("the server is busy or broken (hg: HTTP Error 500: Internal Server Error)", LATER, 3),
    ("hg", "429"): ("the server is busy or broken (hg: HTTP Error 429: Too Many Requests)", LATER, 3),
    ("hg", "404"): ("there is no Mercurial repository (hg: HTTP Error 404: Not Found)", HG_NONE, 1),
    ("hg", "page"): ("there is no Mercurial repository (hg: '{url}' does not appear to be an hg repository:)", HG_NONE, 2),
    ("hg", "garbage"): (
        "what answers there is no web server (hg: error: bad HTTP status line: SSH-2.0-x)",
        "check the URL and its port",
        1,
    ),
    ("hg", "silent"): ("the server did not answer in time (hg: error: timed out)", LATER, 2),
    ("hg", "slam"): ("the connection broke (hg: error: bad HTTP status line: '')", LATER, 3),
    ("svn", "500"): (
        "the server is busy or broken (svn: E175002: Unexpected server error 500 'Internal Server Error' on '/r')",
        LATER,
        3,
    ),
    ("svn", "429"): (
        "the server is busy or broken (svn: E175002: Unexpected HTTP status 429 'Too Many Requests' on '/r')",
        LATER,
        3,
    ),
    ("svn", "404"): ("there is no such folder (svn: E160013: '/r' path not found)", "check the URL", 1),
    ("svn", "page"): (
        SVN_NONE + "E175003: The server at '{url}' does not support the HTTP/DAV protocol)",
        "check the URL and its port",
        1,
    ),
    ("svn", "garbage"): (
        SVN_NONE + "E120105: Error running context: The server sent an improper HTTP response)",
        "check the URL and its port",
        1,
    ),
    ("svn", "silent"): ("the server did not answer in time (svn: E175012: Connection timed out)", LATER, 2),
    ("svn", "slam"): (
        "the connection broke (svn: E120108: Error running context: The server unexpectedly closed the connection.)",
        LATER,
        3,
    ),
    ("git", "500"): (
        "the server is busy or broken (git: unable to access '{url}/': The requested URL returned error: 500)",
        LATER,
        3,
    ),
    ("git", "429"): (
        "the server is busy or broken (git: unable to access '{url}/': The requested URL returned error: 429)",
        LATER,
        3,
    ),
    ("git", "404"): (
        "there is no git repository (git: repository '{url}/' not found)",
        "check the URL; a repository on this machine is named by its full path",
        1,
    ),
    ("git", "page"): ("there is no revision 'HEAD'", "it has nothing at all: is it a git repository? check the URL", 4),
    ("git", "garbage"): (
        "unable to access '{url}/': Received HTTP/0.9 when not allowed",
        "look at the URL, and at what was said before",
        1,
    ),
    ("git", "slam"): (
        "the connection broke (git: unable to access '{url}/': Empty reply from server)",
        "try again; a large repository comes in smaller pieces with sparseCheckout",
        3,
    ),
}


@pytest.mark.parametrize(("program", "mood"), FAULTS)
def test_fault(program: str, mood: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if mood == "silent":
        monkeypatch.setattr(program_failures, "TRIES", 2)
    with moody(mood) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/r"
        with pytest.raises(BuiltinError) as caught:
            fetch(program, tmp_path, url, 1 if mood == "silent" else 60)
    reason, hint, times = FAULTS[program, mood]
    expected = (f"cannot fetch from '{url}': {reason.replace('{url}', url)}", hint)
    assert (caught.value.message, caught.value.hint) == expected
    if (program, mood) == ("svn", "slam"):  # it tries by itself, too
        assert server.met >= times
    else:
        assert server.met == times
    assert program == "git" or not (tmp_path / "out").exists()  # what a failed build leaves is thrown away


def test_hg_of_an_evaluation_gives_up_a_silent_server(tmp_path: Path) -> None:
    with moody("silent") as server, pytest.raises(HgFetchError, match="the server did not answer in time:"):
        url = f"http://127.0.0.1:{server.server_address[1]}/r"
        HostHg(dict(os.environ), str(tmp_path), stalled=1).network(url, "clone", "-q", "--", url, str(tmp_path / "clone"))


@pytest.mark.parametrize("mood", ["slam", "500", "429"])
def test_hg_goes_on(mood: str, tmp_path: Path) -> None:
    repository = tmp_path / "served/r"
    repository.mkdir(parents=True)
    hg(repository, "init")
    (repository / "file").write_text("text\n")
    hg(repository, "commit", "-q", "-A", "-m", "one", "-d", "0 0")
    with hg_serve(tmp_path / "served") as url, moody(mood, "through", mood, "through", upstream=url) as server:
        ctx = fetch("hg", tmp_path / "fetched", f"http://127.0.0.1:{server.server_address[1]}/r")
    assert (tmp_path / "fetched/out/file").read_text() == "text\n"
    assert [line for line in ctx.lines if line.endswith("; trying again")]


def test_svn_goes_on(tmp_path: Path) -> None:
    svn("create", str(tmp_path / "r"), program="svnadmin")
    svn("mkdir", "-q", "-m", "one", f"file://{tmp_path}/r/trunk")
    with svn_serve(tmp_path) as url, moody("slam", "through", upstream=url) as server:
        ctx = fetch("svn", tmp_path / "fetched", f"svn://127.0.0.1:{server.server_address[1]}/r")
    assert (tmp_path / "fetched/out/trunk").is_dir()
    assert [line for line in ctx.lines if line.endswith("; trying again")]


@pytest.mark.parametrize("mood", ["slam", "500"])
def test_git_goes_on(mood: str, tmp_path: Path) -> None:
    folder = Folder.new(tmp_path / "work")
    folder.commit("one", {"file": b"text\n"})
    (tmp_path / "served").mkdir()
    folder.publish(tmp_path / "served/r.git")
    with smart(tmp_path / "served") as git, moody(mood, "through", upstream=git.url()) as server:
        ctx = fetch("git", tmp_path / "fetched", f"http://127.0.0.1:{server.server_address[1]}/r.git")
    assert (tmp_path / "fetched/out/file").read_text() == "text\n"
    assert [line for line in ctx.lines if line.endswith("; trying again")]
