"""What must hold for an image's config, whatever medium it lies in (OCI image-spec config.md; rows 2.001, 2.012)."""

import json
from collections.abc import Iterator, Mapping, Sequence

from .config_layers import diff_ids_of, filled_history
from .container_config import ContainerConfig, ContainerConfigError
from .descriptor import shortened
from .facts import Failure, MemberFacts
from .json_text import JsonTextError, read_json
from .times import Moment, TimeFormatError


def read_config(name: str, text: bytes) -> tuple[Mapping[str, object] | None, list[Failure]]:
    """The config's document (None where it is none) and all that is wrong with its own fields."""
    try:
        document = read_json(text)
    except JsonTextError as error:
        return None, [Failure(name, error.reason)]
    if not isinstance(document, dict):
        return None, [Failure(name, "it is no object")]
    return document, [Failure(name, problem) for problem in _check(document)]


def check_layers(
    name: str, document: Mapping[str, object], manifest: str, layers: Sequence[tuple[str, MemberFacts | None]]
) -> Iterator[Failure]:
    """``layers``: the member of each, and what it is. ``manifest`` is the member that lists them."""
    found = diff_ids_of(document)
    diff_ids = [item for item in found or () if isinstance(item, str)]
    if found is None or len(diff_ids) != len(found):
        yield Failure(name, "it has no rootfs.diff_ids")
        return
    if len(diff_ids) != len(layers):
        yield Failure(name, f"it has {len(diff_ids)} diff_ids, {manifest} has {len(layers)} layers")
    filled = len(filled_history(document) or ())
    if filled not in {0, len(diff_ids)}:
        yield Failure(name, f"its history has {filled} layers, diff_ids has {len(diff_ids)}")
    for (member, layer), diff_id in zip(layers, diff_ids, strict=False):
        if layer is None or not layer.digest:
            continue
        if diff_id != f"sha256:{layer.diff_id}":
            yield Failure(member, f"its diff ID is sha256:{layer.diff_id}, the config says {shortened(diff_id)}")
    for member, layer in layers:
        if layer is not None:
            for fault in layer.faults:
                yield Failure(f"{member}!{fault.where}" if fault.where else member, fault.what, fault.serious)


def _check(document: Mapping[str, object]) -> Iterator[str]:
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
