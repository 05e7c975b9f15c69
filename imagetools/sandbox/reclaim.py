"""Taking back what a build that was root of its namespace has left, where nothing of it lives any more to do so itself.

Usually the build's keeper does it (``server``). After a power cut, or a kill of every process, files may belong to ids that the
person was granted but is not: only a user namespace that has them again can give them back. For root there is nothing to do.
"""

import contextlib
import os
import subprocess
import sys
from typing import Final

from imagetools.sandbox import slots, subordinate

_PACKAGE_PARENT: Final = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_BOOT: Final = (
    "import os, sys; sys.path.insert(0, sys.argv[1]); from imagetools.sandbox import owners, syscalls; "
    "syscalls.unshare(syscalls.CLONE_NEWUSER); print(flush=True); sys.stdin.read(1); owners.take_back(int(sys.argv[2]))"
)


def reclaim(folder: str) -> bool:
    """Make everything in ``folder``, which is the caller's, the caller's too; whether that could be done."""
    if slots.is_host_root():
        return True
    identity = slots.Identity(os.geteuid(), os.getegid(), spare=False)
    maps = subordinate.root_maps(identity)
    if len(maps.users) == 1:
        return False
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return _run(fd, maps)
        finally:
            os.close(fd)
    return False


def _run(folder: int, maps: subordinate.Maps) -> bool:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _BOOT, _PACKAGE_PARENT, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(folder,),
        cwd="/",
    )
    with process:
        assert process.stdin is not None and process.stdout is not None
        if not process.stdout.read(1):
            return False
        with contextlib.suppress(OSError):
            subordinate.write_maps(process.pid, (maps,))
            process.stdin.write(b"\n")
    return process.returncode == 0
