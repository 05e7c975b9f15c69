"""A real registry (Debian's docker-registry) on loopback: open, with a name and a password, or with a token server before it."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.oracle.peers import need
from tests.servers.token_server import ISSUER, SERVICE, TokenServer

PROGRAM = "docker-registry"
NAME, PASSWORD = "ann", "geheim:7"
_HTPASSWD = "$2y$04$cky7hYFWjucstznYDvfjkuUKtlzDmdw9qkdjUbNgbBDZGKzELO8/u"


@dataclass(frozen=True)
class RunningRegistry:
    """``address`` is ``HOST:PORT``, ``folder`` where it keeps what it has; ``kill`` ends it as a crash would."""

    address: str
    folder: Path
    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running_registry(
    folder: Path, *, basic: bool = False, tokens: TokenServer | None = None, certificate: Path | None = None
) -> Iterator[RunningRegistry]:
    """Skips the test where there is no registry to run. ``folder`` may hold the content of an earlier one. ``certificate`` (with
    its key in the same file) makes it speak TLS."""
    need(PROGRAM)
    folder.mkdir(exist_ok=True)
    address = f"127.0.0.1:{_free_port()}"
    config: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "content")}, "delete": {"enabled": True}},
        "http": {"addr": address, "secret": "of the tests"},
    }
    if certificate is not None:
        config["http"] = {"addr": address, "tls": {"certificate": str(certificate), "key": str(certificate)}}
    if basic:
        (folder / "htpasswd").write_text(f"{NAME}:{_HTPASSWD}\n")
        config["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    if tokens is not None:
        tokens.write_certificate(folder / "tokens.pem")
        given = {"realm": tokens.realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": str(folder / "tokens.pem")}
        config["auth"] = {"token": given}
    (folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([PROGRAM, "serve", str(folder / "config.yml")], stdout=log, stderr=log)
    try:
        _wait(address, process, folder / "log")
        yield RunningRegistry(address, folder, process)
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{address}/v2/", timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"{PROGRAM} does not answer: {log.read_text()}")
