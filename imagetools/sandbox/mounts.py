"""Makes the skeleton of the new root on disk and turns binds into a flat list that the child only has to mount.

It runs in the calling process, with its rights, before any namespace exists: mount points, small files, copies of symlinks (which
cannot be bound). It refuses to mount anything. Nix does the same work inside the child.
"""

import errno
import os
import stat

from imagetools.sandbox.lower import Root
from imagetools.sandbox.ports import SetupError

MountList = list[tuple[bytes, bytes, bool]]
"""(source on the host, target below the new root, writable)."""


def prepare(root: Root, folder: str) -> MountList:
    """Fill the empty ``folder`` with the skeleton of ``root``. Raises SetupError for a source that is missing.

    The list that comes back starts with what must be writable in itself.
    """
    base = os.fsencode(folder)
    try:
        return _prepare(root, base)
    except OSError as error:
        name = error.filename if isinstance(error.filename, str | bytes) else folder
        raise SetupError(f"making '{os.fsdecode(name)}'", error.strerror or str(error)) from error


def _prepare(root: Root, base: bytes) -> MountList:
    made: set[bytes] = {base}
    covered: set[bytes] = set()
    mounts: MountList = []
    for path, mode in root.folders:
        target = base + os.fsencode(path)
        _folders(target, made)
        os.chmod(target, mode)
    for path in root.writable:
        target = base + os.fsencode(path)
        mounts.append((target, target, True))
    for bind in root.binds:
        target = base + os.fsencode(bind.target)
        source = os.fsencode(bind.source)
        if bind.target.startswith("/etc/") and not bind.read_only:
            raise SetupError(f"binding '{bind.target}'", "nothing in /etc is writable")
        try:
            mode = os.lstat(source).st_mode
        except OSError as error:
            if bind.optional and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                continue
            raise
        if bind.target in ("/etc/resolv.conf", "/etc/services", "/etc/hosts") and stat.S_ISLNK(mode):
            if not os.path.exists(source):
                continue
            source = os.path.realpath(source)
            mode = os.lstat(source).st_mode
        inside = _covered(target, covered)
        if stat.S_ISLNK(mode):
            if not inside:
                _folders(os.path.dirname(target), made)
                os.symlink(os.readlink(source), target)
            continue
        if stat.S_ISDIR(mode):
            if not inside:
                _folders(target, made)
            covered.add(target)
        elif not inside:
            _folders(os.path.dirname(target), made)
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o444))
        mounts.append((source, target, not bind.read_only))
    for path, data in root.files:
        target = base + os.fsencode(path)
        _folders(os.path.dirname(target), made)
        _write(target, data)
    for path, link in root.links:
        target = base + os.fsencode(path)
        _folders(os.path.dirname(target), made)
        os.symlink(link, target)
    return mounts


def _write(path: bytes, data: bytes) -> None:
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)
    with open(fd, "wb") as file:
        file.write(data)
        os.fchmod(fd, 0o644)


def _folders(path: bytes, made: set[bytes]) -> None:
    """Make ``path`` and its parents, visible to everybody whatever the umask says."""
    missing: list[bytes] = []
    while path not in made:
        missing.append(path)
        path = os.path.dirname(path)
    for folder in reversed(missing):
        try:
            os.mkdir(folder)
        except FileExistsError:
            pass
        else:
            os.chmod(folder, 0o755)
        made.add(folder)


def _covered(target: bytes, folders: set[bytes]) -> bool:
    while (cut := target.rfind(b"/")) > 0:
        target = target[:cut]
        if target in folders:
            return True
    return False
