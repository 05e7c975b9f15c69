"""What is in a layer, from its tar, while it goes by: what takes how much room, and what a layer must not have.

Nothing is unpacked. Refuses to know what lies below the layer: a file that only the whole image has can be missing here.
"""

import re
from collections.abc import Iterator
from typing import Final

from ..archive.member import Kind, Member
from ..archive.shown import shown
from ..archive.stream import ArchiveError, ByteStream
from ..archive.tarball import BLOCK, read_tar
from ..image.facts import Failure, Part
from .base_scan import AUFS, LARGEST, OPAQUE, WHITEOUT

#: How deep folders outside of a store are told apart.
DEEPEST_PART: Final = 3

_MOST_FAULTS: Final = 100
_MOST_PARTS: Final = 5_000
_MOST_MEMBERS: Final = 2_000_000
_STORE_PATH: Final = re.compile(rb"(?:.*?/)?store/[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+\-._?=]+", re.DOTALL)


class LayerInside:
    """Give it the tar by ``read``; the rest is then known. Names are relative to the image's root."""

    def __init__(self) -> None:
        self.faults: list[Failure] = []
        self.store_paths: dict[str, None] = {}
        self.removed: list[str] = []
        self._sizes: dict[bytes, list[int]] = {}
        self._kinds: dict[bytes, Kind] = {b"": Kind.DIRECTORY}

    def read(self, stream: ByteStream) -> None:
        """All members of the tar. Damage becomes a fault; an end without padding (`umoci insert` 0.4.7) is none that hurts."""
        padding = range(0)
        try:
            for member in read_tar(stream):
                end = stream.offset + member.size
                padding = range(end, end + -end % BLOCK)
                if len(self._kinds) > _MOST_MEMBERS:
                    self._report("", f"it has more than {_MOST_MEMBERS} members; the others were not looked at")
                    return
                self._look_at(member)
        except ArchiveError as error:
            if error.offset in padding:
                self._report("", "its tar ends without padding and end mark", serious=False)
            else:
                self._report("", error.message)

    def parts(self) -> tuple[Part, ...]:
        """Store objects, and folders and files down to ``DEEPEST_PART``, by their names."""
        return tuple(Part("/" + shown(name), size, files) for name, (size, files) in sorted(self._sizes.items()))

    def _look_at(self, member: Member) -> None:
        name = relative(member.name)
        said = shown(member.name)
        if name.startswith(b"/") or b".." in name.split(b"/"):
            self._report(said, "its name leaves the image's root")
            return
        kinds, kind = self._kinds, member.kind
        folder, _, base = name.rpartition(b"/")
        before = kinds.get(name)
        if before is not None and name:
            again = before is Kind.DIRECTORY and kind is Kind.DIRECTORY
            self._report(said, "the layer has it twice", serious=not again)
        above = kinds.get(folder)
        if above is None:
            self._missing_folder(said, folder)
        elif above is not Kind.DIRECTORY:
            self._report(said, f"it lies below a {above.value}, '/{shown(folder)}'")
        kinds[name] = kind
        if member.size > LARGEST:
            self._report(said, f"it says that it has {member.size} bytes, more than {LARGEST >> 40} TiB")
        if kind is Kind.HARDLINK:
            self._check_hard_link(said, member.target)
        if base.startswith(WHITEOUT):
            self._whiteout(said, folder, base)
        elif kind is not Kind.DIRECTORY:
            self._count(name, member.size)
        inside = _STORE_PATH.match(name)
        if inside is not None:
            self.store_paths["/" + shown(inside[0])] = None
            self._sizes.setdefault(inside[0], [0, 0])

    def _missing_folder(self, said: str, folder: bytes) -> None:
        """Nothing forbids it, but whoever unpacks the layer alone has to guess the folder's mode and owner."""
        for above in _folders(folder):
            kind = self._kinds.setdefault(above, Kind.DIRECTORY)
            if kind is not Kind.DIRECTORY:
                self._report(said, f"it lies below a {kind.value}, '/{shown(above)}'")
                return
        self._report(said, "its folder does not stand before it", serious=False)

    def _check_hard_link(self, said: str, target: bytes) -> None:
        wanted = relative(target).lstrip(b"/")
        if b".." in wanted.split(b"/"):
            self._report(said, f"it is a hard link to '{shown(target)}', which leaves the image's root")
        elif wanted not in self._kinds:
            self._report(said, f"it is a hard link to '{shown(target)}', which is not in the layer before it")

    def _whiteout(self, said: str, folder: bytes, base: bytes) -> None:
        where = "/" + shown(folder + b"/" if folder else b"")
        gone = base[len(WHITEOUT) :]
        if base == OPAQUE:
            self._removed(f"{where}*")
        elif gone in {b"", b".", b".."}:
            self._report(said, "it is a whiteout without a name")
        elif not base.startswith(AUFS):
            self._removed(where + shown(gone))

    def _removed(self, name: str) -> None:
        if len(self.removed) < _MOST_PARTS:
            self.removed.append(name)

    def _count(self, name: bytes, size: int) -> None:
        inside = _STORE_PATH.match(name)
        for part in (inside[0],) if inside is not None else _outermost(name):
            sizes = self._sizes.get(part)
            if sizes is None:
                if len(self._sizes) >= _MOST_PARTS:
                    continue
                sizes = self._sizes[part] = [0, 0]
            sizes[0] += size
            sizes[1] += 1

    def _report(self, where: str, what: str, *, serious: bool = True) -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(Failure(where, what, serious))


def relative(name: bytes) -> bytes:
    """A member's name without what only decorates it; that of the root is empty."""
    name = name.removeprefix(b"./").rstrip(b"/")
    return b"" if name == b"." else name


def store_object(name: bytes) -> bytes | None:
    """The store object in which the file ``name`` lies, None for one outside of a store."""
    inside = _STORE_PATH.match(name)
    return None if inside is None else inside[0]


def _folders(name: bytes) -> Iterator[bytes]:
    """``a``, ``a/b`` … up to ``name`` itself; nothing for the root."""
    end = name.find(b"/")
    while end >= 0:
        yield name[:end]
        end = name.find(b"/", end + 1)
    if name:
        yield name


def _outermost(name: bytes) -> Iterator[bytes]:
    for part, _ in zip(_folders(name), range(DEEPEST_PART), strict=False):
        yield part
