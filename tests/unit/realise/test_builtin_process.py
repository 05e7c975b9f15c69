"""``builtin:`` builders: their own Python process inside the sandbox, with the product's fetchers."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from imagetools.app.builtins import builtins
from imagetools.kernel.hashes import digest
from imagetools.realise.failures import BuilderFailedError, NoSuchBuiltinError
from tests.unit.realise.world import World
from tests.unit.sandbox.cage import OTHER_USER, ROOT, as_other_user, base_for

BODY = b"downloaded\n"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/file"
    server.shutdown()
    server.server_close()


def test_fetchurl_through_the_sandbox(world: World, url: str) -> None:
    drv = world.derivation(
        "",
        fixed=("flat", digest("sha256", BODY)),
        env={"url": url, "LD_PRELOAD": "/none"},
        builder="builtin:fetchurl",
        system="builtin",
    )
    world.realise(drv, builtins=builtins())
    with open(world.real(drv), "rb") as file:
        assert file.read() == BODY
    assert b"downloading" in (world.store.read_log(drv) or b"")


def test_no_network_without_a_fixed_output(world: World, url: str) -> None:
    drv = world.derivation("", env={"url": url}, builder="builtin:fetchurl", system="builtin")
    with pytest.raises(BuilderFailedError, match="only fixed-output derivations have"):
        world.realise(drv, builtins=builtins())


def test_a_builtin_builder_that_does_not_exist_is_named(world: World) -> None:
    drv = world.derivation("", builder="builtin:teleport", system="builtin")
    with pytest.raises(NoSuchBuiltinError, match="unsupported builtin builder 'teleport'") as caught:
        world.realise(drv, builtins=builtins())
    assert "fetchurl" in (caught.value.hint or "")


@as_other_user()
def test_as_an_ordinary_user(url: str) -> None:
    with base_for(OTHER_USER) as root:
        script = (
            "import sys; from tests.unit.realise.world import *; from imagetools.app.builtins import builtins\n"
            "w = World(sys.argv[1]); hash = digest('sha256', sys.argv[3].encode())\n"
            "d = w.derivation('', fixed=('flat', hash), env={'url': sys.argv[2]}, builder='builtin:fetchurl', system='builtin')\n"
            "w.realise(d, builtins=builtins()); print(open(w.real(d)).read(), end=''); w.close()\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, root, url, BODY.decode()],
            cwd=ROOT,
            user=OTHER_USER,
            group=OTHER_USER,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
        assert done.stdout == BODY, done.stderr.decode()


def test_structured_attributes_are_variables_for_ours(world: World, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(BODY)
    drv = world.derivation(
        "",
        fixed=("flat", digest("sha256", BODY)),
        env={"__json": json.dumps({"url": f"file://{file}", "name": "x", "executable": False})},
        builder="builtin:fetchurl",
        system="builtin",
    )
    world.realise(drv, builtins=builtins())
    with open(world.real(drv), "rb") as found:
        assert found.read() == BODY
