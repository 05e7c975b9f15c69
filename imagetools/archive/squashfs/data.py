"""File contents: blocks and fragments, unpacked by a few threads ahead of whoever writes them.

A ``Job`` is a run of blocks of one file, or one block of fragments; the threads read and decompress, the consumer waits for each
job in the order in which it was asked for. What waits is bounded by the caller (``image``), so memory is too. Every block must
have exactly the size that its file asks for.
"""

import struct
from collections import OrderedDict
from collections.abc import Sequence
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Final

from imagetools.archive.block_codecs import Codec, CodecError
from imagetools.archive.squashfs.metadata import SIZE, Table
from imagetools.archive.squashfs.superblock import Superblock, bad
from imagetools.archive.zip_directory import Source

STORED: Final = 1 << 24
_FRAGMENT: Final = struct.Struct("<QII")
_PER_BLOCK: Final = SIZE // 16
_HEAP: Final = 16 << 20
_KEPT: Final = 8 << 20  # bytes of fragments that are kept


class TooLate(RuntimeError):
    """A mistake of the caller: a body is read after the last member was asked for."""


class Job:
    """Blocks that lie one after another at ``place`` of the image. ``words`` as in the block list, ``sizes`` what each unpacks to
    (for fragments: at most)."""

    __slots__ = ("_done", "_exact", "_failure", "_pieces", "place", "sizes", "words")

    def __init__(self, place: int, words: Sequence[int], sizes: Sequence[int], exact: bool = True) -> None:
        self.place = place
        self.words = words
        self.sizes = sizes
        self._exact = exact
        self._pieces: list[bytes] = []
        self._failure: BaseException | None = None
        self._done = Lock()
        self._done.acquire()

    def wait(self) -> list[bytes]:
        """The blocks. Raises ``ArchiveError`` for a damaged one."""
        self._done.acquire()
        self._done.release()
        if self._failure is not None:
            raise self._failure
        return self._pieces

    def run(self, data: "Data") -> None:
        """In one of the threads."""
        try:
            self._pieces = data.unpack(self.place, self.words, self.sizes, self._exact)
        except BaseException as failure:  # whoever waits raises it
            self._failure = failure
        self._done.release()

    def fail(self, failure: BaseException) -> None:
        """For a job that nobody will do."""
        self._failure = failure
        self._done.release()


class Data:
    """What lies between the superblock and the inode table."""

    def __init__(self, source: Source, facts: Superblock, decode: Codec) -> None:
        self._source = source
        self._start = facts.start
        self._end = facts.inode_table
        self._facts = facts
        self._decode = decode
        self._zeros = bytes(facts.block_size)

    def unpack(self, place: int, words: Sequence[int], sizes: Sequence[int], exact: bool) -> list[bytes]:
        """Blocks that lie one after another. Raises ``ArchiveError``."""
        largest = self._facts.block_size
        total = 0
        for word in words:
            size = word & ~STORED
            if size > largest:
                raise bad(f"a block says that it has {size} bytes", place + total)
            total += size
        if place < 96 or place + total > self._end:
            raise bad(f"{total} bytes of a file would lie outside of its data", place)
        packed = self._source.read_at(self._start + place, total)
        if len(packed) != total:
            raise bad("its data end early", place + len(packed))
        pieces = []
        at = 0
        for word, size in zip(words, sizes, strict=True):
            end = at + (word & ~STORED)
            if end == at:
                piece = self._zeros[:size]
            elif word & STORED:
                piece = packed[at:end]
            else:
                try:
                    piece = self._decode(packed[at:end], size)
                except CodecError as problem:
                    raise bad(f"a damaged block: {problem}", place + at) from None
            if len(piece) != size and (exact or len(piece) > size):
                raise bad(f"a block has {len(piece)} bytes instead of {size}", place + at)
            pieces.append(piece)
            at = end
        return pieces


class Fragments:
    """The table of fragments: blocks that hold the ends of several files. The ones that were used last are kept."""

    def __init__(self, source: Source, facts: Superblock, decode: Codec) -> None:
        self._source = source
        self._facts = facts
        self._tables = Table(source, facts.start, 0, facts.bytes_used, decode)
        self._jobs: OrderedDict[int, Job] = OrderedDict()
        self._most = max(_KEPT // facts.block_size, 4)

    def known(self, index: int) -> Job | None:
        """A job that exists already."""
        job = self._jobs.get(index)
        if job is not None:
            self._jobs.move_to_end(index)
        return job

    def job(self, index: int) -> Job:
        """A new job for block ``index``. Raises ``ArchiveError``."""
        if index >= self._facts.fragments:
            raise bad(f"a file ends in fragment {index}, and there are {self._facts.fragments}")
        at = self._facts.fragment_table + index // _PER_BLOCK * 8
        pointer = self._source.read_at(self._facts.start + at, 8)
        block = self._tables.block(int.from_bytes(pointer, "little"))[0]
        offset = index % _PER_BLOCK * 16
        if offset + 16 > len(block):
            raise bad("its table of fragments ends early", at)
        place, word, _ = _FRAGMENT.unpack_from(block, offset)
        if not 0 < word & ~STORED <= self._facts.block_size:
            raise bad(f"a fragment says that it has {word & ~STORED} bytes", at)
        job = Job(place, (word,), (self._facts.block_size,), exact=False)
        self._jobs[index] = job
        if len(self._jobs) > self._most:
            self._jobs.popitem(last=False)
        return job


class Workers:
    """The threads. Leaving the context ends them; jobs that wait then fail."""

    def __init__(self, data: Data, count: int) -> None:
        self._data = data
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._stop = False
        self._threads = [Thread(target=self._run, name="squashfs-unpack", daemon=True) for _ in range(count)]

    def add(self, job: Job) -> None:
        if self._stop:
            raise TooLate()
        self._queue.put(job)

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            if self._stop:
                job.fail(TooLate())
            else:
                job.run(self._data)

    def __enter__(self) -> "Workers":
        bytes(_HEAP)  # freed at once; from then on glibc keeps freed blocks (6,000 page faults instead of 95,000 for 970 MB)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        for _thread in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        while not self._queue.empty():
            job = self._queue.get()
            if job is not None:
                job.fail(TooLate())
