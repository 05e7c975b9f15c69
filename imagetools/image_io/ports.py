"""What copying needs from a registry, as ``Protocol``: whoever speaks HTTP implements it, nobody here does."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ..image.descriptor import Descriptor
from ..image.remote_reference import RemoteReference

#: The bytes of something from a place on, as often as they are asked for.
Pieces = Callable[[int], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest or an index, byte for byte, with the digest of these bytes."""

    data: bytes
    media_type: str
    digest: str


class Repository(Protocol):
    """One repository of one registry; used from several threads at once. Everything raises ImagetoolsError."""

    @property
    def reference(self) -> RemoteReference:
        """What the person wrote."""
        ...

    def manifest(self, selector: str) -> Document:
        """The manifest or the index that a tag or a digest names, its digest checked."""
        ...

    def manifest_digest(self, selector: str) -> str | None:
        """The digest of what a tag or a digest names; None where it names nothing."""
        ...

    def blob(self, described: Descriptor, sink: Callable[[bytes], object], have: Iterable[bytes] = ()) -> None:
        """Hand a blob to ``sink``, size and digest checked, taken up again where the connection breaks.

        ``have`` are its first bytes where they came at an earlier time: ``sink`` gets only the rest.
        """
        ...

    def has_blob(self, digest: str) -> bool:
        """Whether the repository has it."""
        ...

    def mount(self, digest: str, source: str) -> bool:
        """Have the registry take a blob from another of its repositories; False where it does not."""
        ...

    def upload(self, described: Descriptor, pieces: Pieces, sent: Callable[[int], object]) -> None:
        """Put a blob there. ``sent`` hears how many bytes of it have gone out (fewer after a break)."""
        ...

    def put_manifest(self, selector: str, media_type: str, data: bytes) -> None:
        """Put a manifest or an index, whose blobs are there, under a tag or its digest."""
        ...


#: Opens the repository of a name.
Registries = Callable[[RemoteReference], Repository]
