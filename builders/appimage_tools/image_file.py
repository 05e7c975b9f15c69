"""An image on the disk as what the readers read from: any place, from any thread."""

import os


class ImageFile:
    """A context manager; ``size`` in bytes. Raises OSError where the file cannot be opened."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._fd).st_size

    def read_at(self, offset: int, size: int) -> bytes:
        """``size`` bytes, fewer only at the end."""
        size = min(size, self.size - offset)  # what a hostile image asks for is not worth allocating
        if size <= 0:
            return b""
        piece = os.pread(self._fd, size, offset)
        while 0 < len(piece) < size:
            more = os.pread(self._fd, size - len(piece), offset + len(piece))
            if not more:
                break
            piece += more
        return piece

    def __enter__(self) -> "ImageFile":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
