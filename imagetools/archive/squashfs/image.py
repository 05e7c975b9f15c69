"""A squashfs image as members: folders first, then what is in them, each folder's files before its folders.

Random access to the image is all that is needed, and memory does not grow with it: metadata are read as they are walked, a few
megabytes of contents are unpacked ahead by threads. Refused: a directory that is reached twice (so also loops and directories
inside of themselves), more inodes than the superblock says, names that no file can have. Devices, pipes and sockets are members;
who writes refuses them.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from imagetools.archive.block_codecs import codec
from imagetools.archive.member import Kind, Member
from imagetools.archive.shown import shown
from imagetools.archive.squashfs.data import STORED, Data, Fragments, Job, Workers
from imagetools.archive.squashfs.directories import Name, listing
from imagetools.archive.squashfs.inodes import NO_FRAGMENT, Inode, Inodes
from imagetools.archive.squashfs.metadata import Table
from imagetools.archive.squashfs.superblock import Superblock, bad, read_superblock
from imagetools.archive.zip_directory import Source

_AHEAD: Final = 16 << 20  # bytes of contents that may wait
_WAITING: Final = 1024  # members that may wait
_RUN: Final = 1 << 19  # bytes of contents in a job
_DEEPEST: Final = 2048  # a name of 4095 bytes has no more parts


@dataclass(slots=True)
class _Waiting:
    """``cost``: how many bytes of contents it may keep in memory."""

    member: Member
    cost: int


class Squashfs:
    """The image at ``start`` of ``source``. Raises ``ArchiveError`` and ``MissingLibraryError``, in the constructor and later."""

    def __init__(self, source: Source, start: int = 0) -> None:
        facts = read_superblock(source, start)
        self.facts: Superblock = facts
        self._source = source
        self._decode = codec(facts.compression)
        inodes = Table(source, start, facts.inode_table, facts.directory_table, self._decode)
        room = facts.directory_table - facts.inode_table
        self._inodes = Inodes(inodes, facts.block_size, facts.inodes, room)
        self._listings = Table(source, start, facts.directory_table, facts.end_of_directories, self._decode)
        root = self._inodes.read(facts.root)
        if root.kind is not Kind.DIRECTORY:
            raise bad(f"its root is a {root.kind.value}")
        self._root = root

    def listed(self) -> Iterator[Member]:
        """All members with sizes and modes, without contents."""
        first: dict[int, bytes] = {}
        for path, inode in self._walk():
            yield _linked(first, path, inode) or Member(path, inode.kind, inode.mode, _size(inode), inode.target)

    def members(self, threads: int = 2) -> Iterator[Member]:
        """All members; bodies may be read until the next member is asked for."""
        first: dict[int, bytes] = {}
        waiting: deque[_Waiting] = deque()
        data = Data(self._source, self.facts, self._decode)
        fragments = Fragments(self._source, self.facts, self._decode)
        ahead = 0
        with Workers(data, threads) as workers:
            for path, inode in self._walk():
                link = _linked(first, path, inode)
                if link is None and inode.kind is Kind.FILE and inode.size > _AHEAD:
                    yield from (item.member for item in waiting)
                    waiting.clear()
                    ahead = 0
                    yield Member(path, Kind.FILE, inode.mode, inode.size, body=self._long(inode, workers, fragments))
                    continue
                waiting.append(self._begin(path, inode, link, workers, fragments))
                ahead += waiting[-1].cost
                while ahead > _AHEAD or len(waiting) > _WAITING:
                    item = waiting.popleft()
                    ahead -= item.cost
                    yield item.member
            yield from (item.member for item in waiting)

    def _begin(self, path: bytes, inode: Inode, link: Member | None, workers: Workers, fragments: Fragments) -> "_Waiting":
        """A member whose contents, if it has any, are on their way."""
        if link is not None or inode.kind is not Kind.FILE:
            return _Waiting(link or Member(path, inode.kind, inode.mode, 0, inode.target), 0)
        shared = inode.fragment == NO_FRAGMENT or fragments.known(inode.fragment) is not None
        parts = list(self._parts(inode, workers, fragments))
        cost = inode.size + (0 if shared else self.facts.block_size)
        return _Waiting(Member(path, Kind.FILE, inode.mode, inode.size, body=_body(parts)), cost)

    def read(self, path: bytes, most: int) -> bytes | None:
        """The contents of one small file; None where there is none of this name, or it is longer than ``most`` bytes."""
        inode = self.find(path)
        if inode is None or inode.kind is not Kind.FILE or inode.size > most:
            return None
        with Workers(Data(self._source, self.facts, self._decode), 1) as workers:
            fragments = Fragments(self._source, self.facts, self._decode)
            return b"".join(_body(list(self._parts(inode, workers, fragments))))

    def find(self, path: bytes) -> Inode | None:
        """What a name stands for; no link is followed."""
        inode = self._root
        for part in path.split(b"/"):
            if inode.kind is not Kind.DIRECTORY:
                return None
            found = next((item for item in listing(self._listings, inode, path) if item.name == part), None)
            if found is None:
                return None
            inode = self._inodes.read(found.reference)
        return inode

    def names(self) -> list[Name]:
        """What lies at the top."""
        return list(listing(self._listings, self._root, b""))

    def _walk(self) -> Iterator[tuple[bytes, Inode]]:
        """Every name but the root's, with its inode."""
        folders: list[tuple[bytes, Inode, int]] = [(b"", self._root, 0)]
        seen = {self._root.number}
        most = self.facts.inodes
        while folders:
            where, folder, depth = folders.pop()
            inner: list[tuple[bytes, Inode, int]] = []
            prefix = where + b"/" if where else b""
            for item in listing(self._listings, folder, where):
                path = prefix + item.name
                inode = self._inodes.read(item.reference)
                if inode.kind is not item.kind:
                    raise bad(f"'{shown(path)}' is a {inode.kind.value}, but its directory says {item.kind.value}")
                if inode.kind is Kind.DIRECTORY:
                    if inode.number in seen:
                        raise bad(f"the directory '{shown(path)}' is in the image twice, or inside of itself")
                    if depth >= _DEEPEST:
                        raise bad(f"its directories are more than {_DEEPEST} deep")
                    seen.add(inode.number)
                    inner.append((path, inode, depth + 1))
                yield path, inode
            if len(seen) > most:
                raise bad(f"it has more directories than the {most} inodes that it says")
            inner.reverse()
            folders += inner

    def _parts(self, inode: Inode, workers: Workers, fragments: Fragments) -> Iterator[tuple[Job, int, int]]:
        """Jobs, and which bytes of what they give are the file's (0, -1 for all); they are under way when they come."""
        size, block_size, words = inode.size, self.facts.block_size, inode.blocks
        per_job = max(_RUN // block_size, 1)
        place = inode.start
        for first in range(0, len(words), per_job):
            some = words[first : first + per_job]
            sizes = [block_size] * len(some)
            if first + len(some) == len(words) and inode.fragment == NO_FRAGMENT and size % block_size:
                sizes[-1] = size % block_size
            job = Job(place, some, sizes)
            workers.add(job)
            yield job, 0, -1
            place += sum(word & ~STORED for word in some)
        if inode.fragment != NO_FRAGMENT:
            found = fragments.known(inode.fragment)
            if found is None:
                found = fragments.job(inode.fragment)
                workers.add(found)
            yield found, inode.offset, inode.offset + size % block_size

    def _long(self, inode: Inode, workers: Workers, fragments: Fragments) -> Iterator[bytes]:
        """A file that is longer than what may wait at once."""
        window: deque[tuple[Job, int, int]] = deque()
        deep = max(_AHEAD // max(_RUN, self.facts.block_size), 2)
        for part in self._parts(inode, workers, fragments):
            window.append(part)
            if len(window) >= deep:
                yield from _body([window.popleft()])
        yield from _body(list(window))


def read_squashfs(source: Source, start: int = 0, threads: int = 2) -> Iterator[Member]:
    """The members of the squashfs image at ``start`` of ``source``. Raises ``ArchiveError``, ``MissingLibraryError``."""
    yield from Squashfs(source, start).members(threads)


def _size(inode: Inode) -> int:
    return inode.size if inode.kind is Kind.FILE else 0


def _linked(first: dict[int, bytes], path: bytes, inode: Inode) -> Member | None:
    """A further name of a file that came already; else the file is remembered, where it says that it has several names."""
    if inode.kind is not Kind.FILE or inode.links <= 1:
        return None
    known = first.setdefault(inode.number, path)
    return None if known == path else Member(path, Kind.HARDLINK, inode.mode, 0, known)


def _body(parts: list[tuple[Job, int, int]]) -> Iterator[bytes]:
    for job, begin, end in parts:
        pieces = job.wait()
        if end < 0:
            yield from pieces
        else:
            piece = pieces[0][begin:end]
            if len(piece) != end - begin:
                raise bad("the end of a file lies outside of its fragment")
            yield piece
