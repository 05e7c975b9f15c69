"""Build logs: ``drvs/XX/rest`` while the build runs, ``drvs/XX/rest.bz2`` afterwards (row 4.028).

Nix reads both (``nix-store --read-log``). Plain while it grows, so that the log of a running or killed build can be read too.
"""

import os
from contextlib import suppress
from typing import IO, ClassVar

from imagetools.formats.store_path import StorePath
from imagetools.store.disk import DiskFullError, writing
from imagetools.store.layout import Layout
from imagetools.store.ports import StoreError

CHUNK = 1 << 20


class LogDamagedError(StoreError):
    """A compressed log that cannot be unpacked."""

    fault: ClassVar[str] = "host"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"the build log '{path}' is damaged: {reason}", "delete the file; the next build writes a new one")
        self.path = path


class LogFile:
    """The log of one running build. Raises StoreAccessError on writing.

    A disk that gets full while a build runs is the build's failure, and told with the end of its output, which may say more:
    then the log is cut short, and stays plain where it cannot be compressed.
    """

    def __init__(self, layout: Layout, drv: StorePath) -> None:
        self._path = layout.log_path(drv)
        with writing(self._path):
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self._cut = False
            self._file: IO[bytes] = open(self._path, "wb", buffering=0)  # noqa: SIM115 (closed by close)

    def write(self, data: bytes) -> None:
        if self._cut:
            return
        try:
            with writing(self._path):
                self._file.write(data)
        except DiskFullError:
            self._cut = True

    def close(self) -> None:
        """Compress and put the old log of this derivation, if any, out of the way. Closing twice is fine."""
        if self._file.closed:
            return
        self._file.close()
        import bz2  # noqa: PLC0415  (only builds write logs)

        temporary = f"{self._path}.bz2.tmp-{os.getpid()}"
        try:
            with writing(temporary), open(self._path, "rb") as plain, bz2.open(temporary, "wb") as packed:
                while chunk := plain.read(CHUNK):
                    packed.write(chunk)
            with writing(self._path):
                os.rename(temporary, self._path + ".bz2")
                os.unlink(self._path)
        except BaseException as error:
            with suppress(OSError):
                os.unlink(temporary)
            if not isinstance(error, DiskFullError):
                raise

    def __enter__(self) -> "LogFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_log(layout: Layout, drv: StorePath) -> bytes | None:
    """The whole log, or None. Raises LogDamagedError."""
    path = layout.log_path(drv)
    with suppress(FileNotFoundError), open(path, "rb") as file:
        return file.read()
    with suppress(FileNotFoundError), open(path + ".bz2", "rb") as file:
        import bz2  # noqa: PLC0415

        packed = file.read()
        try:
            return bz2.decompress(packed)
        except (OSError, ValueError) as error:
            raise LogDamagedError(path + ".bz2", str(error)) from error
    return None
