"""streamLayeredImage in the real sandbox and store: what its outputs refer to, and its script at /nix/store inside a build."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.app.builtins import builtins
from imagetools.formats.store_path import StorePath
from tests.unit.realise.world import World
from tests.unit.sandbox.cage import base_for, need_namespaces

from .build import DEFAULTS, TEMPLATE


@pytest.fixture
def world() -> Iterator[World]:
    need_namespaces()
    with base_for(None) as folder:
        made = World(folder)
        yield made
        made.close()


def image(world: World, folder: Path, builder: str, **env: str) -> tuple[StorePath, StorePath]:
    """The derivation of an image that holds ``folder``, whose path in the store comes second."""
    content = world.store.add_source(str(folder), "content")
    template = world.store.add_source(str(TEMPLATE), "template")
    drv = world.derivation(
        "",
        "image",
        outputs=("out", "plan") if builder == "docker-stream" else ("out",),
        sources=(content, template),
        env=DEFAULTS
        | {
            "layout": "layered",
            "compressor": "none",
            "contents": f'["{world.store.store_dir.join(content)}"]',
            "template": world.store.store_dir.join(template),
        }
        | env,
        builder=f"builtin:{builder}",
    )
    return drv, content


def test_script_plan_and_references(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/tool").write_bytes(os.urandom(300_000))
    built, _ = image(world, folder, "docker-image")
    streamed, content = image(world, folder, "docker-stream")
    world.realise(built, streamed, builtins=builtins())
    archive = Path(world.real(built)).read_bytes()

    info = world.store.query(world.output(streamed))
    assert info is not None and set(info.references) == {content, world.output(streamed, "plan")}
    plan = world.store.query(world.output(streamed, "plan"))
    assert plan is not None and plan.references == () and plan.nar_size < 5000

    done = subprocess.run([sys.executable, "-I", "-S", world.real(streamed)], capture_output=True, check=True, env={})
    assert done.stdout == archive

    inside = world.derivation(
        f"{world.path(streamed)} | sha256sum > $out", "inside", needs={streamed: ["out"]}, env={"PATH": "/usr/bin:/bin"}
    )
    if not Path("/usr/bin/python3").exists():
        pytest.skip("the host has no /usr/bin/python3 that a build could see")
    assert world.text(inside).split()[0] == hashlib.sha256(archive).hexdigest()


def test_a_mounted_store_is_kept_alive_too(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_text("text")
    streamed, content = image(world, folder, "docker-stream", includeStorePaths="")
    world.realise(streamed, builtins=builtins())
    info = world.store.query(world.output(streamed))
    assert info is not None and content in info.references
