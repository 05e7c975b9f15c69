"""How to write an archive again: its bytes, except that files of the store are only named. The file behind streamLayeredImage.

A plan is one gzip stream of records, each a head (``RECORD``: size of the literal, size of the file, size of its name), the
literal bytes, and the file's name below the store directory. Replaying it needs neither hashing nor tar: literals and files, in
order, are the archive. stream_image.py.j2 reads it. What ``extraCommands`` made lies in no store object, so it is literal.
"""

import os
from struct import Struct
from types import TracebackType
from typing import BinaryIO, Final, Self

from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.image_io.block_stream import BLOCK, BlockStream
from imagetools.image_io.compressors import open_sink

from .made_tree import made_root

RECORD: Final = Struct(">IQH")


class StrangePlaceError(BuiltinError):
    """The file at ``path`` lies neither in the store nor in the build folder."""

    fault = "ours"

    def __init__(self, path: bytes) -> None:
        super().__init__(f"'{os.fsdecode(path)}' is no file of the store")


class ArchivePlan:
    """Written to ``file`` (the caller's) while an archive is; use it as a context manager."""

    def __init__(self, ctx: BuiltinContext, file: BinaryIO) -> None:
        self._store: Final = os.fsencode(os.path.dirname(ctx.real_path(ctx.logical_outputs["out"]))) + b"/"
        self._made: Final = made_root(ctx) + b"/"
        self._sink: Final = open_sink(file, "gz")
        self._literal = bytearray()
        self._out = bytearray()

    def literal(self, data: bytes) -> None:
        """The next bytes of the archive."""
        self._literal += data
        if len(self._literal) >= BLOCK:
            self.cut()

    def file(self, path: bytes, size: int) -> None:
        """Next in the archive are the ``size`` bytes of the file at the physical ``path``. Raises StrangePlaceError, OSError."""
        if path.startswith(self._made):
            with open(path, "rb") as file:
                while piece := file.read(BLOCK):
                    self.literal(piece)
        elif path.startswith(self._store):
            self._record(size, path[len(self._store) :])
        else:
            raise StrangePlaceError(path)

    def cut(self) -> None:
        """End a record here, unless one has just ended."""
        if self._literal:
            self._record(0, b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.cut()
            self._flush()
        self._sink.close()

    def _record(self, size: int, name: bytes) -> None:
        self._out += RECORD.pack(len(self._literal), size, len(name))
        self._out += self._literal
        self._out += name
        self._literal.clear()
        if len(self._out) >= BLOCK:
            self._flush()

    def _flush(self) -> None:
        if self._out:
            self._sink.write(memoryview(self._out))
            self._out = bytearray()


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


class _Nowhere:
    def write(self, block: memoryview, /) -> None:
        pass

    def close(self) -> None:
        pass
