"""A layer as a value: what is known of one once its bytes have been seen. Holds no bytes and knows no medium."""

from dataclasses import dataclass

from ..kernel.hashes import Hash
from . import media_types


@dataclass(frozen=True, slots=True)
class Layer:
    """``diff_id`` and ``size`` are those of the uncompressed tar; ``comment`` goes into the image's history, and so does
    ``history`` in its place: keys and values of a layer that another image had.

    ``digest`` and ``blob_size`` are those of the bytes as they travel in ``media_type``; uncompressed they are the same again.
    """

    diff_id: Hash
    size: int
    comment: str = ""
    media_type: str = media_types.DOCKER_LAYER
    digest: Hash | None = None
    blob_size: int | None = None
    history: tuple[tuple[str, str], ...] = ()


def oci_digest(value: Hash) -> str:
    """``sha256:<base 16>``, the form of every digest in images."""
    return f"{value.algo}:{value.base16()}"
