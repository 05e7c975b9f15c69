"""A file on its way from the web: kept where failures and kills leave it, moved to its place when it is whole.

It lies in ``ctx.kept`` under a name made of its URL's hash, with what the server said of it beside it (no URL and no header of
ours), so that a later build can ask for the rest. It refuses to guess: without a strong validator, or with notes that do not fit,
everything comes anew.
"""

import errno
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from imagetools.builtin.api import BuiltinError
from imagetools.net.ports import Part

from .early_write import STEP, EarlyWrite
from .measure import Measure

_STEP = 8 << 20


class NoRoomError(BuiltinError):
    """The file does not fit on the disk."""

    fault = "host"

    def __init__(self, shown: str, wanted: int | None, free: int) -> None:
        size = "it does" if wanted is None else f"its {wanted} bytes do"
        super().__init__(
            f"cannot download '{shown}': {size} not fit on the disk, where {free} bytes are free",
            "make room on the file system of the store, or choose another store (--store)",
        )
        self.wanted = wanted
        self.free = free


class KeptPart:
    """A ``FileSink`` below ``folder`` for the download of ``url`` (shown as ``shown``); ``part`` is what was there already.

    ``progress`` writes a log line about every tenth, at most one each 8 MiB. ``measure`` watches the file grow.
    """

    def __init__(self, folder: str, url: str, shown: str, log: Callable[[str], object], measure: Measure | None = None) -> None:
        name = os.path.join(folder, hashlib.sha256(os.fsencode(url)).hexdigest()[:32])
        self._path = name + ".part"
        self._notes = name + ".json"
        self._shown = shown
        self._log = log
        self._measure = measure
        self._early: EarlyWrite | None = None
        self._next = _STEP
        self._size = 0
        self._told = Part(0)
        self._fd: int | None = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self.part: Part | None = self._found()
        if self.part is None:
            self.start_over()
        else:
            self._told = self.part
            self._size = self.part.size
            os.lseek(self._fd, self._size, os.SEEK_SET)
        self._watch()

    # -- the sink ----------------------------------------------------------------------------------------------------

    def __call__(self, piece: bytes) -> None:
        view = memoryview(piece)
        while view:
            done = os.write(self.fileno(), view)
            view = view[done:]
        self._size += len(piece)

    def fileno(self) -> int:
        assert self._fd is not None
        return self._fd

    def moved(self, count: int) -> None:
        self._size += count

    def begun(self, part: Part) -> None:
        """A body starts: note what it is. Raises NoRoomError where it cannot fit."""
        free = self._free()
        if part.total is not None and part.total > free:
            raise NoRoomError(self._shown, part.total, free)
        self._told = part
        if part.continuable:
            temporary = self._notes + ".new"
            with open(temporary, "w", encoding="utf-8") as file:
                json.dump([part.total, part.etag, part.last_modified], file)
            os.replace(temporary, self._notes)
        self._watch()

    def start_over(self) -> None:
        """Forget what has come."""
        if os.fstat(self.fileno()).st_size:  # ext4 writes a file out when it is closed, if it was ever truncated to nothing
            os.ftruncate(self.fileno(), 0)
        os.lseek(self.fileno(), 0, os.SEEK_SET)
        _remove(self._notes)
        self.part = None
        self._size = 0
        self._next = _STEP
        if self._measure is not None:
            self._measure.restart()

    def progress(self, received: int, total: int | None) -> None:
        if self._measure is not None:
            self._measure.grown(received)
        if received >= STEP:
            self._early = self._early or EarlyWrite()
            self._early.grown(self.fileno(), received)
        if received < self._next or received == total:
            return
        self._next = received + max(_STEP, (total or 0) // 10)
        self._log(f"{received >> 20} MiB" + (f" of {total >> 20} MiB ({100 * received // total} %)" if total else ""))

    # -- its end -----------------------------------------------------------------------------------------------------

    def finish(self, to: str, mode: int) -> None:
        """The file is whole: give it its mode and its place."""
        os.fchmod(self.fileno(), mode)
        os.close(self.fileno())
        self._fd = None
        try:
            os.rename(self._path, to)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.copyfile(self._path, to)
            os.chmod(to, mode)
            os.unlink(self._path)
        _remove(self._notes)

    def __enter__(self) -> "KeptPart":
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        if self._fd is None:
            return
        free = self._free()
        os.close(self._fd)
        self._fd = None
        full = isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if full or not self._size or not self._told.continuable:
            _remove(self._path)
            _remove(self._notes)
        if full:
            raise NoRoomError(self._shown, self._told.total, free) from None

    def _watch(self) -> None:
        if self._measure is not None:
            self._measure.watch(self.fileno(), self._told.total)
            self._measure.grown(self._size)

    def _found(self) -> Part | None:
        """What an earlier build left, where it makes sense."""
        state = os.fstat(self.fileno())
        if not stat.S_ISREG(state.st_mode) or not state.st_size:
            return None
        try:
            with open(os.open(self._notes, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), encoding="utf-8") as file:
                notes: Any = json.load(file)
            total, etag, modified = notes
        except (OSError, ValueError, TypeError):
            return None
        texts = all(text is None or (isinstance(text, str) and text.isprintable()) for text in (etag, modified))
        if not texts or not (total is None or (type(total) is int and state.st_size <= total)):
            return None
        part = Part(state.st_size, total, etag, modified)
        return part if part.continuable else None

    def _free(self) -> int:
        state = os.fstatvfs(self.fileno())
        return state.f_bavail * state.f_frsize


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
