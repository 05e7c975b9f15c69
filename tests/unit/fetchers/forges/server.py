"""All forges at once, on loopback: a proxy that answers for every host itself, through TLS, with archives that git makes.

Definitions name the real addresses; ``https_proxy`` and the authority's certificate lead them here, so nothing goes out.
Repositories lie in ``served`` as HOST-independent ``OWNER/REPO.git``, and are served by git's smart protocol as well.
"""

import base64
import gzip
import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, unquote

from tests.servers.serving import serving
from tests.unit.fetchers.forges.authority import make
from tests.unit.fetchers.git import servers

HOSTS = [
    *(
        "example.org",
        "github.com",
        "api.github.com",
        "gitlab.com",
        "git.example.org",
        "codeberg.org",
        "bitbucket.org",
        "repo.or.cz",
    ),
    *("git.savannah.gnu.org", "git.sr.ht", "hg.sr.ht", "chromium.example.org", "sources.debian.org"),
]


class Forges(servers.Smart):
    """``seen`` are the addresses that were asked for; ``files`` are answered as they are; ``private`` is a login that the API
    of GitHub wants."""

    def __init__(self, served: Path, context: ssl.SSLContext, authority: Path) -> None:
        super().__init__(served, None)
        self.RequestHandlerClass = _Handler
        self.context = context
        self.authority = authority
        self.files: dict[str, bytes] = {}
        self.private = ""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a fetcher here."""
        return {"https_proxy": self.url(), "NIX_SSL_CERT_FILE": str(self.authority), "no_proxy": ""}


class _Handler(servers._Handler):
    protocol_version = "HTTP/1.1"
    host = ""

    def do_CONNECT(self) -> None:  # noqa: N802 (called by its name)
        self.host = self.path.rpartition(":")[0]
        self.send_response(200)
        self.end_headers()
        self.connection = cast(Forges, self.server).context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def _serve(self, body: bytes) -> None:
        server = cast(Forges, self.server)
        address = self.host + self.path
        if re.search(r"\.git/(info/refs|git-upload-pack)", self.path) or self.path.endswith("git-upload-pack"):
            super()._serve(body)
            return
        server.seen.append(address)
        if server.private and self.host == "api.github.com":
            wanted = "Basic " + base64.b64encode(server.private.encode()).decode()
            if self.headers.get("Authorization") != wanted:
                self._answer(401, b"")
                return
        found = server.files.get(address)
        if found is None:
            found = self._archive(server.served)
        self._answer(200 if found is not None else 404, found or b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _archive(self, served: Path) -> bytes | None:
        path, _, query = self.path.partition("?")
        for host, pattern in ARCHIVES:
            if re.fullmatch(host, self.host) and (found := re.fullmatch(pattern, path)):
                fields = {key: unquote(value) for key, value in found.groupdict().items()}
                rev = fields.get("rev") or parse_qs(query)["sha"][0]
                repository = served / f"{fields['repo']}.git"
                prefix = [] if "+archive" in path else [f"--prefix={repository.stem}-{rev.replace('/', '-')}/"]
                git = ["git", "-c", "safe.directory=*", "-C", str(repository), "archive", "--format=tar", *prefix, rev]
                done = subprocess.run(git, capture_output=True, check=False, env=servers._environment())
                return gzip.compress(done.stdout) if done.returncode == 0 else None
        return None


ARCHIVES = [
    (r"github\.com|git\.example\.org|codeberg\.org", r"/(?P<repo>[^/]+/[^/]+)/archive/(?P<rev>.+)\.tar\.gz"),
    (r"api\.github\.com", r"/repos/(?P<repo>[^/]+/[^/]+)/tarball/(?P<rev>.+)"),
    (r"gitlab\.com", r"/api/v4/projects/(?P<repo>[^/]+)/repository/archive\.tar\.gz"),
    (r"chromium\.example\.org", r"/(?P<repo>[^/]+/[^/]+)/\+archive/(?P<rev>.+)\.tar\.gz"),
    (r"bitbucket\.org", r"/(?P<repo>[^/]+/[^/]+)/get/(?P<rev>.+)\.tar\.gz"),
    (r"git\.savannah\.gnu\.org", r"/cgit/(?P<repo>.+)\.git/snapshot/[a-z]+-(?P<rev>.+)\.tar\.gz"),
    (r"repo\.or\.cz", r"/(?P<repo>.+)\.git/snapshot/(?P<rev>.+)\.tar\.gz"),
    (r"git\.sr\.ht", r"/~(?P<repo>[^/]+/[^/]+)/archive/(?P<rev>.+)\.tar\.gz"),
]


@contextmanager
def forges(served: Path, folder: Path) -> Iterator[Forges]:
    """The forges with the repositories below ``served``; ``folder`` is for certificates."""
    authority, context = make(folder, HOSTS)
    with serving(Forges(served, context, authority)) as server:
        yield server
