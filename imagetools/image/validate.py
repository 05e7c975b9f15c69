"""Is an image archive whole and true? Every failure is returned, not the first; nothing is raised and nothing is read here.

The facts (what members there are, what they hash to, what was odd inside each layer) come from image_io.archive_reader; here they
are compared with what the manifest and the configs claim. Source: Docker Image Specification 1.2; OCI image-spec config.md.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from . import manifest
from .container_config import ContainerConfig, ContainerConfigError
from .layering.plan import DEEPEST
from .manifest import ArchivedImage, ManifestError
from .reference import ImageNameError, Reference
from .times import Moment, TimeFormatError

_HEX_NAME: Final = re.compile(r"(?:.*/)?([0-9a-f]{64})(?:\.json)?")


@dataclass(frozen=True, slots=True)
class Failure:
    """``where`` is the member (or member!entry of a layer) that is wrong; empty for the archive as a whole."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """``digest``: SHA-256 (base 16) of the bytes; ``diff_id``: of what they hold uncompressed.

    ``text`` holds the bytes of small JSON members. ``target`` is the member that a link names. ``faults``: oddities in a layer.
    """

    digest: str = ""
    diff_id: str = ""
    size: int = 0
    text: bytes | None = None
    target: str | None = None
    faults: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """``members`` by name; ``faults`` were seen while reading (damage, members twice)."""

    members: Mapping[str, MemberFacts]
    faults: tuple[Failure, ...] = field(default=())


def validate(facts: ArchiveFacts) -> tuple[Failure, ...]:
    """All that is wrong, in the order of the archive's own structure; empty for a good archive."""
    found = list(facts.faults)
    index = facts.members.get("manifest.json")
    if index is None or index.text is None:
        return (*found, Failure("manifest.json", "it is missing"))
    try:
        images = manifest.read(index.text)
    except ManifestError as error:
        return (*found, Failure("manifest.json", error.reason))
    for image in images:
        found.extend(_check_image(image, facts.members))
    return tuple(dict.fromkeys(found))


def _check_image(image: ArchivedImage, members: Mapping[str, MemberFacts]) -> Iterator[Failure]:
    for tag in image.tags:
        try:
            Reference.parse(tag)
        except ImageNameError as error:
            yield Failure("manifest.json", error.message)
    if len(image.layers) > DEEPEST:
        yield Failure("manifest.json", f"{len(image.layers)} layers, Docker takes at most {DEEPEST}")
    config = _follow(image.config, members)
    if config is None or config.text is None:
        yield Failure(image.config, "the config is missing")
        return
    named = _HEX_NAME.fullmatch(image.config)
    if named and named[1] != config.digest:
        yield Failure(image.config, f"its bytes have the digest {config.digest}")
    try:
        document = json.loads(config.text)
    except ValueError as error:
        yield Failure(image.config, f"it is no JSON ({error})")
        return
    if not isinstance(document, dict):
        yield Failure(image.config, "it is no object")
        return
    yield from (Failure(image.config, text) for text in _check_config(document))
    yield from _check_layers(image, document, members)


def _check_config(document: Mapping[str, object]) -> Iterator[str]:
    for key in ("architecture", "os"):
        if not isinstance(document.get(key), str) or not document[key]:
            yield f"it has no {key}"
    created = document.get("created")
    if created is not None:
        try:
            Moment.parse(str(created), "created")
        except TimeFormatError as error:
            yield error.message
    if document.get("config") is not None:
        try:
            ContainerConfig.parse(json.dumps(document["config"]).encode())
        except ContainerConfigError as error:
            yield from (f"config: {problem}" for problem in error.problems)


def _check_layers(image: ArchivedImage, document: Mapping[str, object], members: Mapping[str, MemberFacts]) -> Iterator[Failure]:
    rootfs = document.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(diff_ids, list) or not all(isinstance(item, str) for item in diff_ids):
        yield Failure(image.config, "it has no rootfs.diff_ids")
        return
    if len(diff_ids) != len(image.layers):
        yield Failure(image.config, f"it has {len(diff_ids)} diff_ids, manifest.json has {len(image.layers)} layers")
    history = document.get("history")
    if isinstance(history, list):
        filled = sum(1 for item in history if not (isinstance(item, dict) and item.get("empty_layer")))
        if filled not in {0, len(diff_ids)}:
            yield Failure(image.config, f"its history has {filled} layers, diff_ids has {len(diff_ids)}")
    for name, diff_id in zip(image.layers, diff_ids, strict=False):
        layer = _follow(name, members)
        if layer is None:
            yield Failure(name, "the layer is missing")
            continue
        if diff_id != f"sha256:{layer.diff_id}":
            yield Failure(name, f"its diff ID is sha256:{layer.diff_id}, the config says {diff_id}")
        yield from (Failure(f"{name}!{fault.where}" if fault.where else name, fault.what) for fault in layer.faults)


def _follow(name: str, members: Mapping[str, MemberFacts]) -> MemberFacts | None:
    """The member itself: docker save writes equal layers once and links the others to it."""
    for _ in range(8):
        member = members.get(name)
        if member is None or member.target is None:
            return member
        name = member.target
    return None
