"""What commands have changed in a tree, as the members of a layer: what is new or different, and whiteouts for what is gone.

The tree is compared with what was noted of it before. A file that nobody has touched still has its inode number and the time of
its last change (ctime), which no program can set; everything else goes into the layer, also what was only touched. Folders count
by owner and mode. Times in the layer are those of all files (row 2.013), so that equal trees give equal layers.
Source: OCI image layer specification, "Representing Changes"; docker build makes the same of RUN.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from typing import Final

from imagetools.builtin.api import Root
from imagetools.image_io.base_scan import OPAQUE, WHITEOUT
from imagetools.image_io.entries import BLOCK_DEVICE, CHARACTER, DIRECTORY, FIFO, HARDLINK, REGULAR, SYMLINK, Entry
from imagetools.image_io.stamp import Stamp
from imagetools.kernel.bytestr import display, to_str

from .rooted_tree import wanted_attribute

Attributes = tuple[tuple[bytes, bytes], ...]
Noted = tuple[int, int, int, int, int, Attributes]
"""Kind and mode, user, group; for what is no folder its inode number and ctime, for a folder its attributes."""

_CAPABILITY: Final = b"security.capability"
_OF_NAMESPACE: Final = 24  # a capability's bytes with the root of a user namespace at their end (version 3)
_KINDS: Final = {stat.S_IFCHR: CHARACTER, stat.S_IFBLK: BLOCK_DEVICE}


class ChangedTree:
    """Make it when the tree is as the base has it; let the commands run; then ask for ``entries``."""

    def __init__(self, place: bytes, root: Root, stamp: Stamp, log: Callable[[str], object], *, noted: bool) -> None:
        """``noted``: whether there is a base, so that only changes count. ``stamp``: the time of all members."""
        self._place = place
        self._root = root
        self._log = log
        self._stamps: dict[tuple[int, int], Stamp] = {}
        self._mtime = stamp.mtime
        self._before: dict[bytes, Noted] = {}
        self._children: dict[bytes, list[bytes]] = {}
        if noted:
            self._note()

    def entries(self) -> list[Entry]:
        """The members of the layer, the root first, each folder before what is in it, names by their bytes."""
        found: dict[bytes, Entry] = {}
        folders: dict[bytes, Entry] = {}
        links: dict[tuple[int, int], bytes] = {}
        for name, info in self._walk():
            is_folder = stat.S_ISDIR(info.st_mode)
            if is_folder:
                folders[name] = self._entry(name, info)
                self._mark_gone(name, found)
            if self._before and self._before.get(name) == self._facts(name, info):
                continue
            if is_folder:
                found[name] = folders[name]
            elif stat.S_ISSOCK(info.st_mode):
                self._log(f"warning: /{display(to_str(name))} is a socket, which no image can hold; it is left out")
            else:
                key = (info.st_dev, info.st_ino)
                first = links.setdefault(key, name) if info.st_nlink > 1 else name
                found[name] = self._entry(name, info) if first == name else self._link(name, first, info)
        for name in list(found):
            folder = name
            while folder:
                folder = folder.rpartition(b"/")[0]
                found.setdefault(folder, folders[folder])
        found.setdefault(b"", folders[b""])
        return [found[name] for name in sorted(found, key=_parts)]

    def _note(self) -> None:
        latest = 0
        for name, info in self._walk():
            self._before[name] = self._facts(name, info)
            latest = max(latest, info.st_ctime_ns)
            if name:
                folder, _, child = name.rpartition(b"/")
                self._children.setdefault(folder, []).append(child)
        _wait_beyond(self._place + b".clock", latest)

    def _facts(self, name: bytes, info: os.stat_result) -> Noted:
        uid, gid = self._root.owner(info)
        if stat.S_ISDIR(info.st_mode):
            return (info.st_mode, uid, gid, 0, 0, self._attributes(self._at(name)))
        return (info.st_mode, uid, gid, info.st_ino, info.st_ctime_ns, ())

    def _mark_gone(self, folder: bytes, found: dict[bytes, Entry]) -> None:
        """Whiteouts for what a folder of the base has lost; where it has lost all of several, one mark for the folder."""
        before = self._children.get(folder)
        if before is None or not stat.S_ISDIR(self._before[folder][0]):
            return
        prefix = folder + b"/" if folder else b""
        gone = [child for child in before if not os.path.lexists(self._at(prefix + child))]
        marks = [OPAQUE] if len(gone) == len(before) > 1 else [WHITEOUT + child for child in gone]
        for mark in marks:
            found[prefix + mark] = Entry(prefix + mark, REGULAR, 0, owner=self._stamp(0, 0))

    def _entry(self, name: bytes, info: os.stat_result) -> Entry:
        place = self._at(name)
        mode = stat.S_IMODE(info.st_mode)
        owner = self._stamp(*self._root.owner(info))
        if stat.S_ISLNK(info.st_mode):
            return Entry(name, SYMLINK, 0o777, target=os.readlink(place), owner=owner)
        xattrs = self._attributes(place)
        if stat.S_ISDIR(info.st_mode):
            return Entry(name, DIRECTORY, mode, owner=owner, xattrs=xattrs)
        device = self._root.device(info)
        if device is not None:
            return Entry(name, _KINDS[device[0]], mode, owner=owner, device=device[1])
        if stat.S_ISFIFO(info.st_mode):
            return Entry(name, FIFO, mode, owner=owner)
        return Entry(name, REGULAR, mode, info.st_size, place, owner=owner, xattrs=xattrs)

    def _link(self, name: bytes, first: bytes, info: os.stat_result) -> Entry:
        owner = self._stamp(*self._root.owner(info))
        return Entry(name, HARDLINK, stat.S_IMODE(info.st_mode), target=first, owner=owner)

    def _stamp(self, uid: int, gid: int) -> Stamp:
        known = self._stamps.get((uid, gid))
        if known is None:
            names = ["" if number else "root" for number in (uid, gid)]
            known = self._stamps[uid, gid] = Stamp(self._mtime, uid, gid, *names)
        return known

    def _attributes(self, place: bytes) -> Attributes:
        try:
            names = sorted(os.fsencode(name) for name in os.listxattr(place, follow_symlinks=False))
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise
            return ()  # a file system without them
        return tuple(
            (name, _as_everywhere(name, os.getxattr(place, name, follow_symlinks=False)))
            for name in names
            if wanted_attribute(name)
        )

    def _walk(self) -> Iterator[tuple[bytes, os.stat_result]]:
        todo = [b""]
        while todo:
            name = todo.pop()
            info = os.lstat(self._at(name))
            if stat.S_ISDIR(info.st_mode):
                prefix = name + b"/" if name else b""
                todo.extend(sorted((prefix + child for child in os.listdir(self._at(name))), reverse=True))
            yield name, info

    def _at(self, name: bytes) -> bytes:
        return self._place + b"/" + name if name else self._place


def _parts(name: bytes) -> list[bytes]:
    return name.split(b"/")


def _as_everywhere(name: bytes, value: bytes) -> bytes:
    """A capability without the user namespace in which it was set (version 2 instead of 3)."""
    if name == _CAPABILITY and len(value) == _OF_NAMESPACE and value[3] == 3:
        return value[:3] + b"\x02" + value[4:20]
    return value


def _wait_beyond(probe: bytes, moment: int) -> None:
    """Until the file system's clock, which moves by milliseconds, has left ``moment`` behind."""
    while True:
        with open(probe, "wb") as file:
            now = os.fstat(file.fileno()).st_ctime_ns
        os.unlink(probe)
        if now > moment:
            return
        time.sleep(0.001)
