"""``unpack = true`` of <nix/fetchurl.nix> (row 1.078): what came is an archive in Nix's format (NAR), maybe xz-compressed.

Nix quirk: whether it is compressed follows from the URL's name alone.
"""

import lzma
import os
from collections.abc import Iterator
from typing import IO

from imagetools.builtin.api import BuiltinError
from imagetools.formats.nar.reader import NarError
from imagetools.store.fs_nar import restore

_CHUNK = 1 << 20


class BadArchiveError(BuiltinError):
    """What came is not such an archive."""

    def __init__(self, what: str) -> None:
        super().__init__(f"cannot unpack what was downloaded: {what}", "`unpack = true` wants a NAR, as .nar or .nar.xz")


def unpack_nar(archive: str, to: str, *, compressed: bool) -> None:
    """Unpack the file ``archive`` as ``to`` and remove it. Raises BadArchiveError."""
    try:
        with lzma.open(archive) if compressed else open(archive, "rb") as file:
            restore(_chunks(file), to)
    except NarError as error:
        raise BadArchiveError(f"it is no NAR: {error}") from error
    except (lzma.LZMAError, EOFError) as error:
        raise BadArchiveError(f"it is not xz-compressed as its name says: {error}") from error
    os.unlink(archive)


def _chunks(file: IO[bytes] | lzma.LZMAFile) -> Iterator[bytes]:
    while piece := file.read(_CHUNK):
        yield piece
