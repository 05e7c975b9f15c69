"""What an image in a registry holds, as ``archive_reader`` says it of archives: its documents, and layers where they are wanted.

Only what can be reached from its manifest is asked for, each thing once. What cannot be had becomes a fault, as damage does.
"""

import os
from typing import Final

from ..archive.member import Kind, Member
from ..image import media_types
from ..image.config_layers import diff_ids_of
from ..image.descriptor import Descriptor
from ..image.facts import ArchiveFacts, Failure, MemberFacts
from ..image.json_text import JsonTextError, read_json
from ..image.oci_manifest import INDEX_FILE, LAYOUT_BYTES, LAYOUT_FILE, OciManifest, read_index, read_manifest
from ..image.validate_layout import DEEPEST_INDEX
from ..kernel.errors import ImagetoolsError
from .archive_reader import member_facts
from .members import Members


def remote_facts(members: Members, *, layers: bool) -> ArchiveFacts:
    """``layers``: read them too; otherwise what manifests and configs say of them is taken. Raises ImagetoolsError where not even
    the first manifest can be had."""
    reading = _Reading(members, layers=layers)
    reading.members[LAYOUT_FILE] = member_facts(LAYOUT_FILE, _member(LAYOUT_FILE, LAYOUT_BYTES))
    data = b"".join(members.pieces(INDEX_FILE))
    reading.members[INDEX_FILE] = member_facts(INDEX_FILE, _member(INDEX_FILE, data))
    for item in read_index(data)[0].manifests:
        reading.follow(item, 0)
    return ArchiveFacts(reading.members, (), "registry")


class _Reading:
    def __init__(self, members: Members, *, layers: bool) -> None:
        self._members: Final = members
        self._layers: Final = layers
        self.members: dict[str, MemberFacts] = {}

    def follow(self, item: Descriptor, depth: int) -> None:
        """A manifest or an index, and all that it points to."""
        if item.blob in self.members or depth > DEEPEST_INDEX + 1:
            return
        text = self._read(item)
        if text is None:
            return
        if item.media_type in media_types.INDEXES:
            for inner in read_index(text)[0].manifests:
                self.follow(inner, depth + 1)
        elif item.media_type in media_types.MANIFESTS:
            manifest = read_manifest(text)[0]
            if manifest is not None:
                self._image(manifest)

    def _image(self, manifest: OciManifest) -> None:
        config = self._read(manifest.config)
        diff_ids = _diff_ids(config)
        for number, layer in enumerate(manifest.layers):
            if layer.blob in self.members or (layer.urls and layer.blob not in self._members):
                continue
            if self._layers or layer.media_type not in media_types.LAYERS:
                self._read(layer)
            else:
                diff_id = diff_ids[number] if number < len(diff_ids) else ""
                self.members[layer.blob] = MemberFacts(
                    layer.digest.partition(":")[2],
                    diff_id.partition(":")[2],
                    layer.size,
                    compression=media_types.LAYERS[layer.media_type],
                    read=False,
                )

    def _read(self, item: Descriptor) -> bytes | None:
        if item.blob not in self.members:
            try:
                self.members[item.blob] = member_facts(item.blob, self._open(item))
            except ImagetoolsError as error:
                self.members[item.blob] = MemberFacts(faults=(Failure("", error.message),))
        return self.members[item.blob].text

    def _open(self, item: Descriptor) -> Member:
        if item.media_type in media_types.LAYERS:
            size, body = self._members.size(item.blob), self._members.pieces(item.blob)
            return Member(os.fsencode(item.blob), Kind.FILE, size=size, body=body)
        return _member(item.blob, b"".join(self._members.pieces(item.blob)))


def _member(name: str, data: bytes) -> Member:
    return Member(name.encode(), Kind.FILE, size=len(data), body=iter((data,)))


def _diff_ids(config: bytes | None) -> list[str]:
    try:
        document = read_json(config or b"{}")
    except JsonTextError:
        return []
    return [item for item in diff_ids_of(document) or () if isinstance(item, str)]
