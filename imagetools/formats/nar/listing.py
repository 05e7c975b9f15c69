"""What is in a NAR without its contents: kind, size and place of each file, and its JSON form (``.ls`` files, row 7.006).

Names are byte strings inside; JSON has only Unicode, so a name that is not UTF-8 cannot be written there.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...kernel.bytestr import from_unicode, to_bytes, to_str
from ...kernel.errors import ImagetoolsError
from .reader import NarReader

VERSION = 1
_TOO_DEEP = "its directories are nested too deeply"


class ListingError(ImagetoolsError):
    """A listing cannot be read or written; the sentence says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"bad NAR listing: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Member:
    """One node. ``size`` in bytes and ``offset`` (where the file's bytes begin in the NAR) of a file; ``target`` of a link;
    ``entries`` of a directory, sorted by name."""

    kind: Literal["regular", "directory", "symlink"]
    size: int = 0
    executable: bool = False
    offset: int = 0
    target: str = ""
    entries: Mapping[str, "Member"] = field(default_factory=dict)

    def find(self, path: str) -> "Member | None":
        """The member at ``path`` (``bin/sh``; ``""`` or ``/`` is this one), or None. Links are not followed."""
        member = self
        for name in path.split("/"):
            if name:
                below = member.entries.get(name)
                if below is None:
                    return None
                member = below
        return member

    def walk(self, prefix: str = "") -> Iterator[tuple[str, "Member"]]:
        """This member and all below it, parents first, as (path, member); the root's path is ``prefix``."""
        todo: list[tuple[str, Member]] = [(prefix, self)]
        while todo:
            path, member = todo.pop()
            yield path, member
            for name in reversed(list(member.entries)):
                todo.append((f"{path}/{name}" if path else name, member.entries[name]))


def list_nar(chunks: Iterable[bytes]) -> Member:
    """The root of a NAR. Raises NarError."""
    builder = _Builder()
    reader = NarReader(builder)
    builder.reader = reader
    for chunk in chunks:
        reader.feed(chunk)
    reader.finish()
    return builder.root


def to_json(root: Member) -> str:
    """The text of an ``.ls`` file. Raises ListingError for a name or target that is not UTF-8, and for absurd depth."""
    try:
        plain = {"root": _to_plain(root), "version": VERSION}
        return json.dumps(plain, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    except RecursionError:
        raise ListingError(_TOO_DEEP) from None


def from_json(text: str) -> Member:
    """Read an ``.ls`` file. Raises ListingError."""
    try:
        value = json.loads(text)
        if not isinstance(value, dict) or value.get("version") != VERSION:
            raise ListingError(f"it is not of version {VERSION}")
        return _from_plain(value.get("root"))
    except ValueError as error:
        raise ListingError(str(error)) from None
    except RecursionError:
        raise ListingError(_TOO_DEEP) from None


class _Builder:
    """A NarSink that keeps everything but contents."""

    def __init__(self) -> None:
        self.reader: NarReader | None = None
        self.root = Member("directory")
        self._open: list[dict[str, Member]] = []
        self._name = ""

    def directory(self) -> None:
        entries: dict[str, Member] = {}
        self._add(Member("directory", entries=entries))
        self._open.append(entries)

    def entry(self, name: bytes) -> None:
        self._name = to_str(name)

    def close(self) -> None:
        self._open.pop()

    def regular(self, size: int, executable: bool) -> None:
        offset = self.reader.offset if self.reader is not None else 0
        self._add(Member("regular", size=size, executable=executable, offset=offset))

    def data(self, chunk: bytes) -> None:
        pass

    def end(self) -> None:
        pass

    def contents(self, data: bytes, executable: bool) -> None:
        self.regular(len(data), executable)

    def symlink(self, target: bytes) -> None:
        self._add(Member("symlink", target=to_str(target)))

    def _add(self, member: Member) -> None:
        if self._open:
            self._open[-1][self._name] = member
        else:
            self.root = member


def _to_plain(member: Member) -> dict[str, object]:
    plain: dict[str, object] = {"type": member.kind}
    if member.kind == "regular":
        plain["size"] = member.size
        if member.executable:
            plain["executable"] = True
        if member.offset:
            plain["narOffset"] = member.offset
    elif member.kind == "symlink":
        plain["target"] = _unicode(member.target)
    else:
        plain["entries"] = {_unicode(name): _to_plain(below) for name, below in member.entries.items()}
    return plain


def _from_plain(value: object) -> Member:
    if isinstance(value, dict):
        kind = value.get("type")
        if kind == "regular":
            size, offset = value.get("size", 0), value.get("narOffset", 0)
            if type(size) is int and size >= 0 and type(offset) is int and offset >= 0:
                return Member("regular", size=size, executable=value.get("executable") is True, offset=offset)
        if kind == "symlink" and isinstance(value.get("target"), str):
            return Member("symlink", target=from_unicode(value["target"]))
        if kind == "directory" and isinstance(value.get("entries"), dict):
            below = {from_unicode(name): _from_plain(entry) for name, entry in value["entries"].items()}
            return Member("directory", entries={name: below[name] for name in sorted(below)})
    raise ListingError("a member has no known type, or its fields are wrong")


def _unicode(name: str) -> str:
    try:
        return to_bytes(name).decode("utf-8")
    except UnicodeDecodeError:
        raise ListingError(f"the name {name!r} is not UTF-8") from None
