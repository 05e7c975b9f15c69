"""Whose the files of a whole tree are: changed from the top down by folder descriptors, so that no link is ever followed.

Used by the calling side (which takes back what a spare user has made) and by the fork server, so it imports nothing slow.
"""

import errno
import os
import stat
from collections.abc import Callable
from typing import Final

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def change_owner(path: str, uid: int, gid: int) -> None:
    """Give a whole tree to somebody, however deep it is; symlinks are never followed. No process may be at work in it."""
    os.chown(path, uid, gid, follow_symlinks=False)
    try:
        fd = os.open(path, _FOLDER)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            return
        raise

    def give(folder: int, entry: "os.DirEntry[str]") -> None:
        os.chown(entry.name, uid, gid, dir_fd=folder, follow_symlinks=False)

    _visit(fd, give)


def take_back(fd: int) -> None:
    """Everything below the open folder ``fd`` becomes user 0's and group 0's, and every folder one that its owner may enter.

    For a build that was root of its namespace: what belongs to ids that only the namespace has could not be removed by anybody
    outside. What it had already is left alone.
    """

    def take(folder: int, entry: "os.DirEntry[str]") -> None:
        info = entry.stat(follow_symlinks=False)
        if info.st_uid or info.st_gid:
            os.chown(entry.name, 0, 0, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(info.st_mode) and info.st_mode & 0o700 != 0o700:
            os.chmod(entry.name, stat.S_IMODE(info.st_mode) | 0o700, dir_fd=folder)

    _visit(os.open(".", _FOLDER, dir_fd=fd), take)


def _visit(fd: int, change: "Callable[[int, os.DirEntry[str]], None]") -> None:
    """``change`` everything below the open folder ``fd``, which is closed; folders before what is in them."""
    above: list[list[str]] = []  # names still to be entered, for each folder from the top down to the one that is open
    try:
        names = _change_entries(fd, change)
        while True:
            if names:
                below = os.open(names.pop(), _FOLDER, dir_fd=fd)
                above.append(names)
                os.close(fd)
                fd = below
                names = _change_entries(fd, change)
            elif above:
                up = os.open("..", _FOLDER, dir_fd=fd)
                os.close(fd)
                fd = up
                names = above.pop()
            else:
                return
    finally:
        os.close(fd)


def _change_entries(fd: int, change: "Callable[[int, os.DirEntry[str]], None]") -> list[str]:
    """Change what is directly in a folder; the names of folders in it."""
    folders: list[str] = []
    with os.scandir(fd) as entries:
        for entry in entries:
            change(fd, entry)
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
    return folders
