"""The file system that an image's layers make together: what is left when each lies on those below it.

A tree in memory, of names and what headers say; bytes stay where they are. Nothing touches the disk, so a hostile name can go
nowhere: links are followed inside the tree alone. Source: OCI image layer specification, "Applying Changesets"; where it leaves
things open (a member below a link, the owner in a hard link's header) as Docker with overlay2 does it; but a folder that
no member names stays what it was below, as containerd and umoci leave it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from ..archive.member import Kind, Member
from ..archive.shown import shown
from ..archive.stream import ByteStream
from ..archive.tarball import read_tar
from ..image.tags import BrokenImageError
from .base_scan import AUFS, OPAQUE, hidden_name, member_parts

_MOST_LINKS: Final = 40
_IMPLIED: Final = Member(b"", Kind.DIRECTORY, 0o755)

Parts = tuple[bytes, ...]


@dataclass(slots=True, eq=False)
class Inode:
    """What one or more names mean: ``member`` is the ``number``-th of layer ``layer``, both counted from 0. Its body is gone."""

    member: Member
    layer: int
    number: int


class Folder:
    """``inode`` says who owns it and the like."""

    __slots__ = ("children", "inode")

    def __init__(self, inode: Inode) -> None:
        self.inode = inode
        self.children: dict[bytes, Folder | Inode] = {}


class FlatTree:
    """Add the layers from the lowest up."""

    def __init__(self) -> None:
        self.root = Folder(Inode(_IMPLIED, 0, -1))
        self.depth = 0

    def add_layer(self, where: str, stream: ByteStream) -> None:
        """Lay a layer's tar on top; ``where`` names it in errors. Raises BrokenImageError, ArchiveError."""
        found: list[tuple[Parts, Member, int]] = []
        for number, member in enumerate(read_tar(stream)):
            parts = member_parts(where, member.name)
            gone = hidden_name(parts)
            if gone is not None:
                self._hide(gone, opaque=parts[-1] == OPAQUE)
            elif not parts or not parts[-1].startswith(AUFS):
                found.append((parts, replace(member, body=()), number))
        for parts, member, number in found:
            self._add(where, parts, Inode(member, self.depth, number))
        self.depth += 1

    def entries(self) -> Iterator[tuple[bytes, "Folder | Inode"]]:
        """All names, each folder before what is in it, else by their bytes; the root, which has none, first."""
        todo: list[tuple[bytes, Folder | Inode]] = [(b"", self.root)]
        while todo:
            name, node = todo.pop()
            yield name, node
            if isinstance(node, Folder):
                prefix = name + b"/" if name else b""
                todo.extend((prefix + child, node.children[child]) for child in sorted(node.children, reverse=True))

    def _hide(self, parts: Parts, *, opaque: bool) -> None:
        """Take away what lies there, of an opaque folder only what is in it. Whatever is in the tree now is of a layer below."""
        folder: Folder | Inode | None = self.root
        for part in parts if opaque else parts[:-1]:
            folder = folder.children.get(part) if isinstance(folder, Folder) else None
        if isinstance(folder, Folder):
            if opaque:
                folder.children.clear()
            else:
                folder.children.pop(parts[-1], None)

    def _add(self, where: str, parts: Parts, inode: Inode) -> None:
        if not parts:
            if inode.member.kind is not Kind.DIRECTORY:
                raise BrokenImageError(where, "the image's root is no folder in it")
            self.root.inode = inode
            return
        folder = self._folder(where, parts[:-1])
        there = folder.children.get(parts[-1])
        if inode.member.kind is Kind.HARDLINK:
            header, inode = inode.member, self._linked(where, inode.member)
            inode.member = replace(inode.member, mode=header.mode, uid=header.uid, gid=header.gid)  # as Docker does it
            if inode is there:
                return
        if inode.member.kind is not Kind.DIRECTORY:
            folder.children[parts[-1]] = inode
        elif isinstance(there, Folder):
            there.inode = inode
        else:
            folder.children[parts[-1]] = Folder(inode)

    def _linked(self, where: str, member: Member) -> Inode:
        """What a hard link is another name of."""
        parts = member_parts(where, member.target)
        folder = self._walk(where, parts[:-1], make=False)
        found = folder.children.get(parts[-1]) if folder is not None and parts else None
        if not isinstance(found, Inode):
            what = "is a folder" if isinstance(found, Folder) else "is not in the image"
            names = shown(member.name[:200]), shown(member.target[:200])
            raise BrokenImageError(where, f"the member '{names[0]}' is a hard link to '{names[1]}', which {what}")
        return found

    def _folder(self, where: str, parts: Parts) -> Folder:
        folder = self._walk(where, parts, make=True)
        if folder is None:
            raise RuntimeError("a folder was not made")
        return folder

    def _walk(self, where: str, parts: Parts, *, make: bool) -> Folder | None:
        """The folder at ``parts``. Links that this layer itself has made are followed, as a process in the image would; whatever
        else is in the way gives way to a folder where ``make`` is set, else there is None."""
        todo = list(reversed(parts))
        here: list[Folder] = [self.root]
        links = 0
        while todo:
            part = todo.pop()
            if part == b"..":
                here = here[:-1] or [self.root]
                continue
            node = here[-1].children.get(part)
            if isinstance(node, Inode) and node.member.kind is Kind.SYMLINK and node.layer == self.depth:
                links += 1
                if links > _MOST_LINKS:
                    raise BrokenImageError(where, f"the name '{shown(b'/'.join(parts)[:200])}' goes through too many links")
                target = node.member.target
                here = [self.root] if target.startswith(b"/") else here
                todo.extend(step for step in reversed(target.split(b"/")) if step not in {b"", b"."})
                continue
            if not isinstance(node, Folder):
                if not make:
                    return None
                node = here[-1].children[part] = Folder(Inode(_IMPLIED, self.depth, -1))
            here.append(node)
        return here[-1]


def flatten(layers: Iterable[tuple[str, ByteStream]]) -> FlatTree:
    """The tree of layers, each with a name for errors, from the lowest up. Raises BrokenImageError, ArchiveError."""
    tree = FlatTree()
    for where, stream in layers:
        tree.add_layer(where, stream)
    return tree
