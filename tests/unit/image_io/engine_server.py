"""A small engine: keeps layers by chain ID, as Docker's does, and takes archives that lack those which it has."""

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from imagetools.archive.decompress import decompressed
from imagetools.archive.stream import ByteStream


class Engine(ThreadingHTTPServer):
    """``received``: the names of the members of each archive that came. ``whole``: refuses archives that lack a layer;
    ``name``: whose engine it says it is; ``forgets``: its images lose their layers when an archive comes; ``breaks`` after so
    many bytes of an archive."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.images: dict[str, dict[str, Any]] = {}
        self.chains: set[str] = set()
        self.received: list[list[str]] = []
        self.questions = 0
        self.whole = False
        self.forgets = False
        self.breaks: int | None = None
        self.name = "Engine"

    @property
    def environment(self) -> dict[str, str]:
        return {"DOCKER_HOST": f"tcp://127.0.0.1:{self.server_address[1]}"}

    def handle_error(self, *_: object) -> None:
        """A client that was cut off is what a test wants."""

    def load(self, data: bytes) -> list[dict[str, object]]:
        """What the engine says to an archive."""
        if self.forgets:
            self.chains.clear()
            self.forgets = False
        messages: list[dict[str, object]] = []
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            names = tar.getnames()
            self.received.append(names)
            for entry in json.loads(_read(tar, "manifest.json")):
                config = _read(tar, entry["Config"])
                diff_ids = json.loads(config)["rootfs"]["diff_ids"]
                chain = ""
                for name, diff_id in zip(entry["Layers"], diff_ids, strict=True):
                    chain = _sha256(f"{chain} {diff_id}".encode()) if chain else diff_id
                    if chain in self.chains and not (self.whole and name not in names):
                        continue
                    if name not in names:
                        return [{"error": f"open /tmp/import/{name}: no such file or directory"}]
                    found = _sha256(_unpacked(_read(tar, name)))
                    if found != diff_id:
                        return [{"error": f'invalid diffID for layer 0: expected "{diff_id}", got "{found}"'}]
                    self.chains.add(chain)
                    messages.append({"status": "Loading layer", "progressDetail": {"current": 1, "total": 1}, "id": name[:12]})
                self.images[_sha256(config)] = {"RootFS": {"Layers": diff_ids}, "RepoTags": entry["RepoTags"]}
                messages += [{"stream": f"Loaded image: {tag}\n"} for tag in entry["RepoTags"]]
        return messages


class Handler(BaseHTTPRequestHandler):
    server: Engine
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].removeprefix("/v1.41")
        if path == "/version":
            self._answer({"ApiVersion": "1.41", "Components": [{"Name": self.server.name}]})
        elif path == "/images/json":
            self._answer([{"Id": key, "RepoTags": image["RepoTags"], "Created": 1} for key, image in self.server.images.items()])
        elif path.startswith("/images/"):
            self.server.questions += 1
            image = self.server.images.get(path.split("/")[2])
            self._answer(image or {"message": "no such image"}, 200 if image else 404)
        else:
            self._answer("OK")

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        if self.server.breaks is not None:
            self.rfile.read(self.server.breaks)
            self.close_connection = True
            return
        messages = self.server.load(self.rfile.read(size))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for message in messages:
            text = json.dumps(message).encode() + b"\r\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(text), text))
        self.wfile.write(b"0\r\n\r\n")

    def _answer(self, value: object, status: int = 200) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def running() -> Iterator[Engine]:
    with Engine() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def _unpacked(data: bytes) -> bytes:
    stream = decompressed(ByteStream(io.BytesIO(data).read))
    out = b""
    while piece := stream.read(1 << 16):
        out += piece
    return out


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
