"""A server between a client and a real HTTP server: it forwards everything, and misbehaves where it is told to.

``proxy.add(fault, method=..., path=..., times=...)`` with one of the faults below; each counts only for requests that match, in
the order in which they were added. ``seen`` lists all requests. The client names the proxy as host, so that what the server says
of its own address leads to the proxy again.
"""

import http.client
import re
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.servers.serving import serving

_PIECE = 1 << 16
_HOP = frozenset(("connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"))

Fault = Callable[["Forwarder"], None]


@dataclass
class Rule:
    fault: Fault
    method: str
    path: re.Pattern[str]
    times: int


@dataclass(frozen=True)
class Seen:
    """One request; header names in lower case; ``received`` are the bytes of its body that came."""

    method: str
    path: str
    headers: dict[str, str]
    received: int = 0


@dataclass
class _State:
    rules: list[Rule] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class FaultProxy(socketserver.ThreadingTCPServer):
    """``upstream`` is ``HOST:PORT`` of a plain HTTP server."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Forwarder)
        self.upstream = upstream
        self.state = _State()

    @property
    def address(self) -> str:
        """``HOST:PORT``."""
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def seen(self) -> list[Seen]:
        with self.state.lock:
            return list(self.state.seen)

    def requests(self, method: str = "", path: str = "") -> list[Seen]:
        """Those of ``seen`` with this method whose path matches somewhere."""
        return [each for each in self.seen if each.method == (method or each.method) and re.search(path, each.path)]

    def add(self, fault: Fault, *, method: str = "", path: str = "", times: int = 1) -> None:
        """From now on; ``path`` is looked for anywhere in path and query, ``times`` -1 is always."""
        with self.state.lock:
            self.state.rules.append(Rule(fault, method, re.compile(path), times))

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class Forwarder(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultProxy

    def answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        state = self.server.state
        with state.lock:
            number = len(state.seen)
            state.seen.append(Seen(self.command, self.path, headers))
            rule = next((each for each in state.rules if each.times and self._fits(each)), None)
            if rule is not None and rule.times > 0:
                rule.times -= 1
        self.number = number
        self.pending = self._body()
        try:
            if rule is None:
                self.forward()
            else:
                rule.fault(self)
            for _ in self.pending:  # what nobody read would be taken for the next request
                pass
        except (OSError, http.client.HTTPException):
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

    def forward(self, change: "Callable[[Iterator[bytes]], Iterator[bytes]] | None" = None) -> None:
        """Ask the real server, hand on what it says; ``change`` may do something to the body on its way back."""
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            self._send(upstream)
            response = upstream.getresponse()
            self.send_response(response.status, response.reason)
            length = response.getheader("Content-Length")
            for name, value in response.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            bodiless = self.command == "HEAD" or response.status in {204, 304}
            if length is None and not bodiless:
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if bodiless:
                return
            pieces = iter(lambda: response.read(_PIECE), b"")
            for piece in pieces if change is None else change(pieces):
                self.wfile.write(piece if length is not None else b"%x\r\n%b\r\n" % (len(piece), piece))
            if length is None:
                self.wfile.write(b"0\r\n\r\n")
        finally:
            upstream.close()

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """An answer of our own."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reset(self) -> None:
        """End the connection with a reset."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        self.pending = iter(())

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _fits(self, rule: Rule) -> bool:
        return self.command == (rule.method or self.command) and rule.path.search(self.path) is not None

    def _send(self, upstream: http.client.HTTPConnection) -> None:
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP:
                upstream.putheader(name, value)
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "")
        if chunked:
            upstream.putheader("Transfer-Encoding", "chunked")
        upstream.endheaders()
        for piece in self.pending:
            upstream.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            upstream.send(b"0\r\n\r\n")

    def _body(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                yield self._counted(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            piece = self.rfile.read1(min(left, _PIECE))
            if not piece:
                raise ConnectionResetError
            left -= len(piece)
            yield self._counted(piece)

    def _counted(self, piece: bytes) -> bytes:
        state = self.server.state
        with state.lock:
            seen = state.seen[self.number]
            state.seen[self.number] = Seen(seen.method, seen.path, seen.headers, seen.received + len(piece))
        return piece


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    """This answer instead; names of headers with underscores."""
    return lambda forwarder: forwarder.reply(code, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def cut(after: int) -> Fault:
    """The real answer, ended after so many bytes of its body."""

    def fault(forwarder: Forwarder) -> None:
        forwarder.forward(lambda pieces: _first(pieces, after))
        forwarder.close_connection = True

    return fault


def reset_after(count: int) -> Fault:
    """The real answer, and a reset after so many bytes of its body."""

    def fault(forwarder: Forwarder) -> None:
        forwarder.forward(lambda pieces: _first(pieces, count))
        forwarder.reset()

    return fault


def slam(forwarder: Forwarder) -> None:
    """No answer at all; what the client sends is thrown away."""
    forwarder.reset()


def reset_in_request(count: int) -> Fault:
    """A reset after so many bytes of the client's body; what came before reaches the real server."""

    def fault(forwarder: Forwarder) -> None:
        forwarder.pending = _broken(forwarder.pending, count)
        try:
            forwarder.forward()
        finally:
            forwarder.reset()

    return fault


def flipped(at: int) -> Fault:
    """The real answer with another byte at this place."""

    def change(pieces: Iterator[bytes]) -> Iterator[bytes]:
        place = 0
        for piece in pieces:
            inside = at - place
            place += len(piece)
            yield piece[:inside] + bytes((piece[inside] ^ 255,)) + piece[inside + 1 :] if 0 <= inside < len(piece) else piece

    return lambda forwarder: forwarder.forward(change)


def without_range(forwarder: Forwarder) -> None:
    """The real answer to a request for the whole."""
    del forwarder.headers["Range"]
    forwarder.forward()


def _first(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:count]
        count -= len(piece)
        if count <= 0:
            return


def _broken(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    yield from _first(pieces, count)
    raise ConnectionResetError


def faulty(upstream: str) -> AbstractContextManager[FaultProxy]:
    """A proxy before ``upstream`` (``HOST:PORT``), running."""
    return serving(FaultProxy(upstream))
