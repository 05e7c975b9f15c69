"""One image for several machines, as a person wants to know it: which machines, and what their images share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .inspection import Inspected


@dataclass(frozen=True, slots=True)
class InspectedIndex:
    """``images``: one for each machine, in the order of the index; ``digest`` that of the index."""

    digest: str
    names: tuple[str, ...]
    images: tuple[Inspected, ...]

    @property
    def shared(self) -> Mapping[str, int]:
        """Digest and stored size of each layer that more than one machine has."""
        layers = [{layer.digest: layer.blob_size for layer in image.layers} for image in self.images]
        return {
            digest: size
            for digest, size in {name: size for each in layers for name, size in each.items()}.items()
            if sum(digest in each for each in layers) > 1
        }

    @property
    def stored(self) -> int:
        """Bytes of all layers as they lie there, each once."""
        return sum({layer.digest: layer.blob_size for image in self.images for layer in image.layers}.values())

    def document(self) -> dict[str, object]:
        """As ``--json`` prints it."""
        return {
            "digest": self.digest,
            "names": list(self.names),
            "platforms": {str(image.platform): image.digest for image in self.images},
            "sharedLayers": list(self.shared),
            "size": self.stored,
        }


def indexes_of(images: Sequence[Inspected]) -> tuple[InspectedIndex, ...]:
    """The indexes behind ``images``, in order."""
    return tuple(_found(images))


def _found(images: Sequence[Inspected]) -> Iterator[InspectedIndex]:
    for digest in dict.fromkeys(image.index for image in images):
        if digest is not None:
            members = tuple(image for image in images if image.index == digest)
            yield InspectedIndex(digest, tuple(dict.fromkeys(name for image in members for name in image.names)), members)
