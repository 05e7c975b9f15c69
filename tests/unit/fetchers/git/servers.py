"""Real servers of git repositories on loopback: ``git daemon``, and ``git http-backend`` behind Python's HTTP server."""

import base64
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from tests.servers.serving import serving


@contextmanager
def daemon(served: Path) -> Iterator[str]:
    """``git://127.0.0.1:PORT`` over the folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            "git",
            "daemon",
            "--listen=127.0.0.1",
            f"--port={port}",
            "--reuseaddr",
            "--export-all",
            f"--base-path={served}",
            str(served),
        ],
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,
    )
    try:
        _wait(port)
        yield f"git://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class Smart(ThreadingHTTPServer):
    """``login`` is what Basic authentication must bring ("name:password"); ``seen`` are the paths that were asked for."""

    daemon_threads = True

    def __init__(self, served: Path, login: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.served = served
        self.login = login
        self.seen: list[str] = []
        self.fail_first = 0

    def url(self, path: str = "", userinfo: str = "") -> str:
        return f"http://{userinfo}127.0.0.1:{self.server_address[1]}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Smart

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._serve(body)

    def _serve(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        self.server.seen.append(self.path)
        if self.server.fail_first:
            self.server.fail_first -= 1
            self.send_error(503)
            return
        wanted = self.server.login
        if wanted is not None and self.headers.get("Authorization") != "Basic " + base64.b64encode(wanted.encode()).decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        environment = {
            **_environment(),
            "GIT_PROJECT_ROOT": str(self.server.served),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": unquote(path),
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        answer = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=False).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
        status = next((value for key, value in fields if key == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for key, value in fields:
            if key != "Status":
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def smart(served: Path, login: str | None = None) -> Iterator[Smart]:
    """A smart HTTP server over the folder."""
    with serving(Smart(served, login)) as server:
        yield server


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}


def _wait(port: int) -> None:
    """Until somebody listens."""
    for _ in range(500):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise AssertionError(f"nobody listens on port {port}")
