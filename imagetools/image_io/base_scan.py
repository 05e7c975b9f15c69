"""What lies in the layers below: which store paths they hold, which names are links; told by the names of members alone.

Layers are never unpacked. A name that leaves the image's root is refused here, so that whoever reads the layers later need not
look again; devices and the like are part of an image and harmless in it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ..archive.member import Kind, Member
from ..archive.shown import shown
from ..archive.stream import ByteStream
from ..archive.tarball import read_tar
from ..formats.store_path import StoreDir
from ..image.tags import BrokenImageError
from ..kernel.bytestr import to_bytes

WHITEOUT: Final = b".wh."
OPAQUE: Final = b".wh..wh..opq"
#: Of aufs: what begins so and is not the mark of an opaque folder means nothing in an image.
AUFS: Final = b".wh..wh."

#: Of one file: holes cost an archive nothing, and whoever unpacks it everything.
LARGEST: Final = 1 << 40

_OBJECT: Final = re.compile(rb"[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+\-._?=]{1,211}")
_LONGEST: Final = 4096


def member_parts(where: str, name: bytes) -> tuple[bytes, ...]:
    """A member's name as parts below the image's root; a slash in front means nothing. Raises BrokenImageError."""
    parts = tuple(part for part in name.split(b"/") if part not in {b"", b"."})
    if b".." in parts:
        raise BrokenImageError(where, f"the member '{shown(name[:200])}' leaves the image's root")
    if len(name) > _LONGEST or any(len(part) > 255 for part in parts):
        raise BrokenImageError(where, f"the name of the member '{shown(name[:100])}…' is too long")
    return parts


def hidden_name(parts: tuple[bytes, ...]) -> tuple[bytes, ...] | None:
    """What a whiteout hides in the layers below; the folder itself for an opaque one, None for other members."""
    last = parts[-1] if parts else b""
    if last == OPAQUE:
        return parts[:-1]
    if last.startswith(WHITEOUT) and not last.startswith(AUFS) and len(last) > len(WHITEOUT):
        return (*parts[:-1], last[len(WHITEOUT) :])
    return None


@dataclass(slots=True)
class BaseScan:
    """Layers from the lowest up. ``store_paths``: the base names of the store objects that are whole; ``links``: the symbolic
    links that are left, by name; ``folders``: the store's folder and those above it, by name; ``upper``: the names of one or two
    parts that are folders."""

    store_dir: StoreDir
    store_paths: set[str] = field(default_factory=set)
    links: dict[bytes, bytes] = field(default_factory=dict)
    folders: dict[bytes, Member] = field(default_factory=dict)
    upper: set[bytes] = field(default_factory=set)

    def layer(self, where: str, stream: ByteStream) -> None:
        """Look through a layer's tar. Raises BrokenImageError, ArchiveError."""
        store = tuple(to_bytes(self.store_dir.path).strip(b"/").split(b"/"))
        found: set[str] = set()
        hidden: list[tuple[bytes, ...]] = []
        links: dict[bytes, bytes] = {}
        others: set[bytes] = set()
        above: dict[bytes, Member] = {}
        upper: set[bytes] = set()
        for member in read_tar(stream):
            parts = member_parts(where, member.name)
            if member.size > LARGEST:
                raise BrokenImageError(where, f"the member '{shown(member.name[:200])}' says that it has {member.size} bytes")
            if member.kind is Kind.HARDLINK:
                member_parts(where, member.target)
            gone = hidden_name(parts)
            if gone is not None:
                hidden.append(gone)
                continue
            name = b"/".join(parts)
            self._note(member, name, links, others)
            upper.update(_upper(name, member.kind is Kind.DIRECTORY))
            if len(parts) > len(store) and parts[: len(store)] == store:
                if len(parts) == len(store) + 1 and _OBJECT.fullmatch(parts[-1]):
                    found.add(parts[-1].decode())
            elif parts and parts == store[: len(parts)]:
                self._above(member, parts, above, hidden)
        for parts in hidden:
            self._hide(parts, store, found)
        gone_names = {b"/".join(parts) for parts in hidden}
        if gone_names:
            self.links = {name: target for name, target in self.links.items() if not _below(name, gone_names)}
            self.upper = {name for name in self.upper if not _below(name, gone_names)}
        for name in others:
            self.links.pop(name, None)
        self.links.update(links)
        self.upper -= others | links.keys()
        self.upper |= upper
        self.folders.update(above)
        self.store_paths |= found

    @staticmethod
    def _note(member: Member, name: bytes, links: dict[bytes, bytes], others: set[bytes]) -> None:
        if member.kind is Kind.SYMLINK:
            links[name] = member.target
        else:
            links.pop(name, None)
            others.add(name)

    @staticmethod
    def _above(member: Member, parts: tuple[bytes, ...], above: dict[bytes, Member], hidden: list[tuple[bytes, ...]]) -> None:
        """One of the folders above the store's objects; anything else in its place ends what was there."""
        if member.kind is Kind.DIRECTORY:
            above[b"/".join(parts)] = replace(member, body=())
        else:
            hidden.append(parts)

    def _hide(self, parts: tuple[bytes, ...], store: tuple[bytes, ...], found: set[str]) -> None:
        """``parts`` and all below are gone from the layers below; a store object that loses a part is not whole any more."""
        if parts == store[: len(parts)]:
            self.store_paths.clear()
            self.folders.clear()
        elif parts[: len(store)] == store:
            base = parts[len(store)].decode("latin-1")
            self.store_paths.discard(base)
            if len(parts) > len(store) + 1:
                found.discard(base)


def _upper(name: bytes, folder: bool) -> Iterator[bytes]:
    """Which folders of one or two parts a member makes known, by its own name or because it lies in them."""
    first = name.find(b"/")
    if first < 0:
        if folder and name:
            yield name
        return
    yield name[:first]
    second = name.find(b"/", first + 1)
    if second >= 0:
        yield name[:second]
    elif folder:
        yield name


def _below(name: bytes, tops: set[bytes]) -> bool:
    """Whether ``name`` is one of ``tops``, or lies below one."""
    if b"" in tops or name in tops:
        return True
    end = name.rfind(b"/")
    while end > 0:
        if name[:end] in tops:
            return True
        end = name.rfind(b"/", 0, end)
    return False
