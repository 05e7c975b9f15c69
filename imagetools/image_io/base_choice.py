"""Which image of an archive or layout another one is built on: the one that is named, else the first (rows 2.006-2.008).

nixpkgs' words: without a name the first repository that is found, without a tag the first tag of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..image import manifest
from ..image.descriptor import Descriptor, Platform
from ..image.oci_manifest import INDEX_FILE, OciIndex
from ..image.reference import Reference
from ..image.tags import names_of
from .image_source import SourceImage, WhichImageError, archived_image, layout_image
from .members import Members, small


@dataclass(frozen=True, slots=True)
class Wanted:
    """``name``: a repository, ``tag``: one of its tags; None for whichever comes first."""

    name: str | None = None
    tag: str | None = None

    def __str__(self) -> str:
        if self.name is None:
            return f"…:{self.tag}" if self.tag is not None else "…"
        return f"{self.name}:{self.tag}" if self.tag is not None else self.name

    def fits(self, names: Iterable[str]) -> bool:
        """Whether one of an image's names is meant (``name:tag`` texts; of some images only a tag is known)."""
        if self.name is None and self.tag is None:
            return True
        return any(self._is(*_split(name)) for name in names)

    def _is(self, name: str | None, tag: str) -> bool:
        if self.name is not None and (name is None or _repository(name) != _repository(self.name)):
            return False
        return self.tag is None or tag == self.tag


def choose_image(members: Members, wanted: Wanted, platform: Platform) -> SourceImage:
    """Raises WhichImageError where none has the name, WhichPlatformError, BrokenImageError, LayoutJsonError, ManifestError."""
    if INDEX_FILE in members:
        index = OciIndex.parse(small(members, INDEX_FILE), INDEX_FILE)
        names = [name for item in index.manifests for name in names_of(item)]
        first = next((item for item in index.manifests if wanted.fits(names_of(item))), None)
        if first is None:
            raise WhichImageError(str(wanted), _listed(names))
        return layout_image(members, _of_one_name(index.manifests, first), platform)
    images = manifest.read(small(members, "manifest.json"))
    for image in images:
        if wanted.fits(image.tags):
            return archived_image(members, image)
    raise WhichImageError(str(wanted), _listed(Reference.familiar(tag) for image in images for tag in image.tags))


def every_image(members: Members, platform: Platform) -> Iterator[SourceImage]:
    """All images in order, each once; of one that is there for several machines that for ``platform``. Raises as choose_image."""
    if INDEX_FILE not in members:
        for image in manifest.read(small(members, "manifest.json")):
            yield archived_image(members, image)
        return
    seen: set[str] = set()
    index = OciIndex.parse(small(members, INDEX_FILE), INDEX_FILE)
    for first in index.manifests:
        items = _of_one_name(index.manifests, first)
        if first.digest not in seen:
            seen.update(item.digest for item in items)
            same = [item for item in index.manifests if item.digest in {item.digest for item in items}]
            found = layout_image(members, items, platform)
            names = list(dict.fromkeys(name for item in same for name in names_of(item) if _split(name)[0] is not None))
            yield SourceImage(found.config, found.platform, found.layers, tuple(names))


def _of_one_name(items: Sequence[Descriptor], first: Descriptor) -> list[Descriptor]:
    """``first``, and the images for other machines that have its name."""
    names = names_of(first)
    return [item for item in items if names_of(item) == names] if names else [first]


def _split(text: str) -> tuple[str | None, str]:
    name, colon, tag = text.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (None, text)


def _repository(name: str) -> str:
    return Reference.familiar(name)


def _listed(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
