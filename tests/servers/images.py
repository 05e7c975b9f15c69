"""Images as bytes, made by hand, and how they come into registries."""

import gzip
import hashlib
import io
import json
import tarfile
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin

import pyzstd

from imagetools.image import media_types
from tests.servers.registry import Registry

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


def add_image(registry: Registry, repository: str, image: MadeImage, tag: str = "latest") -> str:
    """Into a registry in memory; the digest of the manifest."""
    registry.blobs.setdefault(repository, {}).update(image.blobs)
    return add_manifest(registry, repository, image.manifest, image.media_type, tag)


def add_manifest(registry: Registry, repository: str, data: bytes, media_type: str, tag: str = "latest") -> str:
    """The digest; nothing is checked."""
    for name in (tag, digest_of(data)):
        registry.manifests.setdefault(repository, {})[name] = (media_type, data)
    return digest_of(data)
