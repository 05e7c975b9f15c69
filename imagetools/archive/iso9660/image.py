"""An ISO 9660 image as members: folders first, then what is in them, each folder's files before its folders.

Names and modes are Rock Ridge's; where there is none, Joliet's names (then the plain ones, without ``;1``), and every file is
executable, as Linux shows it. Refused: a directory that is reached twice (so also loops), a name twice in a directory, names that
no file can have, files outside of the image. Memory does not grow with it, but for the names of one directory at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from imagetools.archive.iso9660.records import Record, records
from imagetools.archive.iso9660.rock_ridge import Facts, read_facts, skipped
from imagetools.archive.iso9660.volume import Extent, bad, read_volume
from imagetools.archive.iso9660.zisofs import unpacked, unpacked_size
from imagetools.archive.member import Kind, Member
from imagetools.archive.shown import shown
from imagetools.archive.stream import PIECE
from imagetools.archive.zip_directory import Source

_LONGEST_LINK: Final = 4095
_DEEPEST: Final = 2048
_RRIP: Final = (b"RRIP_1991A", b"IEEE_P1282", b"IEEE_1282")
_KINDS: Final = {
    0o100000: Kind.FILE,
    0o040000: Kind.DIRECTORY,
    0o120000: Kind.SYMLINK,
    0o060000: Kind.BLOCK_DEVICE,
    0o020000: Kind.CHARACTER_DEVICE,
    0o010000: Kind.FIFO,
    0o140000: Kind.SOCKET,
}


@dataclass(slots=True)
class _Item:
    """One name of a directory, with all parts of a file that has several."""

    name: bytes
    record: Record
    facts: Facts
    extents: list[Extent] = field(default_factory=list)


class Iso9660:
    """The image that begins with ``source``. Raises ``ArchiveError``, in the constructor and later."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.volume = read_volume(source)
        self._skip = self._find_rock_ridge()
        self.rock_ridge = self._skip is not None
        self.joliet = not self.rock_ridge and self.volume.joliet is not None
        self._root = self.volume.joliet if self.joliet and self.volume.joliet else self.volume.root

    def _find_rock_ridge(self) -> int | None:
        first = next(records(self._source, self.volume.root), None)
        if first is None:
            raise bad("its root directory is empty", self.volume.root.place)
        skip = skipped(first.system)
        if skip is None:
            return None
        facts = read_facts(self._source, first.system)
        known = facts.mode is not None or any(name in _RRIP for name in facts.extensions)
        return skip if known else None

    def members(self) -> Iterator[Member]:
        """All members; bodies may be read until the next member is asked for."""
        for path, item in self._walk():
            yield self._member(path, item)

    def listed(self) -> Iterator[Member]:
        """The same; looking at the bodies is what costs, and nobody need do that."""
        yield from self.members()

    def tops(self) -> dict[bytes, Kind]:
        """What lies at the top."""
        return {item.name: self._member(item.name, item).kind for item in self._items(self._root, b"")}

    def has_packed(self) -> bool:
        """Whether any file is compressed with zisofs."""
        return any(item.facts.packed is not None for _, item in self._walk())

    def read(self, path: bytes, most: int) -> bytes | None:
        """The contents of one small file; None where there is none of this name, or it is longer than ``most`` bytes."""
        item = self._find(path)
        if item is None:
            return None
        member = self._member(path, item)
        return b"".join(member.body) if member.kind is Kind.FILE and member.size <= most else None

    def find(self, path: bytes) -> Member | None:
        """What a name stands for; no link is followed."""
        item = self._find(path)
        return self._member(path, item) if item else None

    def _find(self, path: bytes) -> _Item | None:
        extent: Extent | None = self._root
        found = None
        for part in path.split(b"/"):
            if extent is None:
                return None
            found = next((item for item in self._items(extent, path) if item.name == part), None)
            if found is None:
                return None
            extent = self._folder(found)
        return found

    def _walk(self) -> Iterator[tuple[bytes, _Item]]:
        folders: list[tuple[bytes, Extent, int]] = [(b"", self._root, 0)]
        seen = {self._root.place}
        while folders:
            where, extent, depth = folders.pop()
            inner: list[tuple[bytes, Extent, int]] = []
            names: set[bytes] = set()
            prefix = where + b"/" if where else b""
            for item in self._items(extent, where):
                path = prefix + item.name
                if item.name in names:
                    raise bad(f"the directory '{shown(where)}' has the name '{shown(item.name)}' twice")
                names.add(item.name)
                folder = self._folder(item)
                if folder is not None:
                    if folder.place in seen:
                        raise bad(f"the directory '{shown(path)}' is in the image twice, or inside of itself")
                    if depth >= _DEEPEST:
                        raise bad(f"its directories are more than {_DEEPEST} deep")
                    seen.add(folder.place)
                    inner.append((path, folder, depth + 1))
                yield path, item
            inner.reverse()
            folders += inner

    def _items(self, extent: Extent, where: bytes) -> Iterator[_Item]:
        """The names of a directory; parts of a file are put together, directories that were moved away are left out there."""
        begun: _Item | None = None
        for number, record in enumerate(records(self._source, extent)):
            if number < 2:
                if record.name != bytes([number]):
                    raise bad(f"the directory '{shown(where)}' does not begin with itself and its parent", extent.place)
                continue
            if begun is not None:
                if record.name != begun.record.name or record.directory:
                    raise bad(f"'{shown(begun.name)}' in the directory '{shown(where)}' lacks its further parts")
                begun.extents.append(record.extent)
            else:
                facts = Facts() if self._skip is None else read_facts(self._source, record.system[self._skip :])
                name = self._name(record, facts)
                if len(name) > 255 or name in {b"", b".", b".."} or b"/" in name or b"\0" in name:
                    raise bad(f"the directory '{shown(where)}' has the name '{shown(name[:255])}', which no file can have")
                begun = _Item(name, record, facts, [record.extent])
            if not record.more:
                if not begun.facts.moved:
                    yield begun
                begun = None
        if begun is not None:
            raise bad(f"'{shown(begun.name)}' in the directory '{shown(where)}' lacks its further parts")

    def _name(self, record: Record, facts: Facts) -> bytes:
        if facts.name is not None:
            return facts.name
        name = record.name
        if self.joliet:
            try:
                name = name.decode("utf-16-be").encode()
            except UnicodeError:
                raise bad("a name of Joliet is not in UTF-16") from None
        stem, dot, version = name.rpartition(b";")
        if dot and version.isdigit():
            name = stem
        return name if record.directory or self.joliet else name.removesuffix(b".")

    def _folder(self, item: _Item) -> Extent | None:
        """Where a directory's records lie, or None for everything else."""
        if item.facts.moved_to is not None:
            place = item.facts.moved_to
            itself = next(records(self._source, Extent(place, 2048)), None)
            if itself is None or itself.name != b"\0":
                raise bad(f"the directory '{shown(item.name)}' is not where it should have been moved", place)
            return itself.extent
        return item.record.extent if item.record.directory else None

    def _member(self, path: bytes, item: _Item) -> Member:
        facts = item.facts
        mode = 0o555 if facts.mode is None else facts.mode & 0o7777
        if item.record.directory or facts.moved_to is not None:
            return Member(path, Kind.DIRECTORY, mode)
        kind = Kind.FILE if facts.mode is None else _KINDS.get(facts.mode & 0o170000)
        if kind is None or kind is Kind.DIRECTORY:
            raise bad(f"'{shown(path)}' has the mode {facts.mode or 0:o}, which no file has")
        if kind is Kind.SYMLINK:
            target = facts.target or b""
            if not 0 < len(target) <= _LONGEST_LINK:
                raise bad(f"the symbolic link '{shown(path)}' has a target of {len(target)} bytes")
            return Member(path, kind, mode, target=target)
        if kind is not Kind.FILE:
            return Member(path, kind, mode)
        for extent in item.extents:
            if extent.size and extent.place + extent.size > self._source.size:
                raise bad(f"'{shown(path)}' lies outside of it, {extent.size} bytes", extent.place)
        if facts.packed is not None:
            if len(item.extents) != 1:
                raise bad(f"'{shown(path)}' is compressed and has several parts")
            size = unpacked_size(facts.packed)
            return Member(path, kind, mode, size, body=unpacked(self._source, item.extents[0], size))
        size = sum(extent.size for extent in item.extents)
        return Member(path, kind, mode, size, body=self._body(item.extents))

    def _body(self, extents: list[Extent]) -> Iterator[bytes]:
        for extent in extents:
            place, end = extent.place, extent.place + extent.size
            while place < end:
                piece = self._source.read_at(place, min(PIECE, end - place))
                if not piece:
                    raise bad("it ends early", place)
                place += len(piece)
                yield piece


def read_iso(source: Source) -> Iterator[Member]:
    """The members of an ISO 9660 image. Raises ``ArchiveError``."""
    yield from Iso9660(source).members()
