"""How to write an archive again: its bytes, except that files of the store are only named. The file behind streamLayeredImage.

A plan is one gzip stream of records, each a head (``RECORD``: size of the literal, size of the file, size of its name), the
literal bytes, and the file's name below the store directory. Replaying it needs neither hashing nor tar: literals and files, in
order, are the archive. stream_image.py.j2 reads it, and imagetools.image_io.stream_plan, from the segment that it needs (each a
gzip member of its own). What ``extraCommands`` made lies in no store object, so it is literal.

A name that begins with ``@`` means a part of a file, ``@OFFSET:HOW:NAME``: a layer of a base image. HOW is ``plain``, ``gzip``
(from OFFSET on the file is gzip, and what it holds is meant) or ``in-gzip`` (the file is gzip; OFFSET counts in what it holds).
"""

import os
from collections.abc import Iterable
from types import TracebackType
from typing import BinaryIO, Final, Self

from isal import isal_zlib
from isal.isal_zlib import Compress

from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.image_io.block_stream import BLOCK, BlockStream
from imagetools.image_io.compressors import GZIP_LEVEL
from imagetools.image_io.file_range import FileRange
from imagetools.image_io.stream_plan import RECORD

_GZIP_BITS: Final = 31
_HOW: Final = {("none", "none"): b"plain", ("none", "gzip"): b"gzip", ("gzip", "none"): b"in-gzip"}


class StrangePlaceError(BuiltinError):
    """The file at ``path`` lies neither in the store nor in the build folder."""

    fault = "ours"

    def __init__(self, path: bytes) -> None:
        super().__init__(f"'{os.fsdecode(path)}' is no file of the store")


class ArchivePlan:
    """Written to ``file`` (the caller's) while an archive is; use it as a context manager.

    ``segments``: offsets in the archive, and where in the plan's file one may begin to read in order to be there.
    """

    def __init__(self, ctx: BuiltinContext, file: BinaryIO) -> None:
        self._store: Final = os.fsencode(os.path.dirname(ctx.real_path(ctx.logical_outputs["out"]))) + b"/"
        self._scratch: Final = os.fsencode(ctx.scratch) + b"/"
        self.segments: list[tuple[int, int]] = []
        self._packed: Final = _Gzip(file)
        self._offset = 0
        self._literal = bytearray()
        self._out = bytearray()

    def literal(self, data: bytes) -> None:
        """The next bytes of the archive."""
        self._literal += data
        if len(self._literal) >= BLOCK:
            self.cut()

    def file(self, path: bytes, size: int) -> None:
        """Next in the archive are the ``size`` bytes of the file at the physical ``path``. Raises StrangePlaceError, OSError."""
        if path.startswith(self._store):
            self._record(size, path[len(self._store) :])
        elif path.startswith(self._scratch):
            with open(path, "rb") as file:
                while piece := file.read(BLOCK):
                    self.literal(piece)
        else:
            raise StrangePlaceError(path)

    def part(self, place: FileRange, compression: str, size: int) -> bool:
        """Next in the archive are the ``size`` bytes that lie at ``place``; False where the script could not read them there."""
        how = _HOW.get((place.compression, compression))
        path = os.fsencode(place.path)
        if how is None or not path.startswith(self._store):
            return False
        self._record(size, b"@%d:%b:%b" % (place.offset, how, path[len(self._store) :]))
        return True

    def cut(self) -> None:
        """End a record here, unless one has just ended."""
        if self._literal:
            self._record(0, b"")

    def segment(self) -> None:
        """Begin a segment."""
        self.cut()
        self._flush()
        self.segments.append((self._offset, self._packed.end()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.cut()
            self._flush()
            self._packed.end()

    def _record(self, size: int, name: bytes) -> None:
        self._offset += len(self._literal) + size
        self._out += RECORD.pack(len(self._literal), size, len(name))
        self._out += self._literal
        self._out += name
        self._literal.clear()
        if len(self._out) >= BLOCK:
            self._flush()

    def _flush(self) -> None:
        if self._out:
            self._packed.write(self._out)
            self._out = bytearray()


class _Gzip:
    """Members of gzip, without name and time, one after the other in ``file``. No threads: a plan is small."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._member: Compress | None = None

    def write(self, data: bytes | bytearray) -> None:
        if self._member is None:
            self._member = isal_zlib.compressobj(GZIP_LEVEL, isal_zlib.DEFLATED, _GZIP_BITS)
        self._file.write(self._member.compress(data))

    def end(self) -> int:
        """End the member, if one was begun; how long the file is now."""
        if self._member is not None:
            self._file.write(self._member.flush())
            self._member = None
        return self._file.tell()


class PlannedStream(BlockStream):
    """Hashes what an archive's layers need to have hashed; the bytes go nowhere, ``plan`` learns how to make them again."""

    def __init__(self, plan: ArchivePlan) -> None:
        super().__init__(_Nowhere())
        self._plan = plan

    def write(self, data: bytes) -> None:
        self._plan.literal(data)
        if self.hashing:
            super().write(data)
        else:
            self.offset += len(data)

    def copy_file(self, path: bytes, size: int) -> None:
        self._plan.file(path, size)
        if self.hashing:
            super().copy_file(path, size)
        else:  # nobody needs to see its bytes
            self.offset += size

    def copy_pieces(self, pieces: Iterable[bytes], size: int, place: FileRange | None, compression: str = "none") -> None:
        if place is None or not self._plan.part(place, compression, size):
            super().copy_pieces(pieces, size, place, compression)
        elif self.hashing:
            for piece in pieces:
                super().write(piece)
        else:
            self.offset += size


class _Nowhere:
    def write(self, block: memoryview, /) -> None:
        pass

    def close(self) -> None:
        pass
