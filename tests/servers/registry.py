"""A small real registry on loopback (OCI distribution-spec 1.1), in memory, and what can go wrong with one.

It takes uploads by sessions, ranges, mounts, and checks every digest. ``fault`` has the next requests of a kind go wrong.
"""

import base64
import hashlib
import io
import json
import re
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers.serving import serving

#: Answers a request instead of the registry; False lets the registry answer after all.
Act = Callable[["Handler"], bool]

_NAME = r"/v2/(?P<repository>.+)"
_UPLOADS = re.compile(_NAME + r"/blobs/uploads/(?P<session>[0-9]*)")
_BLOB = re.compile(_NAME + r"/blobs/(?P<digest>[a-z0-9]+:[0-9a-f]+)")
_MANIFEST = re.compile(_NAME + r"/manifests/(?P<reference>[^/]+)")


@dataclass
class Session:
    repository: str
    data: bytearray = field(default_factory=bytearray)


@dataclass
class Seen:
    """A request: ``size`` are the bytes of its body that came."""

    method: str
    path: str
    headers: dict[str, str]
    size: int = 0


@dataclass
class _Fault:
    method: str
    path: re.Pattern[str]
    act: Act
    times: int


class Registry(socketserver.ThreadingTCPServer):
    """``login`` is wanted by ``auth`` ("", "basic" or "token"). ``absolute``: sessions are named by whole URLs."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.RLock()
        self.blobs: dict[str, dict[str, bytes]] = {}
        self.manifests: dict[str, dict[str, tuple[str, bytes]]] = {}
        self.sessions: dict[str, Session] = {}
        self.seen: list[Seen] = []
        self.auth = ""
        self.login = ("me", "s3cret")
        self.tokens: set[str] = set()
        self.scopes: list[list[str]] = []
        self.absolute = False
        self.mounting = True
        self._faults: list[_Fault] = []
        self._numbers = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has what it wants may close its other connections. Mistakes of this server are shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def fault(self, method: str, path: str, act: Act, times: int = 1) -> None:
        """The next ``times`` requests whose path matches are answered by ``act``."""
        self._faults.append(_Fault(method, re.compile(path), act, times))

    def number(self) -> str:
        with self.lock:
            self._numbers += 1
            return str(self._numbers)

    def acted(self, handler: "Handler") -> bool:
        with self.lock:
            for fault in self._faults:
                if fault.times and fault.method == handler.command and fault.path.search(handler.path):
                    fault.times -= 1
                    act = fault.act
                    break
            else:
                return False
        return act(handler)

    def requests(self, method: str, path: str = "") -> list[Seen]:
        """Those that came, by method and a pattern of the path."""
        return [seen for seen in self.seen if seen.method == method and re.search(path, seen.path)]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Registry

    def _handle(self) -> None:
        self.unread = int(self.headers.get("content-length", "0"))
        self.seen = Seen(self.command, self.path, {key.lower(): value for key, value in self.headers.items()})
        self.server.seen.append(self.seen)
        try:
            if not self.server.acted(self):
                self._answer()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass

    def take(self, most: int | None = None) -> bytes:
        """The request's body, or its next bytes."""
        data = self.rfile.read(self.unread if most is None else min(most, self.unread))
        self.unread -= len(data)
        self.seen.size += len(data)
        return data

    def answer(self, status: int, body: bytes = b"", **headers: str) -> bool:
        """A whole answer; header names with underscores. The rest of the request is read first."""
        self.take()
        self.send_response(status)
        self.send_header("Content-Length", headers.pop("Content_Length", str(len(body))))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return True

    def refuse(self, status: int, code: str, message: str = "", **headers: str) -> bool:
        """As registries say it."""
        body = json.dumps({"errors": [{"code": code, "message": message or code.lower().replace("_", " ")}]}).encode()
        return self.answer(status, body, Content_Type="application/json", **headers)

    def _answer(self) -> bool:
        path = urlsplit(self.path).path
        if path == "/token":
            return self._token()
        if not self._allowed():
            realm = f'Bearer realm="http://{self.server.host}/token",service="test"'
            challenge = 'Basic realm="test"' if self.server.auth == "basic" else realm
            return self.refuse(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=challenge)
        if path == "/v2/":
            return self.answer(200, b"{}")
        for pattern, method in ((_UPLOADS, self._upload), (_BLOB, self._blob), (_MANIFEST, self._manifest)):
            found = pattern.fullmatch(unquote(path))
            if found is not None:
                with self.server.lock:
                    return method(**found.groupdict())
        return self.refuse(404, "NAME_UNKNOWN")

    def _allowed(self) -> bool:
        said = self.headers.get("authorization", "")
        if self.server.auth == "basic":
            return said == _basic(*self.server.login)
        return self.server.auth != "token" or said.removeprefix("Bearer ") in self.server.tokens

    def _token(self) -> bool:
        if self.headers.get("authorization", "") != _basic(*self.server.login):
            return self.refuse(401, "UNAUTHORIZED", "incorrect username or password")
        self.server.scopes.append(parse_qs(urlsplit(self.path).query).get("scope", []))
        token = f"token-{self.server.number()}"
        self.server.tokens.add(token)
        return self.answer(200, json.dumps({"token": token, "expires_in": 300}).encode())

    def _upload(self, repository: str, session: str) -> bool:
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        if self.command == "POST":
            mount, source = query.get("mount", ""), query.get("from", "")
            if self.server.mounting and mount in self.server.blobs.get(source, {}):
                self.server.blobs.setdefault(repository, {})[mount] = self.server.blobs[source][mount]
                return self.answer(201, Location=f"/v2/{repository}/blobs/{mount}", Docker_Content_Digest=mount)
            number = self.server.number()
            self.server.sessions[number] = Session(repository)
            return self.progress(202, number)
        if session not in self.server.sessions or self.server.sessions[session].repository != repository:
            return self.refuse(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        if self.command == "GET":
            return self.progress(204, session)
        if self.command == "DELETE":
            del self.server.sessions[session]
            return self.answer(204)
        span = self.headers.get("content-range")
        data = self.server.sessions[session].data
        if span is not None and int(span.partition("-")[0]) != len(data):
            return self.progress(416, session)
        data += self.take()
        if self.command == "PATCH":
            return self.progress(202, session)
        digest = query.get("digest", "")
        if "sha256:" + hashlib.sha256(data).hexdigest() != digest:
            return self.refuse(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        self.server.blobs.setdefault(repository, {})[digest] = bytes(data)
        del self.server.sessions[session]
        return self.answer(201, Location=f"/v2/{repository}/blobs/{digest}", Docker_Content_Digest=digest)

    def progress(self, status: int, session: str) -> bool:
        """Where a session is."""
        found = self.server.sessions[session]
        start = f"http://{self.server.host}" if self.server.absolute else ""
        last = max(0, len(found.data) - 1)
        location = f"{start}/v2/{found.repository}/blobs/uploads/{session}?_state=a%3Db{last}"
        return self.answer(status, Location=location, Range=f"0-{last}", Docker_Upload_UUID=session)

    def _blob(self, repository: str, digest: str) -> bool:
        data = self.server.blobs.get(repository, {}).get(digest)
        if data is None:
            return self.refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")
        span = self.headers.get("range", "").removeprefix("bytes=").partition("-")[0]
        if span:
            rest = data[int(span) :]
            return self.answer(206, rest, Content_Range=f"bytes {span}-{len(data) - 1}/{len(data)}")
        return self.answer(200, data, Content_Length=str(len(data)), Docker_Content_Digest=digest)

    def _manifest(self, repository: str, reference: str) -> bool:
        kept = self.server.manifests.setdefault(repository, {})
        if self.command == "PUT":
            data = self.take()
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            if ":" in reference and reference != digest:
                return self.refuse(400, "DIGEST_INVALID")
            missing = [name for name in _needed(data) if name not in self.server.blobs.get(repository, {}) and name not in kept]
            if missing:
                return self.refuse(400, "MANIFEST_BLOB_UNKNOWN", f"blob unknown to registry: {missing[0]}")
            kept[reference] = kept[digest] = (self.headers.get("content-type", ""), data)
            return self.answer(201, Docker_Content_Digest=digest)
        if reference not in kept:
            return self.refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
        media_type, data = kept[reference]
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        return self.answer(200, data, Content_Type=media_type, Content_Length=str(len(data)), Docker_Content_Digest=digest)


def _needed(data: bytes) -> list[str]:
    document = json.loads(data)
    if "manifests" in document:
        return [item["digest"] for item in document["manifests"]]
    return [document["config"]["digest"], *(item["digest"] for item in document["layers"] if not item.get("urls"))]


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def status(code: int, **headers: str) -> Act:
    """Refuses."""
    return lambda handler: handler.refuse(code, "UNAVAILABLE" if code != 429 else "TOOMANYREQUESTS", **headers)


def slam(handler: Handler) -> bool:
    """Closes the connection without a word."""
    handler.close_connection = True
    return True


def breaks_after(count: int) -> Act:
    """Takes so many bytes of an upload, and the connection is gone."""

    def act(handler: Handler) -> bool:
        found = _UPLOADS.fullmatch(urlsplit(handler.path).path)
        assert found is not None
        handler.server.sessions[found["session"]].data += handler.take(count)
        return slam(handler)

    return act


def silent(handler: Handler) -> bool:
    """Does what is asked for and says nothing of it: the connection is gone."""
    out, handler.wfile = handler.wfile, io.BytesIO()
    try:
        handler._answer()
    finally:
        handler.wfile = out
    return slam(handler)


@contextmanager
def running() -> Iterator[Registry]:
    """The registry, until the block ends."""
    with serving(Registry()) as server:
        yield server
