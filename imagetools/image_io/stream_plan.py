"""Reading what streamLayeredImage's builder made, without running it: the image's members, any of them, straight from the store.

The script has a description of the image in it, the plan beside it says what the archive's bytes are (archive_plan.py of
dockerTools writes both). Segments of the plan begin at each layer, so that a layer is read without what lies before it. Digests
are not looked at here: whoever takes the bytes does that.
"""

import gzip
import io
import json
import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Self, cast

from ..image.tags import BrokenImageError
from ..kernel.errors import ImagetoolsError

#: The head of a record: sizes of its literal bytes, of the file after them, and of that file's name.
RECORD: Final = struct.Struct(">IQH")

_DESCRIPTION: Final = b"\nIMAGE = "
_SHEBANG: Final = b"#!"
_LARGEST: Final = 64 << 20
_PIECE: Final = 1 << 20
_LARGE: Final = 1 << 16
_GZIP_BITS: Final = 31


class OldScriptError(ImagetoolsError):
    """The script at ``path`` was made before scripts said where their members are."""

    def __init__(self, path: str) -> None:
        super().__init__(f"'{path}' was made by an older imagetools", "build it again, or run it: './result | docker load'")
        self.path = path


class GoneFromStoreError(ImagetoolsError):
    """A file of the store that belongs to the image of ``script`` is gone, or another one."""

    fault = "host"

    def __init__(self, script: str, path: str, reason: str) -> None:
        super().__init__(f"the image of '{script}' cannot be read: '{path}' {reason}", "build it again")
        self.script = script
        self.path = path


@dataclass(frozen=True, slots=True)
class StreamedImage:
    """``members``: name to offset and size in the archive, in its order; ``size`` that of the archive; ``store`` the folder.

    ``segments``: offsets in the archive and in the plan's file, rising.
    """

    path: str
    store: str
    plan: str
    reference: str
    size: int
    members: dict[str, tuple[int, int]]
    segments: tuple[tuple[int, int], ...]

    @classmethod
    def open(cls, path: str) -> Self | None:
        """The image of the script at ``path``; None where there is no such script. Raises OldScriptError, GoneFromStoreError,
        OSError."""
        described = _description(path)
        if described is None:
            return None
        if "members" not in described or "segments" not in described:
            raise OldScriptError(path)
        store = os.path.dirname(os.path.realpath(path))
        try:
            found = cls(
                path=path,
                store=store,
                plan=os.path.join(store, os.path.basename(described["plan"])),
                reference=str(described["reference"]),
                size=int(described["size"]),
                members={str(name): (int(start), int(size)) for name, start, size in described["members"]},
                segments=((0, 0), *((int(offset), int(place)) for offset, place in described["segments"])),
            )
        except (TypeError, ValueError):
            raise BrokenImageError(path, "its description makes no sense") from None
        if not os.path.exists(found.plan):
            raise GoneFromStoreError(path, found.plan, "is not there")
        return found

    def pieces(self, start: int, size: int) -> Iterator[bytes]:
        """``size`` bytes of the archive from ``start`` on. Raises GoneFromStoreError, BrokenImageError, OSError."""
        gathered = bytearray()
        for piece in self._pieces(start, size):
            if gathered and (len(piece) >= _LARGE or len(gathered) + len(piece) > _PIECE):
                yield bytes(gathered)
                gathered.clear()
            if len(piece) >= _LARGE:
                yield piece
            else:
                gathered += piece
        if gathered:
            yield bytes(gathered)

    def _pieces(self, start: int, size: int) -> Iterator[bytes]:
        offset, place = self.segments[bisect_right(self.segments, (start, 1 << 63)) - 1]
        skip, left = start - offset, size
        try:
            with open(self.plan, "rb") as file:
                file.seek(place)
                with _unpacked(file) as plan:
                    while left:
                        literal, length, name_size = RECORD.unpack(plan.read(RECORD.size))
                        passed = min(skip, literal)
                        _pass(plan, passed)
                        skip -= passed
                        wanted = min(left, literal - passed)
                        yield from _of(plan, wanted)
                        left -= wanted
                        if left == 0:
                            return
                        name = plan.read(name_size)
                        passed = min(skip, length)
                        skip -= passed
                        wanted = min(left, length - passed)
                        if wanted:
                            yield from self._of_store(name, length, passed, wanted)
                        left -= wanted
        except (EOFError, ValueError, gzip.BadGzipFile, zlib.error, struct.error, RecordError):
            raise BrokenImageError(self.plan, "it is damaged") from None

    def _of_store(self, name: bytes, length: int, start: int, wanted: int) -> Iterator[bytes]:
        """``wanted`` bytes from ``start`` of the ``length`` that ``name`` means."""
        how, offset = b"plain", 0
        if name.startswith(b"@"):
            number, how, name = name[1:].split(b":", 2)
            offset = int(number)
        if name.startswith(b"/") or b".." in name.split(b"/"):
            raise RecordError
        path = os.path.join(os.fsencode(self.store), name)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise GoneFromStoreError(self.path, os.fsdecode(path), f"cannot be opened: {error.strerror}") from None
        with open(handle, "rb", buffering=0) as file:
            if how == b"plain":
                file.seek(offset + start)
                found = iter(lambda: file.read(min(_PIECE, wanted)), b"")
                skip = 0
            else:
                file.seek(offset if how == b"gzip" else 0)
                found = _gunzipped(cast(BinaryIO, file))
                skip = start if how == b"gzip" else offset + start
            for piece in found:
                part = piece[skip : skip + wanted] if skip < len(piece) else b""
                skip = max(0, skip - len(piece))
                wanted -= len(part)
                yield part
                if not wanted:
                    return
        raise GoneFromStoreError(self.path, os.fsdecode(path), f"has not its {length} bytes any more")


class RecordError(Exception):
    """A plan that ends too early, or names what is no file of the store."""


def _description(path: str) -> dict[str, Any] | None:
    """What the script says of its image; None for what is no such script."""
    with open(path, "rb") as file:
        if file.read(len(_SHEBANG)) != _SHEBANG:
            return None
        text = file.read(_LARGEST)
    place = text.find(_DESCRIPTION)
    if place < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(text[place + len(_DESCRIPTION) :].decode())
    except ValueError:
        return None
    return found if isinstance(found, dict) and "plan" in found and "layers" in found else None


def _unpacked(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=file)), _PIECE))


def _gunzipped(file: BinaryIO) -> Iterator[bytes]:
    """What gzip holds from here on, no further than it is asked for: behind it there may be anything."""
    unpack = zlib.decompressobj(_GZIP_BITS)
    while data := file.read(_PIECE):
        while data:
            yield unpack.decompress(data, _PIECE)
            data = unpack.unconsumed_tail
            if unpack.eof:
                data = unpack.unused_data
                unpack = zlib.decompressobj(_GZIP_BITS)


def _pass(plan: BinaryIO, size: int) -> None:
    for _ in _of(plan, size):
        pass


def _of(plan: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        piece = plan.read(min(size, _PIECE))
        if not piece:
            raise RecordError
        size -= len(piece)
        yield piece
