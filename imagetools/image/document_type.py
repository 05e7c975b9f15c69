"""What a manifest or index from a registry is: what it says itself, else what the server said, else what it looks like. Pure.

A document whose own words and whose shape differ is not believed (CVE-2021-41190).
"""

from typing import Final

from .descriptor import shortened
from .json_text import JsonTextError, read_json
from .media_types import DOCKER_CONFIG, DOCKER_MANIFEST, INDEXES, MANIFESTS, OCI_INDEX, OCI_MANIFEST

#: Manifests of schema 1, from before 2016; their media types begin so.
OLD: Final = "application/vnd.docker.distribution.manifest.v1"


def document_type(data: bytes, said: str) -> str:
    """The media type; ``said`` where the document has none, empty where it is no JSON object or contradicts itself."""
    try:
        document = read_json(data)
    except JsonTextError:
        return ""
    if not isinstance(document, dict):
        return ""
    if document.get("schemaVersion") == 1:
        return OLD
    own = document.get("mediaType")
    found = shortened(own) if isinstance(own, str) and own else said
    if not own and said not in INDEXES | MANIFESTS:
        found = _guessed(document) or said
    if (found in INDEXES and "layers" in document) or (found in MANIFESTS and "manifests" in document):
        return ""
    return found


def _guessed(document: dict[str, object]) -> str:
    """For servers that call everything ``application/json``; empty where it looks like nothing."""
    config = document.get("config")
    if isinstance(document.get("manifests"), list):
        return OCI_INDEX
    if not isinstance(config, dict) or not isinstance(document.get("layers"), list):
        return ""
    return DOCKER_MANIFEST if config.get("mediaType") == DOCKER_CONFIG else OCI_MANIFEST
