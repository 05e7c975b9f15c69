"""A file that gets its name when all of it is written, and never takes the place of another unasked.

What is no file is never replaced, asked or not: for root, ``/dev/null`` would be an ordinary file from then on, for everybody.
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from ..kernel.errors import ImagetoolsError

PREFIX = ".imagetools-image-"


class InTheWayError(ImagetoolsError):
    """``path`` exists and is not written over."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"'{path}' {what}", "choose another name, or --force to replace it" if "exists" in what else None)
        self.path = path


@contextlib.contextmanager
def new_file(path: str, force: bool) -> Iterator[BinaryIO]:
    """The file to write, in the same folder. Raises InTheWayError, OSError."""
    if os.path.isdir(path):
        raise InTheWayError(path, "is a folder")
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):  # also through a link, as /dev/stdout is one
        raise InTheWayError(path, "is no ordinary file, so an image cannot take its place")
    if os.path.lexists(path) and not force:
        raise InTheWayError(path, "exists already")
    part = tempfile.NamedTemporaryFile(dir=folder_of(path), prefix=PREFIX, delete=False)  # noqa: SIM115
    try:
        with part:
            yield cast(BinaryIO, part)
        umask = os.umask(0o022)
        os.umask(umask)
        os.chmod(part.name, 0o666 & ~umask)
        if force:
            os.replace(part.name, path)
        else:
            _rename_new(part.name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part.name)
        raise


def _rename_new(part: str, path: str) -> None:
    """Give ``part`` its name unless somebody else took it meanwhile."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise InTheWayError(path, "exists already") from None
    except OSError:  # a file system without hard links
        os.replace(part, path)
        return
    os.unlink(part)


def folder_of(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))
