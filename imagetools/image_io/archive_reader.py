"""Reading a docker archive or an OCI layout, compressed or not, in one pass and constant memory (names apart).

``read_facts`` gives image.validate and image.inspection what they need. Every layer is looked into while it is hashed. Nothing is
unpacked, nothing is trusted: a damaged archive ends in a failure, not in an exception.
"""

import os
import posixpath
import stat
from collections.abc import Iterator
from typing import Final

from ..archive.decompress import decompressed, sniff
from ..archive.member import Kind, Member
from ..archive.recognise import what_is
from ..archive.shown import shown
from ..archive.stream import PIECE, ArchiveError, ByteStream
from ..archive.tarball import is_tar, read_tar, read_to_end
from ..image.facts import ArchiveFacts, Failure, MemberFacts
from ..image.json_text import LARGEST
from ..image.oci_manifest import INDEX_FILE, LAYOUT_FILE
from ..image.validate import validate
from ..kernel.errors import ImagetoolsError
from .hashed_pieces import HashedPieces
from .layer_inside import LayerInside

_LOOK: Final = 512
_USUAL: Final = (Kind.FILE, Kind.SYMLINK, Kind.HARDLINK)
_LONG_DIGEST: Final = "blobs/sha512/"


class NotAnImageError(ImagetoolsError):
    """What lies at ``path`` is no image; ``found`` are the words for what it is."""

    def __init__(self, path: str, found: str) -> None:
        hint = "run it: it writes the image to its standard output" if found == "a script" else None
        super().__init__(f"'{path}' is {found}, neither a docker archive nor an OCI layout", hint)
        self.path = path
        self.found = found


def validate_archive(path: str) -> tuple[Failure, ...]:
    """All that is wrong with the docker archive or OCI layout at ``path``. Raises OSError where it cannot be opened."""
    return validate(read_facts(path))


def check_is_image(path: str) -> None:
    """Raise NotAnImageError for what does not even begin like an image, OSError for what cannot be read."""
    if os.path.isdir(path):
        if not any(os.path.lexists(os.path.join(path, name)) for name in (LAYOUT_FILE, INDEX_FILE)):
            raise NotAnImageError(path, "a folder without index.json")
        return
    with open(path, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotAnImageError(path, "no file and no folder")
        head = file.read(_LOOK)
        if sniff(head) is None and not is_tar(head):
            raise NotAnImageError(path, what_is(head))


def read_facts(path: str) -> ArchiveFacts:
    """What the docker archive or OCI layout at ``path`` holds. Raises OSError where it cannot be opened."""
    return _folder_facts(path) if os.path.isdir(path) else _tar_facts(path)


def member_name(member: Member) -> str:
    """The name of an archive's member, as manifests name it."""
    return os.fsdecode(member.name).removeprefix("./").rstrip("/")


def _tar_facts(path: str) -> ArchiveFacts:
    members: dict[str, MemberFacts] = {}
    faults: list[Failure] = []
    with open(path, "rb", buffering=0) as file:
        stream = ByteStream(file.read)
        compression = sniff(stream.peek(_LOOK)) or "none"
        try:
            opened = decompressed(stream)
            for member in read_tar(opened):
                name = member_name(member)
                if member.kind is Kind.DIRECTORY:
                    continue
                if name in members:
                    faults.append(Failure(shown(member.name), "the archive has this member twice"))
                if name.startswith("/") or ".." in name.split("/"):
                    faults.append(Failure(shown(member.name), "its name leaves the archive"))
                if member.kind not in _USUAL:
                    faults.append(Failure(shown(member.name), f"it is a {member.kind.value}"))
                members[name] = member_facts(name, member)
            read_to_end(opened)
        except ArchiveError as error:
            faults.append(Failure("", error.message))
    return ArchiveFacts(members, tuple(faults), "tar", compression)


def _folder_facts(path: str) -> ArchiveFacts:
    members: dict[str, MemberFacts] = {}
    for name in _layout_names(path):
        place = os.path.join(path, name)
        mode = os.lstat(place).st_mode
        if not stat.S_ISREG(mode):
            kind = "symbolic link" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else "special file"
            members[name] = MemberFacts(faults=(Failure("", f"it is a {kind}"),))
            continue
        with open(place, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            members[name] = member_facts(
                name, Member(os.fsencode(name), Kind.FILE, size=size, body=iter(lambda: file.read(PIECE), b""))
            )
    return ArchiveFacts(members, (), "folder")


def _layout_names(path: str) -> list[str]:
    """The files of a layout that mean something, in order."""
    names = [name for name in (LAYOUT_FILE, INDEX_FILE) if os.path.lexists(os.path.join(path, name))]
    blobs = os.path.join(path, "blobs")
    for kind in sorted(os.listdir(blobs)) if os.path.isdir(blobs) else ():
        folder = os.path.join(blobs, kind)
        if os.path.isdir(folder) and not os.path.islink(folder):
            names += [f"blobs/{kind}/{name}" for name in sorted(os.listdir(folder))]
    return names


def member_facts(name: str, member: Member) -> MemberFacts:
    """What one member of an archive or layout holds; reads its body. A layer is looked into."""
    if member.kind is Kind.SYMLINK:
        return MemberFacts(target=posixpath.normpath(posixpath.join(posixpath.dirname(name), os.fsdecode(member.target))))
    if member.kind is Kind.HARDLINK:
        return MemberFacts(target=os.fsdecode(member.target).removeprefix("./"))
    if member.kind is not Kind.FILE:
        return MemberFacts(faults=(Failure("", f"it is a {member.kind.value}"),))
    outer = HashedPieces(member.body, "sha512" if name.startswith(_LONG_DIGEST) else "sha256")
    stream = ByteStream.of_chunks(outer)
    head = stream.peek(_LOOK)
    if member.size <= LARGEST and head.lstrip()[:1] in {b"{", b"["} and not is_tar(head):
        text = b"".join(stream.up_to(member.size))
        return MemberFacts(outer.digest, outer.digest, member.size, text, inner_size=member.size)
    compression = sniff(head) or "none"
    inside = LayerInside()
    faults: list[Failure] = []
    inner = outer
    if compression == "none" and outer.algorithm == "sha256":  # then it is its own diff ID, hashed once
        inside.read(stream)
    else:
        inner = HashedPieces(_pieces(stream, faults))
        inside.read(ByteStream.of_chunks(inner))
        for _ in inner:  # what follows the tar's end mark counts too
            pass
    for _ in outer:
        pass
    return MemberFacts(
        outer.digest,
        inner.digest,
        outer.size,
        faults=(*inside.faults, *faults),
        compression=compression,
        inner_size=inner.size,
        store_paths=tuple(inside.store_paths),
        parts=inside.parts(),
        removed=tuple(inside.removed),
    )


def _pieces(stream: ByteStream, faults: list[Failure]) -> Iterator[bytes]:
    """A layer's tar, decompressed where it is compressed; damage becomes a fault."""
    try:
        opened = decompressed(stream)
        while piece := opened.read(PIECE):
            yield piece
    except ArchiveError as error:
        faults.append(Failure("", error.message))
