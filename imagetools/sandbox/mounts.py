"""Turns the new root into lists that the child only has to work off: what to make in an empty file system, what to mount on it.

It runs in the calling process, with its rights, before any namespace exists, and looks at the sources of binds. The root itself
is a tmpfs that only the build's mount namespace has: files made on disk for every build cost more than the build (ext4 does not
like to use the numbers of files just deleted again). On disk are only the folders that a build may fill, ``places``, and the
mount points in them. It refuses to mount anything; symlinks cannot be bound and are copied.
"""

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from imagetools.sandbox.lower import Root
from imagetools.sandbox.ports import SetupError

MountList = list[tuple[bytes, bytes, bool]]
"""(source on the host, target in the new root, writable); parents before what is below them."""


@dataclass(slots=True)
class Skeleton:
    """``folders`` (path, mode), ``files`` (path, contents) and ``links`` (path, target) to make in the empty root, in this order,
    and then the ``mounts``. Paths are those of the new root."""

    folders: list[tuple[bytes, int]] = field(default_factory=list)
    files: list[tuple[bytes, bytes]] = field(default_factory=list)
    links: list[tuple[bytes, bytes]] = field(default_factory=list)
    mounts: MountList = field(default_factory=list)


def prepare(root: Root, places: Mapping[str, str]) -> Skeleton:
    """``places`` are the folders of the new root that lie on disk (target to host path; they exist).

    Mount points in them are made at once. Raises SetupError for a source that is missing.
    """
    try:
        return _Preparation(root, places).done()
    except OSError as error:
        name = error.filename if isinstance(error.filename, str | bytes) else "/"
        raise SetupError(f"making '{os.fsdecode(name)}'", error.strerror or str(error)) from error


class _Preparation:
    def __init__(self, root: Root, places: Mapping[str, str]) -> None:
        self._root = root
        self._places = [(os.fsencode(target) + b"/", os.fsencode(place)) for target, place in places.items()]
        self._made: set[bytes] = {b"/"}
        self._covered: set[bytes] = set()
        self._skeleton = Skeleton()

    def done(self) -> Skeleton:
        skeleton = self._skeleton
        for path, mode in self._root.folders:
            self._folder(os.fsencode(path), mode)
        for target, place in self._places:
            self._folder(target[:-1])
            skeleton.mounts.append((place, target[:-1], True))
        for bind in self._root.binds:
            if bind.target.startswith("/etc/") and not bind.read_only:
                raise SetupError(f"binding '{bind.target}'", "nothing in /etc is writable")
            self._bind(os.fsencode(bind.source), os.fsencode(bind.target), bind.optional, not bind.read_only)
        for path, data in self._root.files:
            self._folder(os.path.dirname(os.fsencode(path)))
            skeleton.files.append((os.fsencode(path), data))
        for path, link in self._root.links:
            self._folder(os.path.dirname(os.fsencode(path)))
            skeleton.links.append((os.fsencode(path), os.fsencode(link)))
        return skeleton

    def _bind(self, source: bytes, target: bytes, optional: bool, writable: bool) -> None:
        try:
            mode = os.lstat(source).st_mode
        except OSError as error:
            if optional and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                return
            raise
        if target in (b"/etc/resolv.conf", b"/etc/services", b"/etc/hosts") and stat.S_ISLNK(mode):
            if not os.path.exists(source):
                return
            source = os.path.realpath(source)
            mode = os.lstat(source).st_mode
        shown = _is_covered(target, self._covered)
        if stat.S_ISLNK(mode):
            if not shown:
                self._link(target, os.readlink(source))
            return
        if stat.S_ISDIR(mode):
            self._covered.add(target)
            if not shown:
                self._folder(target)
        elif not shown:
            self._file(target)
        self._skeleton.mounts.append((source, target, writable))

    def _on_disk(self, path: bytes) -> bytes | None:
        for above, place in self._places:
            if path.startswith(above):
                return place + path[len(above) - 1 :]
        return None

    def _folder(self, path: bytes, mode: int = 0o755) -> None:
        """A folder with its parents, visible to everybody whatever the umask says."""
        if path in self._made:
            return
        self._folder(os.path.dirname(path))
        self._made.add(path)
        place = self._on_disk(path)
        if place is None:
            self._skeleton.folders.append((path, mode))
            return
        os.mkdir(place)
        os.chmod(place, mode)

    def _file(self, path: bytes) -> None:
        self._folder(os.path.dirname(path))
        place = self._on_disk(path)
        if place is None:
            self._skeleton.files.append((path, b""))
        else:
            os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o444))

    def _link(self, path: bytes, target: bytes) -> None:
        self._folder(os.path.dirname(path))
        place = self._on_disk(path)
        if place is None:
            self._skeleton.links.append((path, target))
        else:
            os.symlink(target, place)


def _is_covered(target: bytes, folders: set[bytes]) -> bool:
    while (cut := target.rfind(b"/")) > 0:
        target = target[:cut]
        if target in folders:
            return True
    return False
