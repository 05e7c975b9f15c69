"""An image as an immutable view: its config and its layers. A change gives another view; no medium is known here.

The config's JSON is made here and nowhere else, since the image's ID is its hash: keys in a fixed order, no white space, UTF-8.
Source: OCI image-spec config.md; Docker Image Specification 1.2 (rows 2.001, 2.012-2.014).
"""

import json
from dataclasses import dataclass, replace

from ..kernel.hashes import Hash, digest
from .container_config import ContainerConfig
from .layer import Layer, oci_digest


@dataclass(frozen=True, slots=True)
class Image:
    """``architecture`` is Go's name (amd64, arm64 …) and ``variant`` which kind of it, mostly none; ``created`` is an RFC 3339
    time; ``layers`` from the lowest up."""

    architecture: str
    created: str
    config: ContainerConfig
    layers: tuple[Layer, ...] = ()
    os: str = "linux"
    variant: str = ""

    def with_layers(self, *layers: Layer) -> "Image":
        """The same image with ``layers`` on top."""
        return replace(self, layers=self.layers + layers)

    @property
    def diff_ids(self) -> tuple[Hash, ...]:
        return tuple(layer.diff_id for layer in self.layers)

    def config_json(self) -> bytes:
        """The bytes whose SHA-256 is the image's ID."""
        document = {
            "created": self.created,
            "architecture": self.architecture,
            "os": self.os,
            **({"variant": self.variant} if self.variant else {}),
            "config": dict(self.config.fields),
            "rootfs": {"type": "layers", "diff_ids": [oci_digest(layer.diff_id) for layer in self.layers]},
            "history": [_history(self.created, layer) for layer in self.layers],
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def id(self) -> Hash:
        return digest("sha256", self.config_json())


def _history(created: str, layer: Layer) -> dict[str, str]:
    told = layer.history or (("comment", layer.comment),) if layer.history or layer.comment else ()
    return {"created": created, **dict(told)}
