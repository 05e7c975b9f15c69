"""The files of an OCI image layout as they come into being: in a folder, or as the members of a tar.

A blob's name is its digest, and a tar's header has the size: both are known only when the bytes are written. Hence ``begin``,
any number of writes, then ``keep(name)``: in a folder a file gets its name by rename, in a tar (which must be a real file) the
header is written last, before the bytes that stand there already. Everything is written once; nothing half written has a name.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable
from typing import BinaryIO, Final, Protocol

from ..image.descriptor import Descriptor
from .entries import REGULAR, Entry, directory
from .stamp import Stamp
from .tar_header import BLOCK, END, header, padding

_STAMP: Final = Stamp()
_MODE: Final = 0o444
_PART: Final = ".part"


class LayoutFiles(Protocol):
    """One file at a time. ``name`` is relative to the layout: ``index.json``, ``blobs/sha256/…``."""

    def holds(self, described: Descriptor) -> bool:
        """Whether the blob is there already, whole and true."""
        ...

    def begin(self) -> BinaryIO:
        """Where to write the next file's bytes; not to be closed."""
        ...

    def keep(self, name: str) -> None:
        """The file that was begun is whole. It replaces one of that name in a folder, which may be damaged."""
        ...

    def discard(self) -> None:
        """Forget what was begun, if anything was."""
        ...

    def add(self, name: str, data: bytes) -> None:
        """A small file whose bytes are known; it replaces one of that name in a folder."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


class FolderFiles:
    """Below ``path``, which is made where it is missing. ``added``: the names of the files that were not there before."""

    def __init__(self, path: str) -> None:
        self._path: Final = path
        self._open: BinaryIO | None = None
        self.added: list[str] = []
        os.makedirs(os.path.join(path, "blobs", "sha256"), exist_ok=True)

    def holds(self, described: Descriptor) -> bool:
        if not may_hold(self._path, described):
            return False
        algorithm, _, wanted = described.digest.partition(":")
        with open(os.path.join(self._path, described.blob), "rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest() == wanted

    def begin(self) -> BinaryIO:
        self._open = open(os.path.join(self._path, _PART + str(os.getpid())), "wb")  # noqa: SIM115
        return self._open

    def keep(self, name: str) -> None:
        if self._open is None:
            raise RuntimeError("no file was begun")
        place = os.path.join(self._path, name)
        there = os.path.lexists(place)
        self._open.close()
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.replace(self._open.name, place)
        if not there:
            self.added.append(name)
        self._open = None

    def discard(self) -> None:
        if self._open is not None:
            with contextlib.suppress(OSError):  # what could not be written cannot be flushed either
                self._open.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._open.name)
            self._open = None

    def add(self, name: str, data: bytes) -> None:
        place = os.path.join(self._path, name)
        part = place + _PART
        there = os.path.lexists(place)
        try:
            with open(part, "wb") as file:
                file.write(data)
            os.replace(part, place)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
        if not there:
            self.added.append(name)

    def close(self) -> None:
        self.discard()

    def undo(self) -> None:
        """Remove all files that were added, and the folders where nothing else is."""
        self.discard()
        for name in reversed(self.added):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self._path, name))
        self.added.clear()
        for name in ("blobs/sha256", "blobs"):
            with contextlib.suppress(OSError):
                os.rmdir(os.path.join(self._path, name))


class TarFiles:
    """Members of the tar ``file``, which is empty, can seek, and belongs to the caller."""

    def __init__(self, file: BinaryIO, folders: Iterable[bytes] = (b"blobs", b"blobs/sha256")) -> None:
        self._file: Final = file
        self._start: int | None = None
        self._names: set[str] = set()
        for name in folders:
            file.write(header(directory(name, 0o755), _STAMP))

    def holds(self, described: Descriptor) -> bool:
        return described.blob in self._names

    def begin(self) -> BinaryIO:
        self._start = self._file.tell()
        self._file.write(bytes(BLOCK))
        return self._file

    def keep(self, name: str) -> None:
        if self._start is None:
            raise RuntimeError("no file was begun")
        if name in self._names:
            self.discard()
            return
        size = self._file.tell() - self._start - BLOCK
        self._file.write(bytes(padding(size)))
        end = self._file.tell()
        self._file.seek(self._start)
        self._file.write(header(Entry(name.encode(), REGULAR, _MODE, size), _STAMP))
        self._file.seek(end)
        self._names.add(name)
        self._start = None

    def discard(self) -> None:
        if self._start is not None:
            self._file.seek(self._start)
            self._file.truncate()
            self._start = None

    def add(self, name: str, data: bytes) -> None:
        if name not in self._names:
            self._file.write(header(Entry(name.encode(), REGULAR, _MODE, len(data)), _STAMP) + data + bytes(padding(len(data))))
            self._names.add(name)

    def close(self) -> None:
        self.discard()
        self._file.write(END)
        self._file.flush()


class OneFile:
    """A single file, which belongs to the caller: what is kept stays in it, whatever its name."""

    def __init__(self, file: BinaryIO) -> None:
        self._file: Final = file

    def holds(self, described: Descriptor) -> bool:
        del described
        return False

    def begin(self) -> BinaryIO:
        return self._file

    def keep(self, name: str) -> None:
        del name
        self._file.flush()

    def discard(self) -> None:
        self._file.seek(0)
        self._file.truncate()

    def add(self, name: str, data: bytes) -> None:
        del name
        self._file.write(data)

    def close(self) -> None:
        self._file.flush()


def may_hold(layout: str, described: Descriptor | None) -> bool:
    """Whether the folder ``layout`` has a blob of that name and size."""
    if described is None:
        return False
    try:
        found = os.lstat(os.path.join(layout, described.blob))
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == described.size
