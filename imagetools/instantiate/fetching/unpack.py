"""A downloaded tarball becomes a tree: what Nix's fetchTarball takes, unpacked as the archive says it.

By its first bytes: tar, compressed in any known way, or zip. Nix quirks: exactly one file or folder at the top, which is taken
off; only the owner's executable bit counts; links may lead anywhere, since they stay links. Refused are names and members
that could touch anything outside the folder.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from imagetools.archive.member import Kind, Member
from imagetools.archive.stream import ByteStream
from imagetools.archive.tarball import read_tarball
from imagetools.archive.unpack import UnpackPolicy, components, unpack
from imagetools.archive.zip import read_zip
from imagetools.instantiate.fetching.errors import TopLevelFiles

_POLICY: Final = UnpackPolicy(any_links=True)
_ZIP: Final = (b"PK\3\4", b"PK\5\6")


def unpack_single(archive: str, folder: str, url: str) -> tuple[str, int]:
    """Unpack the file ``archive`` into the empty ``folder``; gives the place of what is at its top, and when that was last
    changed (in seconds since 1970). Raises ArchiveError, TopLevelFiles (with ``url``)."""
    with _File(archive) as file:
        times = _Times()
        members = read_zip(file) if file.read_at(0, 4) in _ZIP else read_tarball(ByteStream(file.read))
        unpack(times.noted(_as_nix(members)), folder, _POLICY)
    tops = os.listdir(folder)
    if len(tops) != 1:
        raise TopLevelFiles(url)
    return os.path.join(folder, tops[0]), times.top if times.top is not None else times.latest


def unpack_all(chunks: ByteStream, folder: str) -> None:
    """Unpack a tar stream (of ``git archive``, say) into the empty ``folder``."""
    unpack(_as_nix(read_tarball(chunks)), folder, _POLICY)


def _as_nix(members: Iterable[Member]) -> Iterator[Member]:
    """The owner's bit decides what is executable."""
    for member in members:
        yield replace(member, mode=0o644) if member.mode & 0o111 and not member.mode & 0o100 else member


class _File:
    """A file to be read in order or in any place; a context manager."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._fd).st_size

    def read(self, size: int) -> bytes:
        return os.read(self._fd, size)

    def read_at(self, offset: int, size: int) -> bytes:
        piece = os.pread(self._fd, size, offset)
        while 0 < len(piece) < size and (more := os.pread(self._fd, size - len(piece), offset + len(piece))):
            piece += more
        return piece

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


class _Times:
    """``top`` is the time of the folder at the top where the archive has a member for it, ``latest`` the last of all."""

    def __init__(self) -> None:
        self.top: int | None = None
        self.latest = 0

    def noted(self, members: Iterable[Member]) -> Iterator[Member]:
        for member in members:
            self.latest = max(self.latest, member.mtime)
            if member.kind is Kind.DIRECTORY and len(components(member.name)) == 1:
                self.top = member.mtime
            yield member
