"""Building an image over a fake store, and looking into what came out with Python's own ``tarfile``."""

import gzip
import io
import json
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyzstd

from imagetools.bundled.builders.docker_tools.docker_image import DockerImage
from imagetools.bundled.builders.docker_tools.docker_stream import DockerStream
from imagetools.bundled.builders.docker_tools.request import BUILDER_VERSION
from imagetools.image_io.archive_reader import validate_archive
from tests.unit.house.imports import ROOT

from .fakes import FakeContext, FakeStore

DEFAULTS = {
    "builderVersion": str(BUILDER_VERSION),
    "imageName": "test",
    "imageTag": "1",
    "contents": "[]",
    "config": "null",
    "architecture": "amd64",
    "created": "1970-01-01T00:00:01Z",
    "mtime": "1970-01-01T00:00:01Z",
    "uid": "0",
    "gid": "0",
    "uname": "root",
    "gname": "root",
    "maxLayers": "100",
    "keepContentsDirlinks": "",
    "includeStorePaths": "1",
    "compressor": "gz",
}

BUILDERS = ROOT / "builders"
RUN = str(BUILDERS / "trivial/run.sh")
TEMPLATE = BUILDERS / "docker_tools/stream_image.py.j2"


@dataclass
class Built:
    """``layers``: for each layer its members by name; ``archive`` the uncompressed bytes; ``log`` the lines."""

    archive: bytes
    manifest: dict[str, Any]
    config: dict[str, Any]
    layers: list[dict[str, tarfile.TarInfo]]
    tars: list[bytes]
    log: list[str]

    def read(self, layer: int, name: str) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(self.tars[layer])) as tar:
            file = tar.extractfile(name)
            assert file is not None
            return file.read()


def build(store: FakeStore, out: Path, layout: str, **attributes: Any) -> Built:
    """Attributes that are no strings go in as JSON."""
    ctx = FakeContext(store, out, environment(layout, attributes))
    DockerImage().build(ctx)
    shutil.rmtree(out.parent / "layer", ignore_errors=True)
    assert validate_archive(str(out)) == ()
    return inspect(unpacked(out), ctx.lines)


def environment(layout: str, attributes: dict[str, Any]) -> dict[str, str]:
    """The derivation's attributes, with what runs ``extraCommands``."""
    env = dict(DEFAULTS, layout=layout)
    env.update({key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()})
    if any(env.get(name) for name in ("extraCommands", "runAsRoot", "fakeRootCommands")):
        env.update(shell="/bin/bash", script=RUN, PATH="/usr/bin:/bin")
    return env


def stream(store: FakeStore, scratch: Path, **attributes: Any) -> Path:
    """The script that streamLayeredImage's builder makes, in the store beside its plan."""
    attributes["template"] = store.add("template", TEMPLATE.read_bytes())
    out = store.root / store.path_of("stream").base_name
    ctx = FakeContext(store, out, environment("layered", attributes), "docker-stream")
    ctx.scratch = str(scratch)
    ctx.logical_outputs = {"out": store.logical("stream"), "plan": store.logical("stream-plan")}
    ctx.outputs["plan"] = str(store.root / store.path_of("stream-plan").base_name)
    DockerStream().build(ctx)
    shutil.rmtree(scratch / "layer", ignore_errors=True)
    return out


def unpacked(archive: Path) -> bytes:
    """The tar, whatever it is compressed with."""
    data = archive.read_bytes()
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    return pyzstd.decompress(data) if data[:4] == b"\x28\xb5\x2f\xfd" else data


def inspect(archive: bytes, log: list[str]) -> Built:
    with tarfile.open(fileobj=io.BytesIO(archive)) as outer:
        members = {member.name: member for member in outer.getmembers()}

        def read(name: str) -> bytes:
            file = outer.extractfile(members[name])
            assert file is not None
            return file.read()

        (manifest,) = json.loads(read("manifest.json"))
        tars = [read(name) for name in manifest["Layers"]]
        layers = []
        for tar in tars:
            with tarfile.open(fileobj=io.BytesIO(tar), encoding="utf-8", errors="surrogateescape") as inner:
                layers.append({member.name: member for member in inner.getmembers()})
        return Built(archive, manifest, json.loads(read(manifest["Config"])), layers, tars, log)
