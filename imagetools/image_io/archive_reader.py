"""Reading a docker archive, compressed or not, from front to back in one pass and constant memory (names apart).

``read_facts`` gives image.validate what it needs; ``validate_archive`` is both together. Every layer is looked into while it is
hashed. Nothing is unpacked, nothing is trusted: a damaged archive ends in a failure, not in an exception.
"""

import hashlib
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ..archive.decompress import decompressed
from ..archive.member import Kind, Member
from ..archive.stream import PIECE, ArchiveError, ByteStream
from ..archive.tarball import read_tar, read_tarball
from ..image.validate import ArchiveFacts, Failure, MemberFacts, validate

_LARGEST_JSON: Final = 8 << 20
_MOST_FAULTS: Final = 100
_NO_TAR: Final = 512


def validate_archive(path: str) -> tuple[Failure, ...]:
    """All that is wrong with the docker archive at ``path``. Raises OSError where it cannot be opened."""
    return validate(read_facts(path))


def read_facts(path: str) -> ArchiveFacts:
    """What the docker archive at ``path`` holds. Raises OSError where it cannot be opened."""
    members: dict[str, MemberFacts] = {}
    faults: list[Failure] = []
    with open(path, "rb", buffering=0) as file:
        try:
            for member in read_tarball(ByteStream(file.read)):
                name = os.fsdecode(member.name).removeprefix("./").rstrip("/")
                if member.kind is Kind.DIRECTORY:
                    continue
                if name in members:
                    faults.append(Failure(name, "the archive has this member twice"))
                members[name] = _facts(name, member)
        except ArchiveError as error:
            faults.append(Failure("", error.message))
    return ArchiveFacts(members, tuple(faults))


def _facts(name: str, member: Member) -> MemberFacts:
    if member.kind is Kind.SYMLINK:
        return MemberFacts(target=posixpath.normpath(posixpath.join(posixpath.dirname(name), os.fsdecode(member.target))))
    if member.kind is Kind.HARDLINK:
        return MemberFacts(target=os.fsdecode(member.target).removeprefix("./"))
    if member.kind is not Kind.FILE:
        return MemberFacts(faults=(Failure("", f"it is a {member.kind.value}"),))
    outer = _Tee(member.body)
    stream = ByteStream.of_chunks(outer)
    head = stream.peek(_NO_TAR)
    if member.size <= _LARGEST_JSON and head.lstrip()[:1] in {b"{", b"["}:
        text = b"".join(stream.up_to(member.size))
        return MemberFacts(outer.digest, outer.digest, member.size, text)
    faults: list[Failure] = []
    inner = _Tee(_pieces(stream, faults))
    _look_inside(ByteStream.of_chunks(inner), faults.append)
    for _ in inner:  # what follows the tar's end mark counts too
        pass
    for _ in outer:
        pass
    return MemberFacts(outer.digest, inner.digest, member.size, None, None, tuple(faults[:_MOST_FAULTS]))


def _pieces(stream: ByteStream, faults: list[Failure]) -> Iterator[bytes]:
    """A layer's tar, decompressed where it is compressed; damage becomes a fault."""
    try:
        opened = decompressed(stream)
        while piece := opened.read(PIECE):
            yield piece
    except ArchiveError as error:
        faults.append(Failure("", error.message))


def _look_inside(stream: ByteStream, report: Callable[[Failure], object]) -> None:
    """Report what a layer must not have: unsafe names, members twice, a member before its folder, links to nothing."""
    folders: set[bytes] = {b""}
    seen: set[bytes] = set()
    try:
        for member in read_tar(stream):
            name = member.name.removeprefix(b"./").rstrip(b"/")
            name = b"" if name == b"." else name
            shown = os.fsdecode(member.name).encode("utf-8", "replace").decode()
            if name.startswith(b"/") or b".." in name.split(b"/"):
                report(Failure(shown, "its name leaves the image's root"))
                continue
            if name in seen:
                report(Failure(shown, "the layer has it twice"))
            seen.add(name)
            parent = name.rpartition(b"/")[0]
            if parent not in folders:
                report(Failure(shown, "its folder does not stand before it"))
                folders.add(parent)
            if member.kind is Kind.DIRECTORY:
                folders.add(name)
            if member.kind is Kind.HARDLINK and member.target.removeprefix(b"./").lstrip(b"/") not in seen:
                report(
                    Failure(shown, f"it is a hard link to '{os.fsdecode(member.target)}', which is not in the layer before it")
                )
    except ArchiveError as error:
        report(Failure("", error.message))


class _Tee:
    """Passes pieces on and hashes them; ``digest`` counts what went through so far."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._hasher = hashlib.sha256(usedforsecurity=False)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self._hasher.update(piece)
        return piece

    @property
    def digest(self) -> str:
        return self._hasher.hexdigest()
