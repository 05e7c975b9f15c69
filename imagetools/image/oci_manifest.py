"""The JSON documents of an OCI image layout: ``oci-layout``, indexes, manifests (OCI image-spec 1.0; Docker image manifest 2.2).

Written in one spelling, so that digests depend on the values alone. Read with all that is wrong collected; ``parse`` raises it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..kernel.errors import ImagetoolsError
from . import media_types
from .descriptor import Descriptor, read_annotations, read_descriptor, shortened
from .json_text import JsonTextError, read_json, write_json

LAYOUT_FILE: Final = "oci-layout"
INDEX_FILE: Final = "index.json"
LAYOUT_VERSION: Final = "1.0.0"
LAYOUT_BYTES: Final = write_json({"imageLayoutVersion": LAYOUT_VERSION})
REF_NAME: Final = "org.opencontainers.image.ref.name"
#: What containerd, Docker (25 and later) and nerdctl take for the whole name of an image.
FULL_NAME: Final = "io.containerd.image.name"

_MOST_PARTS: Final = 10_000


class LayoutJsonError(ImagetoolsError):
    """``where`` (a member of a layout) is no document of the kind that it should be; ``problems`` are all the reasons."""

    def __init__(self, where: str, problems: Sequence[str]) -> None:
        super().__init__(f"bad image layout: {where}: " + "; ".join(problems))
        self.where = where
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class OciIndex:
    """Manifests and further indexes, in order."""

    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    def document(self, media_type: str = media_types.OCI_INDEX) -> bytes:
        made: dict[str, object] = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "manifests": [item.document() for item in self.manifests],
        }
        if self.annotations:
            made["annotations"] = dict(self.annotations)
        return write_json(made)

    @staticmethod
    def parse(data: bytes, where: str) -> "OciIndex":
        """Raises LayoutJsonError."""
        index, problems = read_index(data)
        if problems:
            raise LayoutJsonError(where, problems)
        return index


@dataclass(frozen=True, slots=True)
class OciManifest:
    """One image: its config and its layers from the lowest up."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    def document(self, media_type: str = media_types.OCI_MANIFEST) -> bytes:
        made: dict[str, object] = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": self.config.document(),
            "layers": [layer.document() for layer in self.layers],
        }
        if self.annotations:
            made["annotations"] = dict(self.annotations)
        return write_json(made)

    @staticmethod
    def parse(data: bytes, where: str) -> "OciManifest":
        """Raises LayoutJsonError."""
        manifest, problems = read_manifest(data)
        if manifest is None or problems:
            raise LayoutJsonError(where, problems)
        return manifest


def read_index(data: bytes) -> tuple[OciIndex, tuple[str, ...]]:
    """The index, as far as it can be followed, and all that is wrong with it."""
    problems: list[str] = []
    document = _document(data, media_types.INDEXES, problems)
    manifests = _descriptors(document.get("manifests"), "manifests", "manifest", problems) if document else ()
    annotations = read_annotations(document.get("annotations"), "the index", problems.append)
    return OciIndex(tuple(item for item in manifests if item is not None), annotations), tuple(problems)


def read_manifest(data: bytes) -> tuple[OciManifest | None, tuple[str, ...]]:
    """The manifest, and all that is wrong with it; None where its config or a layer cannot be followed."""
    problems: list[str] = []
    document = _document(data, media_types.MANIFESTS, problems)
    if not document:
        return None, tuple(problems)
    config = read_descriptor(document["config"], "the config", problems.append) if "config" in document else None
    if "config" not in document:
        problems.append("it has no config")
    layers = _descriptors(document.get("layers"), "layers", "layer", problems)
    annotations = read_annotations(document.get("annotations"), "the manifest", problems.append)
    whole = tuple(layer for layer in layers if layer is not None)
    if config is None or len(whole) != len(layers):
        return None, tuple(problems)
    return OciManifest(config, whole, annotations), tuple(problems)


def is_artifact(data: bytes) -> bool:
    """Whether the manifest says that it is something else than an image (OCI image-spec 1.1: a signature, say)."""
    try:
        document = read_json(data)
    except JsonTextError:
        return False
    return isinstance(document, dict) and ("artifactType" in document or "subject" in document)


def check_layout_file(data: bytes) -> tuple[str, ...]:
    """All that is wrong with the bytes of ``oci-layout``."""
    try:
        document = read_json(data)
    except JsonTextError as error:
        return (error.reason,)
    version = document.get("imageLayoutVersion") if isinstance(document, dict) else None
    if not isinstance(version, str):
        return ("it has no imageLayoutVersion",)
    return () if version == LAYOUT_VERSION else (f"the imageLayoutVersion '{shortened(version)}' is not known",)


def _document(data: bytes, allowed: frozenset[str], problems: list[str]) -> dict[str, object]:
    """The object; empty, with the reason, where it is none."""
    try:
        document = read_json(data)
    except JsonTextError as error:
        problems.append(error.reason)
        return {}
    if not isinstance(document, dict) or not document:
        problems.append("it is no object")
        return {}
    if document.get("schemaVersion") != 2 or isinstance(document["schemaVersion"], bool):
        problems.append("its schemaVersion is not 2")
    said = document.get("mediaType")
    if said is not None and said not in allowed:
        problems.append(f"it says that it is '{shortened(str(said))}'")
    return document


def _descriptors(value: object, key: str, word: str, problems: list[str]) -> tuple[Descriptor | None, ...]:
    if not isinstance(value, list):
        problems.append(f"it has no list of {key}")
        return ()
    if len(value) > _MOST_PARTS:
        problems.append(f"it has {len(value)} {key}, more than {_MOST_PARTS}")
        return ()
    return tuple(read_descriptor(item, f"{word} {number}", problems.append) for number, item in enumerate(value, 1))
