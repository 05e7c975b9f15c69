"""Images as bytes, made by hand, and a small registry in memory that has them (reading only, with ranges)."""

import gzip
import hashlib
import io
import json
import re
import socketserver
import tarfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import urljoin

import pyzstd

from imagetools.image import media_types

DOCKER = (media_types.DOCKER_MANIFEST, media_types.DOCKER_CONFIG)
OCI = (media_types.OCI_MANIFEST, media_types.OCI_CONFIG)
_TYPES = {
    (DOCKER, "none"): media_types.DOCKER_LAYER,
    (DOCKER, "gzip"): media_types.DOCKER_LAYER_GZIP,
    (OCI, "none"): media_types.OCI_LAYER,
    (OCI, "gzip"): media_types.OCI_LAYER_GZIP,
    (OCI, "zstd"): media_types.OCI_LAYER_ZSTD,
}


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer_tar(files: Mapping[str, bytes]) -> bytes:
    """A layer with these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def packed(data: bytes, codec: str) -> bytes:
    """``none``, ``gzip`` or ``zstd``."""
    if codec == "gzip":
        return gzip.compress(data, mtime=0)
    return pyzstd.compress(data) if codec == "zstd" else data


@dataclass
class MadeImage:
    """``blobs`` by digest; ``manifest`` of the type ``media_type``."""

    manifest: bytes
    media_type: str
    blobs: dict[str, bytes] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)

    @property
    def layers(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.manifest)["layers"]
        return found

    def descriptor(self, **platform: str) -> dict[str, object]:
        """As an index has it."""
        made: dict[str, object] = {"mediaType": self.media_type, "size": len(self.manifest), "digest": self.digest}
        return {**made, "platform": platform} if platform else made


def make_image(
    tars: Sequence[bytes],
    *,
    kind: tuple[str, str] = DOCKER,
    codecs: Sequence[str] = (),
    config: Mapping[str, object] | None = None,
    raw_config: bytes | None = None,
) -> MadeImage:
    """An image of these layers; ``codecs`` one for each (gzip where nothing is said)."""
    codecs = [*codecs, *["gzip"] * (len(tars) - len(codecs))]
    document = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2020-01-02T03:04:05Z",
        "config": {"Cmd": ["/bin/sh"]},
        **(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
    }
    config_bytes = json.dumps(document).encode() if raw_config is None else raw_config
    made = MadeImage(b"", kind[0], {digest_of(config_bytes): config_bytes})
    layers = []
    for tar, codec in zip(tars, codecs, strict=True):
        blob = packed(tar, codec)
        made.blobs[digest_of(blob)] = blob
        layers.append({"mediaType": _TYPES[kind, codec], "size": len(blob), "digest": digest_of(blob)})
    described = {"mediaType": kind[1], "size": len(config_bytes), "digest": digest_of(config_bytes)}
    made.manifest = json.dumps({"schemaVersion": 2, "mediaType": kind[0], "config": described, "layers": layers}).encode()
    return made


def make_index(items: Sequence[Mapping[str, object]], media_type: str = media_types.OCI_INDEX) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": list(items)}).encode()


def put_blobs(address: str, repository: str, image: MadeImage) -> None:
    """Into the real registry at ``HOST:PORT``, which asks for no login."""
    for digest, data in image.blobs.items():
        begun = urllib.request.Request(f"http://{address}/v2/{repository}/blobs/uploads/", data=b"", method="POST")
        with urllib.request.urlopen(begun) as answer:
            place = urljoin(f"http://{address}/", answer.headers["Location"])
        target = f"{place}{'&' if '?' in place else '?'}digest={digest}"
        done = urllib.request.Request(target, data=data, method="PUT", headers={"Content-Type": "application/octet-stream"})
        urllib.request.urlopen(done).close()


def put_manifest(address: str, repository: str, name: str, data: bytes, media_type: str) -> None:
    """A manifest or an index whose parts are there."""
    url = f"http://{address}/v2/{repository}/manifests/{name}"
    urllib.request.urlopen(urllib.request.Request(url, data=data, method="PUT", headers={"Content-Type": media_type})).close()


class SmallRegistry(socketserver.ThreadingTCPServer):
    """``manifests`` by ``repository:tag or digest``; ``blobs`` by digest, the same in all repositories."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.manifests: dict[str, tuple[bytes, str]] = {}
        self.blobs: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def add(self, repository: str, image: MadeImage, tag: str = "latest") -> str:
        """The digest of the manifest."""
        self.blobs.update(image.blobs)
        return self.add_manifest(repository, image.manifest, image.media_type, tag)

    def add_manifest(self, repository: str, data: bytes, media_type: str, tag: str = "latest") -> str:
        for name in (tag, digest_of(data)):
            self.manifests[f"{repository}:{name}"] = (data, media_type)
        return digest_of(data)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SmallRegistry

    def do_GET(self) -> None:
        match = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/([^/]+)", self.path)
        if self.path == "/v2/":
            self._send(200, b"{}", "application/json")
        elif match is not None and match[2] == "manifests" and f"{match[1]}:{match[3]}" in self.server.manifests:
            self._send(200, *self.server.manifests[f"{match[1]}:{match[3]}"])
        elif match is not None and match[2] == "blobs" and match[3] in self.server.blobs:
            self._send_part(self.server.blobs[match[3]])
        else:
            code = "MANIFEST_UNKNOWN" if match is not None and match[2] == "manifests" else "BLOB_UNKNOWN"
            body = json.dumps({"errors": [{"code": code, "message": f"{code.lower().replace('_', ' ')} to registry"}]})
            self._send(404, body.encode(), "application/json")

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _send_part(self, data: bytes) -> None:
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start >= len(data) > 0:
            self._send(416, b"", "text/plain", {"Content-Range": f"bytes */{len(data)}"})
        elif start:
            place = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            self._send(206, data[start:], "application/octet-stream", place)
        else:
            self._send(200, data, "application/octet-stream")

    def _send(self, status: int, body: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        if self.path.rpartition("/")[0].endswith("manifests") and status == 200:
            self.send_header("Docker-Content-Digest", digest_of(body))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def small_registry() -> Iterator[SmallRegistry]:
    server = SmallRegistry()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
