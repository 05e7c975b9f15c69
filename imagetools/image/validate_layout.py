"""Is an OCI image layout whole and true? From ``index.json`` along all descriptors, never in circles (OCI image-layout.md)."""

from collections.abc import Iterable, Sequence
from typing import Final

from . import media_types
from .descriptor import Descriptor, Platform, is_digest, shortened
from .facts import ArchiveFacts, Failure, MemberFacts
from .json_text import LARGEST
from .layering.plan import DEEPEST
from .oci_manifest import (
    INDEX_FILE,
    LAYOUT_FILE,
    REF_NAME,
    OciManifest,
    check_layout_file,
    is_artifact,
    read_index,
    read_manifest,
)
from .tags import is_attestation
from .validate_config import check_layers, read_config

#: How many indexes may stand above a manifest.
DEEPEST_INDEX: Final = 8


def check_layout(facts: ArchiveFacts) -> Iterable[Failure]:
    """All that is wrong with the layout."""
    walk = _Walk(facts)
    walk.layout()
    return walk.failures


class _Walk:
    def __init__(self, facts: ArchiveFacts) -> None:
        self._facts: Final = facts
        self._seen: set[tuple[str, str]] = set()
        self.failures: list[Failure] = []

    def layout(self) -> None:
        members = self._facts.members
        text = self._text(LAYOUT_FILE)
        if text is not None:
            self._report(LAYOUT_FILE, check_layout_file(text))
        index = self._text(INDEX_FILE)
        if index is not None:
            described = self._index(INDEX_FILE, index, (f"sha256:{members[INDEX_FILE].digest}",))
            names = [item.annotations[REF_NAME] for item in described if REF_NAME in item.annotations]
            twice = dict.fromkeys(name for name in names if names.count(name) > 1)
            self._report(INDEX_FILE, (f"it has the name '{shortened(name)}' more than once" for name in twice))
        for name, member in members.items():
            if not name.startswith("blobs/"):
                continue
            digest = name[len("blobs/") :].replace("/", ":", 1)
            if not is_digest(digest):
                self._report(name, ["its name is no digest"])
            elif member.digest and digest.partition(":")[2] != member.digest:
                self._report(name, [f"its bytes have the digest {member.digest}"])
            self.failures.extend(
                Failure(name, fault.what) for fault in member.faults if not member.diff_id and not fault.where
            )  # a link, a socket: what could not be read at all

    def _index(self, where: str, text: bytes, trail: tuple[str, ...]) -> tuple[Descriptor, ...]:
        index, problems = read_index(text)
        self._report(where, problems)
        for item in index.manifests:
            self._follow(item, where, trail)
        if where != INDEX_FILE:
            self._platforms(where, index.manifests)
        return index.manifests

    def _platforms(self, where: str, items: Sequence[Descriptor]) -> None:
        """Nothing says that a machine must find exactly one image, but what does it do then?"""
        images = [item for item in items if not is_attestation(item) and item.media_type in media_types.MANIFESTS]
        seen: set[str] = set()
        for item in images if len(images) > 1 else ():
            platform = str(item.platform)
            if item.platform is None:
                self._warn(where, f"it does not say for which machine {item.digest} is")
            elif item.platform.os == "linux" and platform in seen and not item.annotations:
                self._warn(where, f"it has more than one image for {shortened(platform)}")
            seen.add(platform)

    def _follow(self, item: Descriptor, where: str, trail: tuple[str, ...]) -> None:
        if item.digest in trail:
            self._report(where, [f"it points to itself, through {item.digest}"])
            return
        if len(trail) > DEEPEST_INDEX:
            self._report(where, [f"indexes are nested deeper than {DEEPEST_INDEX}"])
            return
        known = item.media_type in media_types.INDEXES or item.media_type in media_types.MANIFESTS
        if not known:
            self._report(where, [f"the media type '{shortened(item.media_type)}' of {item.digest} is not known"])
        member = self._blob(item, where)
        if member is None or not known or (item.digest, item.media_type) in self._seen:
            return
        self._seen.add((item.digest, item.media_type))
        text = self._text(item.blob)
        if text is None:
            return
        if item.media_type in media_types.INDEXES:
            self._index(item.blob, text, (*trail, item.digest))
            return
        manifest, problems = read_manifest(text)
        self._report(item.blob, problems)
        if manifest is None:
            return
        no_image = manifest.config.media_type not in media_types.CONFIGS and is_artifact(text)
        if no_image or is_attestation(item):
            for part in (manifest.config, *manifest.layers):
                self._blob(part, item.blob)
        else:
            self._image(item.blob, manifest, item.platform)

    def _image(self, where: str, manifest: OciManifest, platform: Platform | None) -> None:
        if len(manifest.layers) > DEEPEST:
            self._report(where, [f"{len(manifest.layers)} layers, Docker takes at most {DEEPEST}"])
        layers: list[tuple[str, MemberFacts | None]] = []
        for layer in manifest.layers:
            compression = media_types.LAYERS.get(layer.media_type)
            if compression is None:
                self._report(where, [f"the media type '{shortened(layer.media_type)}' of the layer {layer.digest} is not known"])
            elsewhere = bool(layer.urls) and layer.blob not in self._facts.members
            member = None if elsewhere else self._blob(layer, where)
            if member is not None and member.digest and compression is not None and member.compression != compression:
                said = {"none": "not compressed"}
                is_, should = (said.get(kind, f"compressed by {kind}") for kind in (member.compression, compression))
                self._report(layer.blob, [f"it is {is_}, its media type says that it is {should}"])
            layers.append((layer.blob, member))
        config = manifest.config
        if config.media_type not in media_types.CONFIGS:
            self._report(where, [f"the media type '{shortened(config.media_type)}' of the config is not known"])
        text = self._text(config.blob) if self._blob(config, where) is not None else None
        if text is None:
            return
        document, problems = read_config(config.blob, text)
        self.failures.extend(problems)
        if document is None:
            return
        for key, value in (("os", platform.os), ("architecture", platform.architecture)) if platform is not None else ():
            if document.get(key) != value:
                self._report(
                    config.blob, [f"its {key} is '{shortened(str(document.get(key)))}', the index says '{shortened(value)}'"]
                )
        variant = document.get("variant")
        if platform is not None and variant and platform.variant and variant != platform.variant:
            self._warn(config.blob, f"its variant is '{shortened(str(variant))}', the index says '{shortened(platform.variant)}'")
        self.failures.extend(check_layers(config.blob, document, where, layers))

    def _blob(self, item: Descriptor, where: str) -> MemberFacts | None:
        """What a descriptor points to; its size is looked at, its digest was, with all others."""
        member = self._facts.follow(item.blob)
        if member is None:
            self._report(item.blob, [f"it is missing, {where} points to it"])
        elif member.digest and member.size != item.size:
            self._report(item.blob, [f"it has {member.size} bytes, {where} says {item.size}"])
        return member

    def _text(self, name: str) -> bytes | None:
        member = self._facts.follow(name)
        if member is None:
            self._report(name, ["it is missing"])
        elif member.text is None:
            self._report(name, [f"it is larger than {LARGEST >> 20} MiB" if member.size > LARGEST else "it is no JSON"])
        return None if member is None else member.text

    def _warn(self, where: str, what: str) -> None:
        self.failures.append(Failure(where, what, serious=False))

    def _report(self, where: str, problems: Iterable[str]) -> None:
        self.failures.extend(Failure(where, problem) for problem in problems)
