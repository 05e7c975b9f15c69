"""``manifest.json`` of a docker archive: which members make which image (Docker Image Specification 1.2).

Reading is strict about what a reader will follow (names that leave the archive), and quiet about keys that it does not know.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..kernel.errors import ImagetoolsError
from .json_text import JsonTextError, read_json

_HEX_NAME: Final = re.compile(r"(?:.*/)?([0-9a-f]{64})(?:\.json)?", re.DOTALL)


class ManifestError(ImagetoolsError):
    """``manifest.json`` is not what Docker writes; the sentence says where."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"bad manifest.json in the image archive: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ArchivedImage:
    """One entry: the member that holds the config, ``name:tag`` texts, and the members of the layers from the lowest up."""

    config: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]


def config_digest(name: str) -> str | None:
    """The SHA-256 (base 16) that the name of a config's member claims, None where it claims none."""
    found = _HEX_NAME.fullmatch(name)
    return found[1] if found else None


def write(images: Iterable[ArchivedImage]) -> bytes:
    """The bytes of ``manifest.json``."""
    entries = [{"Config": image.config, "RepoTags": list(image.tags), "Layers": list(image.layers)} for image in images]
    return json.dumps(entries, separators=(",", ":")).encode()


def read(data: bytes) -> tuple[ArchivedImage, ...]:
    """The entries in order. Raises ManifestError."""
    try:
        entries = read_json(data)
    except JsonTextError as error:
        raise ManifestError(error.reason) from None
    if not isinstance(entries, list) or not entries:
        raise ManifestError("it is no list of images")
    return tuple(_entry(entry, f"image {number}") for number, entry in enumerate(entries, 1))


def _entry(entry: object, where: str) -> ArchivedImage:
    if not isinstance(entry, dict):
        raise ManifestError(f"{where} is no object")
    config = entry.get("Config")
    if not isinstance(config, str):
        raise ManifestError(f"{where} has no Config")
    layers = _strings(entry.get("Layers"), f"Layers of {where}")
    for name in (config, *layers):
        if name.startswith("/") or ".." in name.split("/"):
            raise ManifestError(f"{where} names a member outside the archive, '{name}'")
    return ArchivedImage(config, _strings(entry.get("RepoTags"), f"RepoTags of {where}"), layers)


def _strings(value: object, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ManifestError(f"{where} is no list of strings")
    return tuple(value)
