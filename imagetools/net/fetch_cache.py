"""What was fetched while evaluating, and when: so that the same is not fetched again for a while (row 1.002).

An entry says which store path a request gave, what else is known of it (an ETag, a revision), and whether it can ever change. One
small file an entry, written under a temporary name and renamed: no process sees half of one, and one that is killed leaves
nothing that counts. Refuses to know whether a store path is still there, which is for who has the store. A folder that cannot be
written is no error: then everything is fetched each time.
"""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from imagetools.kernel.bytestr import to_bytes

Info = Mapping[str, str | int | bool]
"""A request, or what is known of an answer: names to texts (bytestrs), numbers and flags."""

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """``path`` is a logical store path, ``made`` the time of the answer in seconds since 1970, ``locked``: it never expires."""

    path: str
    info: Info
    made: int
    locked: bool

    def fresh(self, ttl: int, now: int) -> bool:
        """Whether it may be used without asking again. ``ttl`` in seconds; with 0 only what is locked may."""
        return self.locked or (ttl > 0 and self.made + ttl >= now)

    def text(self, name: str) -> str:
        """A text of ``info``; empty where there is none."""
        value = self.info.get(name, "")
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """A number of ``info``; 0 where there is none."""
        value = self.info.get(name, 0)
        return value if isinstance(value, int) else 0


class FetchCache:
    """Entries below ``folder`` (made when first written)."""

    def __init__(self, folder: str) -> None:
        self.folder: Final = folder

    def find(self, request: Info) -> Entry | None:
        """What is known of a request; None also where the file is damaged."""
        try:
            with open(self._file(request), "rb") as file:
                data = json.load(file)
        except (OSError, ValueError):
            return None
        match data:
            case {"version": 1, "path": str(path), "info": dict(info), "made": int(made), "locked": bool(locked)}:
                known = {str(name): value for name, value in info.items() if isinstance(value, str | int)}
                return Entry(path, known, made, locked)
        return None

    def add(self, request: Info, entry: Entry) -> None:
        """Remember an answer; forgets it where the folder cannot be written."""
        content = {
            "version": _VERSION,
            "type": request.get("type", ""),
            "path": entry.path,
            "info": dict(entry.info),
            "made": entry.made,
            "locked": entry.locked,
        }
        name = self._file(request)
        with suppress(OSError):
            os.makedirs(os.path.dirname(name), exist_ok=True)
            fd, temporary = tempfile.mkstemp(dir=os.path.dirname(name), prefix=".new-")
            try:
                with open(fd, "w", encoding="ascii") as file:
                    json.dump(content, file)
                os.replace(temporary, name)
            except BaseException:
                os.unlink(temporary)
                raise

    @contextmanager
    def lock(self, request: Info) -> Iterator[None]:
        """Hold a request against other processes, so that what several want at once is fetched once."""
        fd = -1
        with suppress(OSError):
            folder = os.path.join(self.folder, "locks")
            os.makedirs(folder, exist_ok=True)
            fd = os.open(os.path.join(folder, _key(request)), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if fd >= 0:
                os.close(fd)

    def _file(self, request: Info) -> str:
        key = _key(request)
        return os.path.join(self.folder, "entries", key[:2], key[2:] + ".json")


def _key(request: Info) -> str:
    """Only a hash of the request reaches the disk: a URL may hold a password."""
    text = json.dumps(dict(request), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(to_bytes(text)).hexdigest()
