"""A download on its way into one file: whole and with its mode at the end, or gone again.

Refuses to leave half a file behind: whatever ends the ``with`` block before ``finish`` removes it.
"""

import os
from collections.abc import Callable
from types import TracebackType

_STEP = 8 << 20


class Download:
    """The file at ``path`` is created new. ``progress`` writes a log line about every tenth, at most one each 8 MiB."""

    def __init__(self, path: str, log: Callable[[str], object]) -> None:
        self._path = path
        self._log = log
        self._next = _STEP
        self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        self._whole = False

    def write(self, piece: bytes) -> None:
        assert self._file is not None
        view = memoryview(piece)
        while view:
            view = view[os.write(self._file, view) :]

    def start_over(self) -> None:
        """Forget what has come."""
        assert self._file is not None
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._next = _STEP

    def progress(self, received: int, total: int | None) -> None:
        if received < self._next or received == total:
            return
        self._next = received + max(_STEP, (total or 0) // 10)
        self._log(f"{received >> 20} MiB" + (f" of {total >> 20} MiB ({100 * received // total} %)" if total else ""))

    def finish(self, mode: int) -> None:
        """The file is whole: set its mode and close it."""
        assert self._file is not None
        os.fchmod(self._file, mode)
        os.close(self._file)
        self._file = None
        self._whole = True

    def __enter__(self) -> "Download":
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if not self._whole:
            os.unlink(self._path)
