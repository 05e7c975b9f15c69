"""What an image is made of, as a person or a script wants to know it: from the facts of an archive or a layout.

Refuses to judge: that is image.validate. What cannot even be read is a BrokenImageError.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from . import manifest, media_types
from .descriptor import Descriptor, Platform
from .facts import ArchiveFacts, MemberFacts, Part
from .json_text import JsonTextError, read_json
from .oci_manifest import INDEX_FILE, OciIndex, OciManifest
from .reference import Reference
from .tags import BrokenImageError, is_attestation, names_of

_DOCKER_TYPES: Final = {
    "none": media_types.DOCKER_LAYER,
    "gzip": media_types.DOCKER_LAYER_GZIP,
    "zstd": media_types.DOCKER_LAYER_ZSTD,
}
_DEEPEST_INDEX: Final = 8


@dataclass(frozen=True, slots=True)
class InspectedLayer:
    """``digest`` and ``blob_size`` are those of the bytes as they lie there, ``diff_id`` and ``size`` of the tar in them.

    ``size`` is None where nobody has looked into it. ``parts``: what is in it, with sizes; ``removed``: what it takes away from
    the layers below; ``member`` holds its bytes.
    """

    digest: str
    blob_size: int
    diff_id: str
    size: int | None
    media_type: str
    comment: str
    store_paths: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    removed: tuple[str, ...] = ()
    member: str = ""

    def document(self) -> dict[str, object]:
        return {
            "digest": self.digest,
            "size": self.blob_size,
            "mediaType": self.media_type,
            "diffId": self.diff_id,
            "uncompressedSize": self.size,
            "comment": self.comment,
            "storePaths": list(self.store_paths),
            "contents": [{"path": part.path, "size": part.size, "files": part.files} for part in self.parts],
            "removes": list(self.removed),
        }


@dataclass(frozen=True, slots=True)
class Inspected:
    """``id`` is the digest of the config, ``digest`` that of the manifest (None in a docker archive, which has none).

    ``index``: the digest of the index that has it as one image for several machines, None where there is none.
    """

    names: tuple[str, ...]
    id: str
    digest: str | None
    created: str
    platform: Platform
    config: Mapping[str, object]
    annotations: Mapping[str, str]
    layers: tuple[InspectedLayer, ...]
    index: str | None = None

    @property
    def size(self) -> int | None:
        """Of all layers, uncompressed; None where nobody has looked into them."""
        sizes = [layer.size for layer in self.layers if layer.size is not None]
        return sum(sizes) if len(sizes) == len(self.layers) else None

    def document(self) -> dict[str, object]:
        """As ``--json`` prints it."""
        return {
            "names": list(self.names),
            "id": self.id,
            "digest": self.digest,
            "index": self.index,
            "created": self.created,
            "os": self.platform.os,
            "architecture": self.platform.architecture,
            "variant": self.platform.variant,
            "config": dict(self.config),
            "annotations": dict(self.annotations),
            "size": sum(layer.blob_size for layer in self.layers),
            "uncompressedSize": self.size,
            "layers": [layer.document() for layer in self.layers],
        }


def inspect(facts: ArchiveFacts) -> tuple[Inspected, ...]:
    """The images, in the order of the index. Raises BrokenImageError, LayoutJsonError, ManifestError."""
    damage = next((fault for fault in facts.faults if not fault.where), None)
    if damage is not None:
        raise BrokenImageError("", damage.what)
    if facts.is_layout:
        return tuple(_of_layout(facts))
    return tuple(_of_docker_archive(facts))


def _of_layout(facts: ArchiveFacts) -> Iterator[Inspected]:
    found: dict[str, tuple[Descriptor, str | None, list[str]]] = {}
    for item, index in _manifests(facts, OciIndex.parse(_text(facts, INDEX_FILE), INDEX_FILE), None, 0):
        names = found.setdefault(item.digest, (item, index, []))[2]
        names.extend(name for name in names_of(item) if name not in names)
    for item, index, names in found.values():
        read = OciManifest.parse(_text(facts, item.blob), item.blob)
        layers = [(layer.blob, layer.digest, layer.media_type) for layer in read.layers]
        image = _image(facts, tuple(names), read.config.blob, item.digest, read.annotations, layers)
        yield replace(image, index=index)


def _manifests(facts: ArchiveFacts, index: OciIndex, outer: str | None, depth: int) -> Iterator[tuple[Descriptor, str | None]]:
    """With the digest of the outermost index that has a name in ``index.json``."""
    for item in index.manifests:
        if is_attestation(item):
            continue
        if item.media_type not in media_types.INDEXES:
            yield item, outer
        elif depth < _DEEPEST_INDEX:
            names = names_of(item)
            inside = OciIndex.parse(_text(facts, item.blob), item.blob)
            for inner, found in _manifests(facts, inside, outer or item.digest, depth + 1):
                yield inner if names_of(inner) or not names else _with(inner, item), found
        else:
            raise BrokenImageError(item.blob, f"indexes are nested deeper than {_DEEPEST_INDEX}")


def _with(inner: Descriptor, outer: Descriptor) -> Descriptor:
    annotations = {**outer.annotations, **inner.annotations}
    return Descriptor(inner.media_type, inner.digest, inner.size, annotations, inner.platform, inner.urls)


def _of_docker_archive(facts: ArchiveFacts) -> Iterator[Inspected]:
    for image in manifest.read(_text(facts, "manifest.json")):
        names = tuple(Reference.familiar(tag) for tag in image.tags)
        yield _image(facts, names, image.config, None, {}, [(name, None, None) for name in image.layers])


def _image(
    facts: ArchiveFacts,
    names: tuple[str, ...],
    config_name: str,
    digest: str | None,
    annotations: Mapping[str, str],
    layers: Sequence[tuple[str, str | None, str | None]],
) -> Inspected:
    member = _member(facts, config_name)
    try:
        document = read_json(_text(facts, config_name))
    except JsonTextError as error:
        raise BrokenImageError(config_name, error.reason) from None
    if not isinstance(document, dict):
        raise BrokenImageError(config_name, "it is no object")
    config = document.get("config")
    comments = _comments(document.get("history"))
    return Inspected(
        names=names,
        id=f"sha256:{member.digest}",
        digest=digest,
        created=str(document.get("created") or ""),
        platform=Platform(str(document.get("os", "")), str(document.get("architecture", "")), str(document.get("variant", ""))),
        config=config if isinstance(config, dict) else {},
        annotations=annotations,
        layers=tuple(
            _layer(name, _member(facts, name), said, kind, comments[place] if place < len(comments) else "")
            for place, (name, said, kind) in enumerate(layers)
        ),
    )


def _layer(name: str, member: MemberFacts, digest: str | None, media_type: str | None, comment: str) -> InspectedLayer:
    return InspectedLayer(
        digest=digest or f"sha256:{member.digest}",
        blob_size=member.size,
        diff_id=f"sha256:{member.diff_id}",
        size=member.inner_size if member.read else None,
        media_type=media_type or _DOCKER_TYPES.get(member.compression, media_types.DOCKER_LAYER),
        comment=comment,
        store_paths=member.store_paths,
        parts=member.parts,
        removed=member.removed,
        member=name,
    )


def _comments(history: object) -> list[str]:
    """What the history says of each layer: its comment, or the command that made it."""
    if not isinstance(history, list):
        return []
    filled = [item for item in history if isinstance(item, dict) and not item.get("empty_layer")]
    return [str(item.get("comment") or item.get("created_by") or "") for item in filled]


def _member(facts: ArchiveFacts, name: str) -> MemberFacts:
    member = facts.follow(name)
    if member is None:
        raise BrokenImageError(name, "it is missing")
    if not member.digest:
        raise BrokenImageError(name, member.faults[0].what if member.faults else "it cannot be read")
    return member


def _text(facts: ArchiveFacts, name: str) -> bytes:
    text = _member(facts, name).text
    if text is None:
        raise BrokenImageError(name, "it is no JSON")
    return text
