"""An image's file system as one tar: what ``docker import`` takes, and ``docker export`` gives (rows 2.052-2.054).

Two readings of the layers: the first for what is left of each, the second for the bytes, in the order in which they lie there, so
that nothing is unpacked onto the disk. So folders come first, then files layer by layer, then links, devices and second names.
Owners, modes, extended attributes and hard links are those of the layers; all times are one.
"""

from typing import Final

from ..archive.member import Kind
from ..archive.stream import ByteStream
from ..archive.tarball import read_tar
from ..image.tags import BrokenImageError
from .base_image import BaseImage
from .block_stream import BlockStream
from .entries import BLOCK_DEVICE, CHARACTER, DIRECTORY, FIFO, HARDLINK, REGULAR, SYMLINK, Entry
from .flatten import FlatTree, Folder, Inode, flatten
from .stamp import Stamp
from .tar_header import END, header, padding

_KINDS: Final = {
    Kind.FILE: REGULAR,
    Kind.SYMLINK: SYMLINK,
    Kind.CHARACTER_DEVICE: CHARACTER,
    Kind.BLOCK_DEVICE: BLOCK_DEVICE,
    Kind.FIFO: FIFO,
    Kind.DIRECTORY: DIRECTORY,
}


class Flattened:
    """The file system of ``image``. Raises BrokenImageError, ArchiveError."""

    def __init__(self, image: BaseImage) -> None:
        self._image: Final = image
        self._stamps: dict[tuple[int, int], Stamp] = {}
        self.tree: Final[FlatTree] = flatten((layer.member, layer.headers()) for layer in image.layers)

    def write(self, stream: BlockStream) -> None:
        """Write all of it. Raises BrokenImageError where a layer is not what the config says, ArchiveError, OSError."""
        names: dict[int, dict[int, tuple[bytes, Inode]]] = {}
        others: list[Entry] = []
        first: dict[Inode, bytes] = {}
        for name, node in self.tree.entries():
            if isinstance(node, Folder):
                stream.write(header(self._entry(name, node.inode), self._stamp(0, 0)))
            elif node in first and node.member.kind is Kind.FILE:
                others.append(Entry(name, HARDLINK, node.member.mode, target=first[node], owner=self._owner(node)))
            else:
                first[node] = name
                if node.member.kind is Kind.FILE:
                    names.setdefault(node.layer, {})[node.number] = (name, node)
                else:
                    others.append(self._entry(name, node))
        for number in range(len(self._image.layers)):
            self._copy(number, names.get(number, {}), stream)
        for entry in others:
            stream.write(header(entry, self._stamp(0, 0)))
        stream.write(END)

    def _copy(self, layer: int, names: dict[int, tuple[bytes, Inode]], stream: BlockStream) -> None:
        """The files of a layer that are left. The layer is read to its end in any case, so that its digest is looked at."""
        pieces = self._image.open_layer(layer)
        for number, member in enumerate(read_tar(ByteStream.of_chunks(pieces))):
            if number not in names:
                continue
            stream.write(header(self._entry(*names[number]), self._stamp(0, 0)))
            size = 0
            for piece in member.body:
                stream.write(piece)
                size += len(piece)
            if size != names[number][1].member.size:
                raise BrokenImageError(
                    self._image.layers[layer].member, f"a file in it has {size} bytes instead of {member.size}"
                )
            stream.write(bytes(padding(size)))
        for _ in pieces:
            pass

    def _entry(self, name: bytes, inode: Inode) -> Entry:
        member = inode.member
        return Entry(
            name,
            _KINDS[member.kind],
            member.mode,
            member.size,
            target=member.target,
            owner=self._owner(inode),
            xattrs=member.xattrs,
            device=member.device,
        )

    def _owner(self, inode: Inode) -> Stamp:
        return self._stamp(inode.member.uid, inode.member.gid)

    def _stamp(self, uid: int, gid: int) -> Stamp:
        found = self._stamps.get((uid, gid))
        if found is None:
            found = self._stamps[uid, gid] = Stamp(1, uid, gid, "" if uid else "root", "" if gid else "root")
        return found
