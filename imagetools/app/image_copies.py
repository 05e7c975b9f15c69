"""Copying images, joined from its parts: the engine's environment, registries, the ledger and what is known of registries."""

import json
import sys
from typing import TYPE_CHECKING

from imagetools.app.settings import read_settings
from imagetools.store.disk import FULL, DiskFullError

if TYPE_CHECKING:
    from imagetools.app.settings import Settings
    from imagetools.image_io.carrying import Copied
    from imagetools.image_io.copying import Surroundings, Wishes
    from imagetools.image_io.places import Place


def copy_with_progress(source: "Place", target: "Place", wishes: "Wishes", *, insecure: bool, quiet: bool) -> "Copied":
    """Copy an image, and show on standard error how far it is. Raises as ``copy_image``."""
    from imagetools.app.ui.blob_rows import BlobRows
    from imagetools.image_io.copying import copy_image

    settings = read_settings()
    with BlobRows(target.text, sys.stderr, settings.environment, quiet=quiet) as rows:
        around = surroundings(settings, insecure=insecure)
        try:
            return copy_image(source, target, wishes, around, rows.update, rows.watch, rows.alone)
        except OSError as error:
            if error.errno not in FULL or error.filename is not None or not target.path:
                raise
            raise DiskFullError(target.path, error.strerror or str(error)) from error  # what is written meanwhile lies beside it


def surroundings(settings: "Settings", *, insecure: bool = False) -> "Surroundings":
    """What copying needs beside files."""
    from imagetools.app.registries import open_registries
    from imagetools.image_io.blob_places import BlobPlaces
    from imagetools.image_io.copying import Surroundings
    from imagetools.image_io.ledger import LayerLedger
    from imagetools.image_io.packed_archives import PackedArchives

    return Surroundings(
        settings.environment,
        open_registries(settings, insecure=insecure),
        LayerLedger(f"{settings.cache}/layers"),
        BlobPlaces(f"{settings.cache}/registries"),
        PackedArchives(f"{settings.cache}/archives"),
    )


def as_json(copied: "Copied") -> str:
    """What was copied: digest, names, and for a registry what became of each blob."""
    document: dict[str, object] = {"digest": copied.digest, "names": list(copied.names)}
    if copied.blobs:
        document["blobs"] = [
            {
                "digest": item.described.digest,
                "mediaType": item.described.media_type,
                "size": item.described.size,
                "result": item.what,
            }
            for item in copied.blobs
        ]
    return json.dumps(document, indent=2)
