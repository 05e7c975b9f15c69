"""``file:`` URLs: a local file as a download. Refuses hosts other than this one, directories and devices.

Nix hands ``file://`` to curl, which reads it as raw bytes; so does this, in pieces.
"""

import os
import stat
from urllib.parse import unquote, urlsplit

from imagetools.net.ports import FetchError, FetchResult, NoSuchFileError, Progress, Sink

_PIECE = 1 << 20


def local_path(url: str) -> str:
    """The path that a ``file:`` URL names, percent escapes undone. Raises ``FetchError`` for another host or a relative path."""
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"}:
        raise FetchError(url, f"a file: URL cannot name the host '{parts.netloc}'", hint="write file:///path with three slashes")
    path = unquote(parts.path)
    if not path.startswith("/") or "\0" in path:
        raise FetchError(url, "a file: URL needs an absolute path", hint="write file:///path with three slashes")
    return path


def get_file(url: str, sink: Sink, progress: Progress | None = None) -> FetchResult:
    """Stream the file into ``sink``. Raises ``FetchError`` where it is missing, unreadable or no regular file."""
    path = local_path(url)
    received = 0
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as problem:
        raise NoSuchFileError(url, problem.strerror or str(problem)) from None
    except OSError as problem:
        raise FetchError(url, problem.strerror or str(problem)) from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise FetchError(url, "not a regular file")
        while piece := _read(handle, url):
            sink(piece)
            received += len(piece)
            if progress is not None:
                progress(received, status.st_size)
    finally:
        os.close(handle)
    return FetchResult(url=url, size=received)


def _read(handle: int, url: str) -> bytes:
    try:
        return os.read(handle, _PIECE)
    except OSError as problem:
        raise FetchError(url, problem.strerror or str(problem)) from None
