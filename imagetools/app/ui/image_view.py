"""What an image is made of, for people."""

import json
from collections.abc import Iterator

from imagetools.app.ui.terminal import clean, human_size
from imagetools.image.facts import ArchiveFacts
from imagetools.image.inspection import Inspected, InspectedLayer


def medium(facts: ArchiveFacts) -> str:
    """``docker archive (gzip)``, ``OCI layout (folder)`` ..."""
    if facts.is_layout:
        form = "folder" if facts.form == "folder" else "tar"
        also = ", docker archive too" if facts.is_docker_archive else ""
        compressed = "" if facts.compression == "none" else f", {facts.compression}"
        return f"OCI layout ({form}{compressed}{also})"
    return "docker archive" + ("" if facts.compression == "none" else f" ({facts.compression})")


def view(image: Inspected, medium: str) -> str:
    """Several lines, the last one ended."""
    return "".join(clean(line) + "\n" for line in _lines(image, medium))


def _lines(image: Inspected, medium: str) -> Iterator[str]:
    yield f"Name:      {', '.join(image.names) or '(none)'}"
    yield f"Medium:    {medium}"
    yield f"ID:        {image.id}"
    if image.digest is not None:
        yield f"Digest:    {image.digest}"
    yield f"Platform:  {image.platform}"
    yield f"Created:   {image.created or '(unknown)'}"
    stored, whole = sum(layer.blob_size for layer in image.layers), sum(layer.size for layer in image.layers)
    size = human_size(whole) + ("" if stored == whole else f", {human_size(stored)} as it lies there")
    yield f"Size:      {size}"
    yield from _table("Config", image.config)
    yield from _table("Annotations", image.annotations)
    yield f"Layers ({len(image.layers)}):"
    for number, layer in enumerate(image.layers, 1):
        yield from _layer(number, layer)


def _table(title: str, values: "dict[str, object] | object") -> Iterator[str]:
    if isinstance(values, dict) and values:
        yield f"{title}:"
        for name in sorted(values):
            value = values[name]
            yield f"  {name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def _layer(number: int, layer: InspectedLayer) -> Iterator[str]:
    kind = layer.media_type.rpartition("tar")[2].lstrip("+.")
    stored = f", {human_size(layer.blob_size)} {kind}" if kind else ""
    yield f"  {number:>3}  {layer.digest}  {human_size(layer.size)}{stored}"
    if layer.digest != layer.diff_id:
        yield f"       diff ID {layer.diff_id}"
    if layer.store_paths:
        yield from (f"       {path}" for path in layer.store_paths)
    elif layer.comment:
        yield f"       ({layer.comment})"
