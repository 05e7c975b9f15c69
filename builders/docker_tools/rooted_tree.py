"""A tree on disk in which commands run as root, laid out over a base image or over nothing (rows 2.011, 2.032, 2.033).

What stands in the tree is what stands in the image, with owners, modes, capabilities and devices; where this build's namespace
cannot have an owner, ``Root`` remembers it. Nothing follows a link of the tree: every folder on the way to a name is looked at.
"""

import errno
import os
import shutil
import stat
from typing import Final

from imagetools.archive.member import Kind, Member
from imagetools.archive.stream import ByteStream
from imagetools.archive.tarball import read_tar
from imagetools.builtin.api import Root
from imagetools.image.tags import BrokenImageError
from imagetools.image_io.base_image import BaseLayer
from imagetools.image_io.base_scan import AUFS, OPAQUE, hidden_name, member_parts
from imagetools.image_io.entries import DIRECTORY, SYMLINK, Entry

_DEVICES: Final = {Kind.CHARACTER_DEVICE: stat.S_IFCHR, Kind.BLOCK_DEVICE: stat.S_IFBLK}
_SPECIAL: Final = 0o7777


class RootedTree:
    """``place`` is an existing, empty folder, the image's root."""

    def __init__(self, place: bytes, root: Root) -> None:
        self.place: Final = place
        self.root: Final = root
        self._folders: set[bytes] = {b""}

    def at(self, name: bytes) -> bytes:
        """Where ``name`` lies."""
        return self.place + b"/" + name if name else self.place

    def lay_layer(self, layer: BaseLayer) -> None:
        """Put a layer of a base image on what is there, as whoever runs the image will see it. Raises BrokenImageError,
        ArchiveError, OSError."""
        own: set[bytes] = set()
        for member in read_tar(ByteStream.of_chunks(layer.tar())):
            parts = member_parts(layer.member, member.name)
            hidden = hidden_name(parts)
            if hidden is not None:
                self._hide(b"/".join(hidden), own, opaque=parts[-1] == OPAQUE)
            elif not (parts and parts[-1].startswith(AUFS)):
                self._lay_member(layer.member, member, parts)
                own.update(b"/".join(parts[:end]) for end in range(len(parts) + 1))

    def lay(self, entry: Entry) -> None:
        """Put a member of the new layer on what is there: a file of the store, a folder, a link."""
        name = entry.name
        place = self.at(name)
        uid, gid = (0, 0) if entry.owner is None else (entry.owner.uid, entry.owner.gid)
        if entry.kind == DIRECTORY:
            self.make_folder(name)
        else:
            self._make_room(name)
            if entry.kind == SYMLINK:
                os.symlink(entry.target, place)
            else:
                shutil.copyfile(entry.source, place)
        self._own(place, uid, gid)
        if entry.kind != SYMLINK:
            os.chmod(place, entry.mode)

    def make_folder(self, name: bytes) -> bool:
        """A folder at ``name``, where there is none; whether that was so."""
        if name in self._folders:
            return False
        self._parents(name)
        place = self.at(name)
        made = not _is_folder(place)
        if made:
            self._remove(name)
            os.mkdir(place)
            os.chmod(place, 0o755)
        self._folders.add(name)
        return made

    def forget(self) -> None:
        """Somebody else may have changed the tree."""
        self._folders = {b""}

    def _lay_member(self, where: str, member: Member, parts: tuple[bytes, ...]) -> None:
        name = b"/".join(parts)
        place = self.at(name)
        kind = member.kind
        if kind is Kind.DIRECTORY:
            self.make_folder(name)
        elif not parts:
            raise BrokenImageError(where, f"its root is a {kind.value}")
        elif kind is Kind.HARDLINK:
            self._link(where, member, name)
        else:
            self._make_room(name)
            if kind is Kind.FILE:
                _write(place, member)
            elif kind is Kind.SYMLINK:
                os.symlink(member.target, place)
            elif kind in _DEVICES:
                self.root.make_device(place, _DEVICES[kind], 0o600, member.device)
            elif kind is Kind.FIFO:
                os.mkfifo(place)
            else:
                return
        self._own(place, member.uid, member.gid)  # of a hard link too: engines take what its own header says
        if not stat.S_ISLNK(os.lstat(place).st_mode):
            os.chmod(place, member.mode & _SPECIAL)
        for key, value in member.xattrs:
            if wanted_attribute(key):
                _set_attribute(place, key, value)

    def _link(self, where: str, member: Member, name: bytes) -> None:
        target = b"/".join(member_parts(where, member.target))
        folder = target.rpartition(b"/")[0]
        if target == name:
            return
        if not self.is_folder(folder) or not os.path.lexists(self.at(target)) or _is_folder(self.at(target)):
            raise BrokenImageError(where, "it has a hard link to a file that is not there")
        self._make_room(name)
        os.link(self.at(target), self.at(name), follow_symlinks=False)

    def _own(self, place: bytes, uid: int, gid: int) -> None:
        info = os.lstat(place)
        if self.root.owner(info) != (uid, gid):
            self.root.give(place, uid, gid)

    def _make_room(self, name: bytes) -> None:
        self._parents(name)
        self._remove(name)

    def _parents(self, name: bytes) -> None:
        folder = name.rpartition(b"/")[0]
        if folder not in self._folders:
            self.make_folder(folder)

    def is_folder(self, name: bytes) -> bool:
        """Whether ``name`` and all above are folders, not links to some."""
        while name not in self._folders:
            if not _is_folder(self.at(name)):
                return False
            name = name.rpartition(b"/")[0]
        return True

    def _remove(self, name: bytes) -> None:
        """Take away whatever is at ``name``."""
        place = self.at(name)
        try:
            os.unlink(place)
        except FileNotFoundError:
            return
        except (IsADirectoryError, PermissionError):
            shutil.rmtree(place)
            below = name + b"/"
            self._folders -= {folder for folder in self._folders if folder == name or folder.startswith(below)}

    def _hide(self, name: bytes, own: set[bytes], *, opaque: bool) -> None:
        """What a whiteout takes from the layers below; ``own`` names are of the same layer and stay."""
        if not self.is_folder(name if opaque else name.rpartition(b"/")[0]):
            return
        if not opaque:
            if name not in own:
                self._remove(name)
            elif name in self._folders:
                self._hide(name, own, opaque=True)
            return
        prefix = name + b"/" if name else b""
        for child in os.listdir(self.at(name)):
            self._hide(prefix + child, own, opaque=False)


def wanted_attribute(key: bytes) -> bool:
    """Whether an extended attribute belongs into an image: capabilities, and what users set."""
    return key == b"security.capability" or (key.startswith(b"user.") and not key.startswith(b"user.overlay."))


def _is_folder(place: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(place).st_mode)
    except FileNotFoundError:
        return False


def _set_attribute(place: bytes, key: bytes, value: bytes) -> None:
    """What users set may be missing while commands run (not every file system has it); capabilities may not."""
    try:
        os.setxattr(place, key, value, follow_symlinks=False)
    except OSError as error:
        if error.errno not in {errno.ENOTSUP, errno.EPERM} or not key.startswith(b"user."):
            raise


def _write(place: bytes, member: Member) -> None:
    with open(place, "xb", buffering=0) as file:
        for piece in member.body:
            view = memoryview(piece)
            while view:
                view = view[file.write(view) :]
