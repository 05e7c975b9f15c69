"""What was seen in an image archive or layout while its bytes went by. Values only; image_io.archive_reader makes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Failure:
    """``where`` is the member (or member!entry of a layer) that is wrong; empty for the archive as a whole.

    What is not ``serious`` breaks no rule, but somebody may stumble over it.
    """

    where: str
    what: str
    serious: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


@dataclass(frozen=True, slots=True)
class Part:
    """What a folder, file or store object at ``path`` takes in a layer: the bytes of its ``files``, all below it included."""

    path: str
    size: int
    files: int


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """``digest``: SHA-256 (base 16) of the bytes (SHA-512 for members of ``blobs/sha512``), ``size`` how many they are;
    ``diff_id``: SHA-256 of what they hold uncompressed, ``inner_size`` how much that is, ``compression`` how they hold it.

    ``text`` holds the bytes of small JSON members. ``target`` is the member that a link names. ``faults``: oddities in a layer.
    ``store_paths``: the store objects in a layer, in order; ``parts``: they, and its outermost folders, with their sizes;
    ``removed``: what it takes away from the layers below. Not ``read``: digests and sizes are what others say of it.
    """

    digest: str = ""
    diff_id: str = ""
    size: int = 0
    text: bytes | None = None
    target: str | None = None
    faults: tuple[Failure, ...] = ()
    compression: str = "none"
    inner_size: int = 0
    store_paths: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    removed: tuple[str, ...] = ()
    read: bool = True


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """``members`` by name; ``faults`` were seen while reading (damage, members twice). ``form``: "folder", "tar",
    "script" or "registry", with how the tar is compressed in ``compression``."""

    members: Mapping[str, MemberFacts]
    faults: tuple[Failure, ...] = field(default=())
    form: str = "tar"
    compression: str = "none"

    @property
    def is_layout(self) -> bool:
        return "oci-layout" in self.members or "index.json" in self.members

    @property
    def is_docker_archive(self) -> bool:
        return "manifest.json" in self.members

    def follow(self, name: str) -> MemberFacts | None:
        """The member itself: docker save writes equal layers once and links the others to it."""
        for _ in range(8):
            member = self.members.get(name)
            if member is None or member.target is None:
                return member
            name = member.target
        return None
