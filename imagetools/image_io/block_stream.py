"""One pass over all bytes: they are gathered in blocks, and each block is hashed in a thread while the next one is read.

``hashlib`` and the compressors let go of the interpreter lock, so reading, hashing and compressing run side by side. Blocks are
recycled: memory stays the same for any size. Where blocks end depends on the bytes alone, never on timing, since a compressor's
output depends on it. Refuses to seek: the sink may be a pipe.
"""

import contextlib
import hashlib
import os
import queue
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from ..kernel.errors import ImagetoolsError
from .file_range import FileRange

if TYPE_CHECKING:
    from hashlib import _Hash

BLOCK: Final = 1 << 20
_AHEAD: Final = 4

Slice = tuple["_Hash", int, int]


class FileChangedError(ImagetoolsError):
    """The file at ``path`` has not the ``size`` any more that it had when the layer was planned."""

    fault = "host"

    def __init__(self, path: bytes, size: int) -> None:
        super().__init__(f"'{os.fsdecode(path)}' changed while it was read: {size} bytes were expected")
        self.path = path
        self.size = size


class Sink(Protocol):
    """Takes blocks in order; a block's memory may be used again once ``write`` has returned."""

    def write(self, block: memoryview, /) -> object: ...
    def close(self) -> None: ...


class BlockStream:
    """Bytes in, blocks out to ``sink``; between ``start_digest`` and ``stop_digest`` they are also hashed.

    Use it as a context manager: leaving it ends the thread and closes the sink. ``offset`` counts the bytes written so far.
    """

    def __init__(self, sink: Sink) -> None:
        self.offset = 0
        self._sink = sink
        self._block = bytearray(BLOCK)
        self._view = memoryview(self._block)
        self._fill = 0
        self._hasher: _Hash | None = None
        self._hash_from = 0
        self._slices: list[Slice] = []
        self._free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
        self._work: queue.Queue[tuple[bytearray, list[Slice]] | None] = queue.Queue(_AHEAD)
        self._worker = threading.Thread(target=self._digest, name="layer-digest", daemon=True)
        self._worker.start()

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        size = len(data)
        fill = self._fill
        self.offset += size
        if fill + size < BLOCK:
            self._view[fill : fill + size] = data
            self._fill = fill + size
            return
        place = 0
        while place < size:
            part = min(BLOCK - self._fill, size - place)
            self._view[self._fill : self._fill + part] = data[place : place + part]
            self._fill += part
            place += part
            if self._fill == BLOCK:
                self._flush()

    def copy_file(self, path: bytes, size: int) -> None:
        """Append the ``size`` bytes of the file at ``path``. Raises FileChangedError, OSError."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            left = size
            while left:
                part = min(BLOCK - self._fill, left)
                got = os.readv(handle, [self._view[self._fill : self._fill + part]])
                if got == 0:
                    raise FileChangedError(path, size)
                self._fill += got
                left -= got
                if self._fill == BLOCK:
                    self._flush()
        finally:
            os.close(handle)
        self.offset += size

    def copy_pieces(self, pieces: Iterable[bytes], size: int, place: FileRange | None, compression: str = "none") -> None:
        """Append ``size`` bytes that come in pieces; as a whole they lie at ``place``, compressed as ``compression`` says."""
        for piece in pieces:
            self.write(piece)

    def start_digest(self) -> "_Hash":
        """From here on bytes go into a new SHA-256, which is returned; ask it for its digest after ``settle``."""
        self._hasher = hashlib.sha256(usedforsecurity=False)
        self._hash_from = self._fill
        return self._hasher

    @property
    def hashing(self) -> bool:
        """Whether bytes written now are hashed."""
        return self._hasher is not None

    def stop_digest(self) -> None:
        """Bytes written from here on are not hashed."""
        self._cut()
        self._hasher = None

    def settle(self) -> None:
        """Wait until everything between a start and a stop has been hashed."""
        self._flush()
        self._work.join()

    def finish(self) -> None:
        """Write what is left and close the sink."""
        self._flush()
        self._stop()
        self._sink.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.finish()
            return
        self._stop()
        with contextlib.suppress(Exception):  # the first error is the one to tell; this only ends the sink's threads
            self._sink.close()

    def _cut(self) -> None:
        if self._hasher is not None and self._fill > self._hash_from:
            self._slices.append((self._hasher, self._hash_from, self._fill))
        self._hash_from = self._fill

    def _flush(self) -> None:
        if self._fill == 0:
            return
        self._cut()
        if self._slices:
            self._work.put((self._block, self._slices))
            self._sink.write(self._view[: self._fill])
            self._block = self._fresh()
            self._view = memoryview(self._block)
            self._slices = []
        else:
            self._sink.write(self._view[: self._fill])
        self._fill = 0
        self._hash_from = 0

    def _fresh(self) -> bytearray:
        try:
            return self._free.get_nowait()
        except queue.Empty:
            return bytearray(BLOCK)

    def _digest(self) -> None:
        while (item := self._work.get()) is not None:
            block, slices = item
            view = memoryview(block)
            for hasher, start, end in slices:
                hasher.update(view[start:end])
            view.release()
            self._free.put(block)
            self._work.task_done()

    def _stop(self) -> None:
        if self._worker.is_alive():
            self._work.put(None)
            self._worker.join()
