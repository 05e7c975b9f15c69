"""A descriptor: what points from one part of an OCI image to another (OCI image-spec 1.0, descriptor.md).

A value that exists has a digest which is one, so that the name made of it stays inside ``blobs/``. Reading collects all that is
wrong instead of stopping at the first thing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

_LENGTHS: Final = {"sha256": 64, "sha512": 128}
_DIGEST: Final = re.compile(r"(sha256|sha512):([0-9a-f]+)")
_HUGE: Final = 1 << 63

Report = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Platform:
    """Go's names."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return f"{self.os}/{self.architecture}" + (f"/{self.variant}" if self.variant else "")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """``digest`` is ``sha256:<base 16>`` (or sha512), ``size`` in bytes."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    urls: tuple[str, ...] = ()

    @property
    def blob(self) -> str:
        """The name of its bytes in a layout."""
        return blob_name(self.digest)

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        made: dict[str, object] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.urls:
            made["urls"] = list(self.urls)
        if self.annotations:
            made["annotations"] = dict(self.annotations)
        if self.platform is not None:
            made["platform"] = {"architecture": self.platform.architecture, "os": self.platform.os}
            if self.platform.variant:
                made["platform"] = {**made["platform"], "variant": self.platform.variant}  # type: ignore[dict-item]
        return made


def is_digest(text: str) -> bool:
    """Whether ``text`` is a digest of a kind that is known, in its one spelling."""
    match = _DIGEST.fullmatch(text)
    return match is not None and len(match[2]) == _LENGTHS[match[1]]


def blob_name(digest: str) -> str:
    """``blobs/sha256/<base 16>``."""
    return "blobs/" + digest.replace(":", "/")


def read_descriptor(value: object, where: str, report: Report) -> Descriptor | None:
    """None, with the reasons reported, where it cannot be followed."""
    if not isinstance(value, dict):
        report(f"{where} is no object")
        return None
    media_type, digest, size = value.get("mediaType"), value.get("digest"), value.get("size")
    good = True
    if not isinstance(media_type, str) or not media_type:
        report(f"{where} has no mediaType")
        good = False
    if not isinstance(digest, str):
        report(f"{where} has no digest")
        good = False
    elif not is_digest(digest):
        report(f"{where} has a digest that is none, '{shortened(digest)}'")
        good = False
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _HUGE:
        report(f"{where} has no size" if size is None else f"{where} has a size that is none")
        good = False
    annotations = read_annotations(value.get("annotations"), where, report)
    if not good or not isinstance(media_type, str) or not isinstance(digest, str) or not isinstance(size, int):
        return None
    urls = value.get("urls")
    listed = tuple(item for item in urls if isinstance(item, str)) if isinstance(urls, list) else ()
    return Descriptor(media_type, digest, size, annotations, _platform(value.get("platform")), listed)


def read_annotations(value: object, where: str, report: Report) -> dict[str, str]:
    """A mapping of texts; what is none is reported and left out."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        report(f"the annotations of {where} are no object")
        return {}
    for name, text in value.items():
        if not isinstance(text, str):
            report(f"the annotation '{shortened(name)}' of {where} is no string")
    return {name: text for name, text in value.items() if isinstance(text, str)}


def shortened(text: str) -> str:
    """A stranger's text as it may stand in a sentence: one line, printable, not endless."""
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:101])
    return shown if len(shown) < 101 else shown[:97] + "..."


def _platform(value: object) -> Platform | None:
    if not isinstance(value, dict):
        return None
    os, architecture, variant = value.get("os"), value.get("architecture"), value.get("variant", "")
    if not isinstance(os, str) or not isinstance(architecture, str) or not isinstance(variant, str):
        return None
    return Platform(os, architecture, variant)
