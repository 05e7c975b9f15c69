"""What copying needs from a registry, as ``Protocol``: whoever speaks HTTP implements it, nobody here does."""

from collections.abc import Callable, Iterator, Sequence
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

    def blob(self, described: Descriptor, sink: Callable[[bytes], object]) -> None:
        """Hand a blob to ``sink``, size and digest checked, taken up again where the connection breaks."""
        ...

    def has_blob(self, digest: str) -> bool:
        """Whether the repository has it."""
        ...

    def upload(
        self, described: Descriptor, pieces: Pieces, sent: Callable[[int], object], mounts: Sequence[str] = ()
    ) -> str | None:
        """Put a blob there that it has not. ``sent`` hears how many bytes of it have gone out (fewer after a break).

        ``mounts`` are repositories of the same registry that may have it: the one from which it came is returned, and then no
        byte was sent; else None.
        """
        ...

    def put_manifest(self, selector: str, media_type: str, data: bytes) -> None:
        """Put a manifest or an index, whose blobs are there, under a tag or its digest."""
        ...


#: Opens the repository of a name.
Registries = Callable[[RemoteReference], Repository]
