"""Hashes of a file while it is being downloaded: its own, and that of its archive (NAR). One thread each, following the file.

Hashing 1 GB takes as long as bringing it from the next room, so it happens at the same time: a follower reads what has been
written (it is still in memory) and keeps close. What is not known in time (the size, which stands in front of a NAR's
contents) or is too little for a thread is done at the end. Refuses to judge: whoever registers the output compares.
"""

import hashlib
import os
import threading
from typing import Final

from imagetools.builtin.api import Measured
from imagetools.formats.nar import wire
from imagetools.kernel.hashes import Hash

_CHUNK: Final = 1 << 18
_THREAD_FROM: Final = 1 << 21


class Measure:
    """``algo`` is the flat hash that is wanted; ``executable`` and the size go into the NAR. Ends its threads in ``close``."""

    def __init__(self, algo: str, executable: bool) -> None:
        self._algo = algo
        self._executable = executable
        self._kind = wire.EXECUTABLE if executable else wire.REGULAR
        self._followers: list[_Follower] = []
        self._fd = -1
        self._total: int | None = None

    def watch(self, fd: int, total: int | None) -> None:
        """Begin anew with this file, of which ``total`` bytes are expected."""
        self.close()
        self._fd = os.dup(fd)
        self._total = total

    def restart(self) -> None:
        self.close()

    def grown(self, size: int) -> None:
        """The file has ``size`` bytes now."""
        if not self._followers and size >= _THREAD_FROM and self._fd >= 0:
            self._followers = [_Follower(self._fd, hashlib.new(self._algo, usedforsecurity=False))]
            if self._total is not None:
                self._followers.append(_Follower(self._fd, self._nar(self._total)))
        for follower in self._followers:
            follower.grown(size)

    def finish(self, size: int) -> Measured:
        """All ``size`` bytes are there."""
        flat = self._followers[0] if self._followers else _Follower(self._fd, hashlib.new(self._algo, usedforsecurity=False))
        nar = (
            self._followers[1]
            if len(self._followers) > 1 and size == self._total
            else _Follower(self._fd, self._nar(size), start=bool(self._followers))
        )
        for follower in (flat, nar):
            follower.grown(size, last=True)
        flat_hash, nar_hash = flat.result(), nar.result()
        tail = wire.PADDING[size & 7] + wire.CLOSE
        nar_hash.update(tail)
        nar_size = len(wire.MAGIC) + len(self._kind) + wire.LENGTH.size + size + len(tail)
        return Measured(size, self._executable, Hash("sha256", nar_hash.digest()), nar_size, Hash(self._algo, flat_hash.digest()))

    def close(self) -> None:
        for follower in self._followers:
            follower.stop()
        self._followers = []
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _nar(self, size: int) -> "hashlib._Hash":
        return hashlib.sha256(wire.MAGIC + self._kind + wire.LENGTH.pack(size), usedforsecurity=False)


class _Follower:
    """Hashes a file from its start up to where it has grown."""

    def __init__(self, fd: int, state: "hashlib._Hash", *, start: bool = True) -> None:
        self._fd = fd
        self._state = state
        self._size = 0
        self._last = False
        self._stopped = False
        self._changed = threading.Condition()
        self._problem: OSError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        if start:
            self._thread.start()

    def grown(self, size: int, *, last: bool = False) -> None:
        if last or size - self._size >= _CHUNK:
            with self._changed:
                self._size = size
                self._last = last
                self._changed.notify()

    def result(self) -> "hashlib._Hash":
        """Waits for the end. Raises OSError."""
        if self._thread.is_alive() or self._thread.ident is not None:
            self._thread.join()
        else:
            self._run()
        if self._problem is not None:
            raise self._problem
        return self._state

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        done = 0
        buffer = memoryview(bytearray(_CHUNK))
        while True:
            with self._changed:
                while self._size <= done and not self._last and not self._stopped:
                    self._changed.wait()
                size = self._size
                if self._stopped or (self._last and done >= size):
                    return
            while done < size and not self._stopped:
                try:
                    got = os.preadv(self._fd, [buffer[: min(_CHUNK, size - done)]], done)
                    if not got:
                        raise OSError("the file became shorter while it was read")
                except OSError as error:
                    self._problem = error
                    return
                self._state.update(buffer[:got])
                done += got
