"""The names of an image in a layout, whose index knows them by annotations alone; and what an image is that cannot be used."""

from typing import Final

from ..kernel.errors import ImagetoolsError
from .descriptor import Descriptor
from .oci_manifest import FULL_NAME, REF_NAME
from .reference import Reference

_REFERENCE_TYPE: Final = "vnd.docker.reference.type"


class BrokenImageError(ImagetoolsError):
    """``where`` (a member; empty for all of it) is not what the rest of the image needs; ``reason`` says why."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"bad image: {where}: {reason}" if where else f"bad image: {reason}",
            "`imagetools image validate` tells everything that is wrong",
        )
        self.where = where
        self.reason = reason


def names_of(item: Descriptor) -> tuple[str, ...]:
    """The shortest name, such as ``hello:latest``; where only a tag is known, that."""
    full = item.annotations.get(FULL_NAME)
    if full:
        return (Reference.familiar(full),)
    tag = item.annotations.get(REF_NAME)
    return (tag,) if tag else ()


def answers_to(item: Descriptor, name: str) -> bool:
    """Whether ``name`` (a tag, or a whole name) means this image."""
    return name in {item.annotations.get(REF_NAME), item.annotations.get(FULL_NAME), *names_of(item)}


def is_attestation(item: Descriptor) -> bool:
    """Whether it is no image but what a build says of one: BuildKit puts such manifests beside images."""
    return item.annotations.get(_REFERENCE_TYPE) == "attestation-manifest"
