"""What a manifest or index from a registry is: the media type that it says itself, else the one that the server said. Pure.

A document whose own words and whose shape differ is not believed (CVE-2021-41190).
"""

from typing import Final

from .descriptor import shortened
from .json_text import JsonTextError, read_json
from .media_types import INDEXES, MANIFESTS

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
    if (found in INDEXES and "layers" in document) or (found in MANIFESTS and "manifests" in document):
        return ""
    return found
