"""Which image of an index a machine gets, as containers/image (skopeo, podman) chooses. Pure.

Without a variant, one without is best, for arm64 ``v8`` does too; with one, lesser ones of the same architecture follow. Of
those that fit equally well the first counts, in OCI indexes one with zstd layers before others.
"""

from collections.abc import Sequence
from typing import Final

from . import media_types
from .descriptor import Descriptor, Platform

_LESSER: Final = {"arm": ("v7", "v6", "v5"), "arm64": ("v8",)}
_BASE: Final = {"arm64": "v8"}
#: Other names of architectures, which people write since their system calls them so.
GO_NAMES: Final = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "i386": "386", "armv7l": "arm", "ppc64el": "ppc64le"}
_ZSTD: Final = "io.github.containers.compression.zstd"


def choose(items: Sequence[Descriptor], index_type: str, wanted: Platform) -> Descriptor | None:
    """The one for ``wanted``; None where there is none."""
    order = [Platform(wanted.os, wanted.architecture, variant) for variant in _variants(wanted)]
    oci = index_type == media_types.OCI_INDEX
    best: tuple[tuple[int, bool, int], Descriptor] | None = None
    for number, item in enumerate(items):
        if item.platform in order:
            fit = order.index(item.platform)
        elif item.platform is None and oci:
            fit = len(order)
        else:
            continue
        rank = (fit, oci and item.annotations.get(_ZSTD) != "true", number)
        if best is None or rank < best[0]:
            best = (rank, item)
    return None if best is None else best[1]


def go_platform(os: str, architecture: str) -> Platform:
    """``architecture`` may be Go's name (``amd64``), the kernel's (``x86_64``), and have a variant (``arm/v7``)."""
    name, _, variant = architecture.partition("/")
    return Platform(os, GO_NAMES.get(name, name), variant)


def _variants(wanted: Platform) -> tuple[str, ...]:
    if not wanted.variant:
        base = _BASE.get(wanted.architecture)
        return ("",) if base is None else ("", base)
    lesser = _LESSER.get(wanted.architecture, ())
    known = lesser[lesser.index(wanted.variant) :] if wanted.variant in lesser else (wanted.variant,)
    return (*known, "")
