"""OCI layouts as mappings of names to bytes, good ones and such that lie, made with nothing of ours."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PLAIN = "application/vnd.oci.image.layer.v1.tar"
REF = "org.opencontainers.image.ref.name"
VERSION = b'{"imageLayoutVersion":"1.0.0"}'

Json = dict[str, Any]


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def layer_tar(*names: str) -> bytes:
    """A small layer: files below ``nix/store``, which are their own names."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("nix", "nix/store"):
            folder = tarfile.TarInfo(name)
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
        for name in names:
            member = tarfile.TarInfo(f"nix/store/{name}")
            member.size = len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
    return out.getvalue()


TAR = layer_tar("0" * 32 + "-hello")


class Layout:
    """``files`` grow; every method gives the descriptor of what it added."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"oci-layout": VERSION}

    def add(self, media_type: str, data: bytes, **more: Any) -> Json:
        self.files[blob(sha256(data))] = data
        return {"mediaType": media_type, "digest": sha256(data), "size": len(data), **more}

    def add_json(self, media_type: str, value: Any, **more: Any) -> Json:
        return self.add(media_type, json.dumps(value).encode(), **more)

    def image(
        self,
        tars: Sequence[bytes] = (TAR,),
        *,
        config: Mapping[str, Any] | None = None,
        manifest: Mapping[str, Any] | None = None,
        tag: str | None = "latest",
        packed: bool = True,
        **more: Any,
    ) -> Json:
        """``config`` and ``manifest`` replace fields of the documents."""
        layers = [self.add(LAYER, gzip.compress(tar, mtime=0)) if packed else self.add(PLAIN, tar) for tar in tars]
        document = {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [sha256(tar) for tar in tars]},
            **(config or {}),
        }
        described = self.add_json(CONFIG, document)
        made = {"schemaVersion": 2, "config": described, "layers": layers, **(manifest or {})}
        annotations = {"annotations": {REF: tag}} if tag is not None else {}
        return self.add_json(MANIFEST, made, **annotations, **more)

    def index(self, *manifests: Any, **more: Any) -> "Layout":
        self.files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": list(manifests), **more}).encode()
        return self

    def write(self, folder: Path) -> str:
        for name, data in self.files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return str(folder)

    def tar(self, path: Path) -> str:
        with tarfile.open(path, "w") as tar:
            for name, data in self.files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        return str(path)


def good() -> Layout:
    layout = Layout()
    return layout.index(layout.image())
