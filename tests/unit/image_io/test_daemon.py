"""Loading into an engine: a small server that speaks the two calls needed, and no engine at all."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from imagetools.image_io import daemon
from imagetools.image_io.daemon import EngineRefusedError, EngineUnreachableError, LayerLoading, LoadEvent, Sent


class Engine(ThreadingHTTPServer):
    """Answers like Docker's engine; ``messages`` are what it says to an archive, ``got`` what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.messages: list[dict[str, object]] = []
        self.status = 200
        self.got = b""

    @property
    def environment(self) -> dict[str, str]:
        return {"DOCKER_HOST": f"tcp://127.0.0.1:{self.server_address[1]}"}


class Handler(BaseHTTPRequestHandler):
    server: Engine
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200, json.dumps({"ApiVersion": "1.41"}).encode() if "version" in self.path else b"OK")

    def do_POST(self) -> None:
        if "Content-Length" in self.headers:
            self.server.got = self.rfile.read(int(self.headers["Content-Length"]))
        else:
            while size := int(self.rfile.readline(), 16):
                self.server.got += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for message in self.server.messages:
            text = json.dumps(message).encode() + b"\r\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(text), text))
        self.wfile.write(b"0\r\n\r\n")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def archive(tmp_path: Path) -> str:
    path = tmp_path / "image.tar.gz"
    path.write_bytes(os.urandom(3_000_000))
    return str(path)


def test_load(engine: Engine, archive: str) -> None:
    engine.messages = [
        {"status": "Loading layer", "progressDetail": {"current": 32768, "total": 65536}, "id": "abc"},
        {"status": "Loading layer", "progressDetail": {}, "id": "abc"},
        {"stream": "Loaded image: hello:latest\n"},
        {"stream": "Loaded image ID: sha256:00\n"},
    ]
    events: list[LoadEvent] = []
    assert daemon.load(archive, engine.environment, events.append) == ("hello:latest", "sha256:00")
    assert engine.got == Path(archive).read_bytes()
    assert Sent(3_000_000, 3_000_000) in events
    assert events[-1] == LayerLoading("abc", 32768, 65536)


def test_the_engine_refuses(engine: Engine, archive: str) -> None:
    engine.messages = [{"errorDetail": {"message": "unexpected EOF"}, "error": "unexpected EOF"}]
    with pytest.raises(EngineRefusedError) as caught:
        daemon.load(archive, engine.environment)
    assert str(caught.value) == f"the Docker engine did not load '{archive}': unexpected EOF"


def test_the_engine_fails(engine: Engine, archive: str) -> None:
    engine.status = 500
    engine.messages = [{"message": "no space left on device"}]
    with pytest.raises(EngineRefusedError, match="no space left on device"):
        daemon.load(archive, engine.environment)


@pytest.mark.parametrize(
    ("host", "reason"),
    [("unix:///nowhere.sock", "No such file or directory"), ("tcp://127.0.0.1:9", "Connection refused")],
)
def test_no_engine(archive: str, host: str, reason: str) -> None:
    with pytest.raises(EngineUnreachableError) as caught:
        daemon.load(archive, {"DOCKER_HOST": host})
    assert str(caught.value) == f"no Docker engine answers at {host}: {reason}"
    assert caught.value.hint == "start it (sudo systemctl start docker), or name another one by DOCKER_HOST"


def test_no_archive(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        daemon.load(str(tmp_path / "gone"), {})


def test_an_engine_one_may_not_use() -> None:
    error = EngineUnreachableError("unix:///var/run/docker.sock", "Permission denied", forbidden=True)
    assert error.hint is not None and "usermod -aG docker" in error.hint
