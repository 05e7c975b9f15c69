"""What was learnt of compressed archives: their documents and the sizes of their layers, so that an image whose layers are known
elsewhere (a registry has them) is not unpacked again only to look at its manifest.

An archive is the same one where device, inode, size and both times are (what git's index trusts); one that has just changed is
not remembered. Layers are never kept, only asked for: then the archive is unpacked after all. A damaged entry counts as none.
"""

import base64
import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Final

from ..archive.decompress import sniff
from .cache_file import keep, sealed, tidy, unsealed
from .members import Members, open_members

_LARGEST_DOCUMENT: Final = 1 << 20
_LARGEST_ENTRY: Final = 8 << 20
_MOST: Final = 500
_JUST_NOW: Final = 2_000_000_000
_FORMAT: Final = 1
_LOOK: Final = 512

Opener = Callable[[], AbstractContextManager[Members]]


class PackedArchives:
    """``folder`` need not exist: it is made for the first entry."""

    def __init__(self, folder: str) -> None:
        self._folder: Final = folder

    @contextmanager
    def opened(self, path: str, scratch: str) -> Iterator[Members]:
        """As ``open_members``; a compressed archive that is known is unpacked when a layer is read. Raises what that raises."""
        key = _identity(path)
        if key is None:
            with open_members(path, scratch) as members:
                yield members
            return
        with ExitStack() as stack:
            remembering = RememberingMembers(self._find(key), lambda: open_members(path, scratch), stack)
            yield remembering
        if remembering.learnt and _identity(path) == key:
            self._record(key, remembering)

    def _find(self, key: str) -> dict[str, bytes | int | None]:
        try:
            with open(os.path.join(self._folder, _name(key)), "rb") as file:
                found = json.loads(unsealed(file.read(_LARGEST_ENTRY)) or b"{}")
            if found.get("format") != _FORMAT or found.get("key") != key:
                return {}
            answers: dict[str, bytes | int | None] = {str(name): _known(size) for name, size in found["sizes"].items()}
            return {**answers, **{str(name): base64.b64decode(text) for name, text in found["documents"].items()}}
        except (OSError, ValueError, TypeError, AttributeError, KeyError):
            return {}

    def _record(self, key: str, members: "RememberingMembers") -> None:
        documents = {
            name: base64.b64encode(value).decode() for name, value in members.answers.items() if isinstance(value, bytes)
        }
        sizes = {name: value for name, value in members.answers.items() if not isinstance(value, bytes)}
        line = json.dumps({"format": _FORMAT, "key": key, "sizes": sizes, "documents": documents}).encode()
        if len(line) <= _LARGEST_ENTRY // 2:
            keep(self._folder, _name(key), sealed(line))
            tidy(self._folder, _MOST)


class RememberingMembers:
    """Answers what it can from ``answers`` (a document, a size, None for what is not there), and learns the rest."""

    def __init__(self, answers: dict[str, bytes | int | None], opener: Opener, stack: ExitStack) -> None:
        self.answers: Final = answers
        self.learnt = False
        self._opener: Final = opener
        self._stack: Final = stack
        self._lock: Final = threading.Lock()
        self._members: Members | None = None

    def __contains__(self, name: object, /) -> bool:
        if not isinstance(name, str):
            return False
        if name not in self.answers:
            members = self._open()
            self._learn(name, members.size(name) if name in members else None)
        return self.answers[name] is not None

    def size(self, name: str) -> int:
        """See ``Members``."""
        known = self.answers.get(name)
        if known is None:
            known = self._open().size(name)
            self._learn(name, known)
        return len(known) if isinstance(known, bytes) else known

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        """See ``Members``."""
        known = self.answers.get(name)
        if isinstance(known, bytes):
            yield known[start:]
            return
        members = self._open()
        if start == 0 and members.size(name) <= _LARGEST_DOCUMENT:
            data = b"".join(members.pieces(name))
            if data.lstrip()[:1] in {b"{", b"["}:
                self._learn(name, data)
            yield data
            return
        yield from members.pieces(name, start)

    def _open(self) -> Members:
        with self._lock:
            if self._members is None:
                self._members = self._stack.enter_context(self._opener())
            return self._members

    def _learn(self, name: str, answer: bytes | int | None) -> None:
        self.answers[name] = answer
        self.learnt = True


def _identity(path: str) -> str | None:
    """What a compressed archive is known by; None for everything else, and for what has just been written."""
    try:
        with open(path, "rb", buffering=0) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or sniff(file.read(_LOOK)) is None:
                return None
    except OSError:
        return None
    if time.time_ns() - found.st_ctime_ns < _JUST_NOW:
        return None
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _known(size: object) -> int | None:
    if size is not None and (not isinstance(size, int) or isinstance(size, bool)):
        raise ValueError
    return size


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
