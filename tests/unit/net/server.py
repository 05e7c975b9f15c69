"""A small real HTTP server on loopback that plays what it is told: each path has a list of answers, the last one repeats."""

import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from tests.servers.serving import serving

Answer = Callable[["Handler"], None]


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: dict[str, list[Answer]] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []

    def url(self, path: str, userinfo: str = "") -> str:
        return f"http://{userinfo}127.0.0.1:{self.server_address[1]}{path}"

    def headers(self, number: int) -> dict[str, str]:
        """The headers of the request with that number, names in lower case."""
        return self.seen[number][1]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
        path = self.path.partition("?")[0]
        answers = self.server.script.get(path, [status(404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        answer(self)

    do_CONNECT = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """A whole answer; header names are written with underscores."""

    def answer(handler: Handler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(target: str, code: int = 302) -> Answer:
    return status(code, Location=target)


def cut(body: bytes, after: int, **headers: str) -> Answer:
    """Promises all of ``body`` and breaks the connection after some bytes."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body[:after])
        handler.close_connection = True

    return answer


def ranged(body: bytes, *, after: int | None = None, shift: int = 0, **headers: str) -> Answer:
    """Answers a Range request with the rest of ``body``; ``after`` breaks it again, ``shift`` lies about the place."""

    def answer(handler: Handler) -> None:
        wanted = handler.headers.get("Range", "bytes=0-")
        first = int(wanted.removeprefix("bytes=").removesuffix("-"))
        rest = body[first:]
        handler.send_response(206)
        handler.send_header("Content-Length", str(len(rest)))
        handler.send_header("Content-Range", f"bytes {first + shift}-{len(body) - 1}/{len(body)}")
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(rest[:after])
        handler.close_connection = after is not None

    return answer


def slam(handler: Handler) -> None:
    """Closes the connection without a word."""
    handler.close_connection = True


def silence(handler: Handler) -> None:
    """Says nothing until the client has gone."""
    handler.rfile.read()
    handler.close_connection = True


def chunked(*pieces: bytes) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in pieces:
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    return answer


@contextmanager
def running() -> Iterator[Server]:
    with serving(Server()) as server:
        yield server
