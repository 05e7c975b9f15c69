"""What an image is made of, for people."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from imagetools.app.ui.terminal import clean
from imagetools.image.facts import ArchiveFacts, Part
from imagetools.image.inspected_index import InspectedIndex
from imagetools.image.inspection import Inspected, InspectedLayer
from imagetools.image.why import CONFIG, ROOT, Reason, Step, base_name
from imagetools.kernel.amounts import amount

_MOST_IN_A_FOLDER: Final = 20
_MOST_REFERRERS: Final = 20


def medium(facts: ArchiveFacts) -> str:
    """``docker archive (gzip)``, ``OCI layout (folder)``, ``registry``, ``script`` (of streamLayeredImage)"""
    if facts.form in {"registry", "script"}:
        return facts.form
    if facts.is_layout:
        form = "folder" if facts.form == "folder" else "tar"
        also = ", docker archive too" if facts.is_docker_archive else ""
        compressed = "" if facts.compression == "none" else f", {facts.compression}"
        return f"OCI layout ({form}{compressed}{also})"
    return "docker archive" + ("" if facts.compression == "none" else f" ({facts.compression})")


def view(image: Inspected, medium: str, depth: int = 1) -> str:
    """Several lines, the last one ended. ``depth``: how deep to show folders that are no store paths."""
    return _text(_lines(image, medium, depth))


def index_view(index: InspectedIndex, medium: str) -> str:
    """The index alone, as ``view`` has images."""
    return _text(_index_lines(index, medium))


def reason_view(reason: Reason, image: Inspected) -> str:
    """Why a store path is in ``image``."""
    return _text(_reason_lines(reason, image))


def _text(lines: Iterator[str]) -> str:
    return "".join(clean(line) + "\n" for line in lines)


def _lines(image: Inspected, medium: str, depth: int) -> Iterator[str]:
    yield f"Name:      {_names(image.names)}"
    yield f"Medium:    {medium}"
    yield f"ID:        {image.id}"
    if image.digest is not None:
        yield f"Digest:    {image.digest}"
    yield f"Platform:  {image.platform}"
    yield f"Created:   {image.created or '(unknown)'}"
    yield f"Size:      {_size(image)}"
    yield from _table("Config", image.config)
    yield from _table("Annotations", image.annotations)
    yield f"Layers ({len(image.layers)}):"
    for number, layer in enumerate(image.layers, 1):
        yield from _layer(number, layer, depth)


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "(none)"


def _size(image: Inspected) -> str:
    stored, whole = sum(layer.blob_size for layer in image.layers), image.size
    if whole is None:
        return f"{amount(stored)} as it lies there"
    return amount(whole) + ("" if stored == whole else f", {amount(stored)} as it lies there")


def _table(title: str, values: "dict[str, object] | object") -> Iterator[str]:
    if isinstance(values, dict) and values:
        yield f"{title}:"
        for name in sorted(values):
            value = values[name]
            yield f"  {name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def _layer(number: int, layer: InspectedLayer, depth: int) -> Iterator[str]:
    kind = layer.media_type.rpartition("tar")[2].lstrip("+.")
    sizes = [] if layer.size is None else [amount(layer.size)]
    if kind or layer.size is None:
        sizes.append(f"{amount(layer.blob_size)} {kind}".rstrip())
    yield f"  {number:>3}  {layer.digest}  {', '.join(sizes)}"
    if layer.digest != layer.diff_id:
        yield f"       diff ID {layer.diff_id}"
    if layer.comment and not layer.store_paths:
        yield f"       ({layer.comment})"
    objects = set(layer.store_paths)
    room = {part.path: part.size for part in layer.parts}
    yield from (f"       {path}  {amount(room.get(path, 0))}" for path in layer.store_paths)
    yield from _folder([part for part in layer.parts if part.path not in objects], "", depth)
    gone = layer.removed[:_MOST_IN_A_FOLDER]
    yield from (f"       {path}  removed" for path in gone)
    if len(layer.removed) > len(gone):
        yield f"       and {len(layer.removed) - len(gone)} more removed"


def _folder(parts: Sequence[Part], above: str, depth: int) -> Iterator[str]:
    """What lies in one folder, the largest first, each with what is in it."""
    level = above.count("/") + 1
    if level > depth:
        return
    here = sorted(
        (part for part in parts if part.path.startswith(f"{above}/") and part.path.count("/") == level),
        key=lambda part: (-part.size, part.path),
    )
    indent = " " * (5 + 2 * level)
    for part in here[:_MOST_IN_A_FOLDER]:
        files = f", {part.files} files" if part.files > 1 else ""
        yield f"{indent}{part.path}  {amount(part.size)}{files}"
        yield from _folder(parts, part.path, depth)
    rest = here[_MOST_IN_A_FOLDER:]
    if rest:
        yield f"{indent}and {len(rest)} more, {amount(sum(part.size for part in rest))}"


def _index_lines(index: InspectedIndex, medium: str) -> Iterator[str]:
    yield f"Name:      {_names(index.names)}"
    yield f"Medium:    {medium}"
    yield f"Index:     {index.digest}"
    yield f"Size:      {amount(index.stored)} as it lies there"
    shared = index.shared
    if shared:
        yield f"Shared:    {len(shared)} {'layer' if len(shared) == 1 else 'layers'}, {amount(sum(shared.values()))}"
    yield f"Machines ({len(index.images)}):"
    width = max((len(str(image.platform)) for image in index.images), default=0)
    for image in index.images:
        yield f"  {image.platform!s:<{width}}  {image.digest}  {_size(image)}"


def _reason_lines(reason: Reason, image: Inspected) -> Iterator[str]:
    for number, layer in enumerate(image.layers, 1):
        for path in layer.store_paths:
            if base_name(path) == reason.path:
                size = sum(part.size for part in layer.parts if part.path == path)
                yield f"Path:      {path}"
                yield f"Layer:     {number}, {amount(size)}"
    if not reason.way:
        yield "Why:       neither the config nor a file outside of the store leads to it"
    else:
        yield f"Why:       {_source(reason.way[0])}"
        for depth, step in enumerate(reason.way):
            place = f"  ({step.place})" if depth else ""
            yield f"           {'   ' * depth}└─ {step.target}{place}"
    others = [(name, place) for name, place in reason.referrers.items() if not reason.way or name != reason.way[-1].source]
    if others:
        yield "Also named by:"
        yield from (f"  {_source(Step(name, reason.path, place))}" for name, place in others[:_MOST_REFERRERS])
        if len(others) > _MOST_REFERRERS:
            yield f"  and {len(others) - _MOST_REFERRERS} more"


def _source(step: Step) -> str:
    if step.source == CONFIG:
        return f"the config, {step.place}"
    return step.place if step.source == ROOT else f"{step.source}  ({step.place})"
