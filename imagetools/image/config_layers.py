"""What an image's config says of its layers, as far as it can be understood: read here, judged by whoever asks."""


def diff_ids_of(document: object) -> list[object] | None:
    """``rootfs.diff_ids``; None where there is no such list."""
    rootfs = document.get("rootfs") if isinstance(document, dict) else None
    found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    return found if isinstance(found, list) else None


def filled_history(document: object) -> list[object] | None:
    """``history`` without the steps that made no layer; None where there is no such list."""
    found = document.get("history") if isinstance(document, dict) else None
    if not isinstance(found, list):
        return None
    return [item for item in found if not (isinstance(item, dict) and item.get("empty_layer"))]
