"""Making a finished build's tree canonical: mtime 1, modes 0444 and 0555, no setuid, no extended attributes, our owner (row
4.031).

Nix quirks: the executable bit that counts is the owner's; with ``build_uids`` a file of anybody else is refused (a build might
have hard-linked one of the host's files into its output), except one that this same run has already taken over through another
hard link.
"""

import errno
import os
import stat
from collections.abc import Container
from typing import Final

from imagetools.store.disk import AnyPath, show, writing
from imagetools.store.fs_dump import UnsupportedFileError, kind_of
from imagetools.store.fs_restore import MTIME
from imagetools.store.ports import StoreError

KEPT_ATTRIBUTES: Final = frozenset({"security.selinux", "security.csm", "system.nfs4_acl"})


class WrongOwnerError(StoreError):
    """A file in an output that the build's user does not own."""

    def __init__(self, path: str, uid: int) -> None:
        super().__init__(f"invalid ownership on file '{path}': it belongs to user {uid}, not to the build")
        self.path = path
        self.uid = uid


def canonicalise(path: AnyPath, *, build_uids: Container[int] | None = None) -> None:
    """Make the tree at ``path`` canonical in place; symlinks are touched themselves, never followed.

    Raises UnsupportedFileError, WrongOwnerError, StoreError where the disk refuses.
    """
    root = os.fsencode(path)
    seen: set[tuple[int, int]] = set()
    uid, gid = os.geteuid(), os.getegid()
    todo = [root]
    folders: list[bytes] = []
    with writing(path):
        while todo:
            here = todo.pop()
            state = os.lstat(here)
            mode = state.st_mode
            is_folder = stat.S_ISDIR(mode)
            if not (stat.S_ISREG(mode) or is_folder or stat.S_ISLNK(mode)):
                raise UnsupportedFileError(show(here), kind_of(mode))
            if build_uids is not None and state.st_uid not in build_uids:
                if is_folder or (state.st_dev, state.st_ino) not in seen:
                    raise WrongOwnerError(show(here), state.st_uid)
                continue
            if state.st_nlink > 1 and not is_folder:
                seen.add((state.st_dev, state.st_ino))
            _strip_attributes(here)
            if state.st_uid != uid:
                os.chown(here, uid, gid, follow_symlinks=False)
            if is_folder:
                if mode & 0o700 != 0o700:
                    os.chmod(here, 0o755)
                with os.scandir(here) as members:
                    todo.extend(member.path for member in members)
                folders.append(here)
                continue
            if not stat.S_ISLNK(mode):
                wanted = 0o555 if mode & stat.S_IXUSR else 0o444
                if stat.S_IMODE(mode) != wanted or state.st_uid != uid:
                    os.chmod(here, wanted)
            if state.st_mtime_ns != MTIME[1]:
                os.utime(here, ns=MTIME, follow_symlinks=False)
        for folder in reversed(folders):
            os.chmod(folder, 0o555)
            os.utime(folder, ns=MTIME)


def _strip_attributes(path: bytes) -> None:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENODATA):
            return
        raise
    for name in names:
        if name not in KEPT_ATTRIBUTES:
            os.removexattr(path, name, follow_symlinks=False)
