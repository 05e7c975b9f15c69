"""A folder on loopback over HTTP: GET, HEAD and, where that is allowed, PUT. What was asked is remembered."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.servers.serving import serving as served


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "CacheServer"

    def log_message(self, format: str, *args: object) -> None:
        self.server.asked.append(f"{self.command} {self.path}")

    def do_PUT(self) -> None:
        path = Path(self.translate_path(self.path))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.server.writable:
            self.send_error(403)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()


class CacheServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path, writable: bool) -> None:
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.writable = writable
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(folder: Path, *, writable: bool = False) -> Iterator[CacheServer]:
    with served(CacheServer(folder, writable)) as server:
        yield server
