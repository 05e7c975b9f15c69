"""The memory and the files of a process that waits for the answer to a system call, reached through an open /proc.

Paths mean what they mean to the caller: from its working folder or an open one, with links below its own root, into which we
change. Nothing is decided here. Source: seccomp_unotify(2), process_vm_readv(2), proc(5).
"""

import ctypes
import errno
import os
from typing import Any, Final

AT_FDCWD: Final = -100
NOFOLLOW: Final = 0x100
EMPTY_PATH: Final = 0x1000
_LONGEST: Final = 4096
_O_PATH: Final = os.O_PATH | os.O_CLOEXEC

libc: Any = ctypes.CDLL(None, use_errno=True)


def check(result: int) -> None:
    """Raises the OSError that the C library has left."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Callers:
    """``proc`` is an open /proc in which callers have the numbers that we are told."""

    def __init__(self, proc: int) -> None:
        self._proc: Final = proc
        self._proc_device: Final = os.fstat(proc).st_dev
        self._root: tuple[int, int] | None = None

    def look(self, thread: int, folder: int, path: int, flags: int) -> os.stat_result | None:
        """What a path leads to; None for one that means something else to us (below /proc). Raises OSError."""
        name, follow = self._name(thread, folder, path, flags)
        if not name:
            return None
        info = os.stat(name, dir_fd=self._proc, follow_symlinks=follow)
        return None if info.st_dev == self._proc_device else info

    def open(self, thread: int, folder: int, path: int, flags: int, how: int = _O_PATH, mode: int = 0) -> int | None:
        """The file meant, opened for nothing but looking unless ``how`` says otherwise; None as for ``look``. Raises OSError."""
        name, follow = self._name(thread, folder, path, flags)
        if not name:
            return None
        fd = os.open(name, how if follow else how | os.O_NOFOLLOW, mode, dir_fd=self._proc)
        if os.fstat(fd).st_dev == self._proc_device:
            os.close(fd)
            return None
        return fd

    def _name(self, thread: int, folder: int, path: int, flags: int) -> tuple[bytes, bool]:
        """What we have to say below /proc to mean the same, and whether to follow it; nothing where we cannot."""
        text = b"" if path == 0 else self.text(thread, path)
        if text.startswith((b"/proc/", b"/dev/")):
            return b"", False
        if not text and not flags & EMPTY_PATH:
            raise FileNotFoundError(errno.ENOENT, "")
        self.enter_root_of(thread)
        if text.startswith(b"/"):
            return text, not flags & NOFOLLOW
        base = b"%d/cwd" % thread if folder == AT_FDCWD else b"%d/fd/%d" % (thread, folder)
        return (base + b"/" + text, not flags & NOFOLLOW) if text else (base, True)

    def enter_root_of(self, thread: int) -> None:
        """Make the caller's root ours, so that links mean to us what they mean to it."""
        info = os.stat(f"{thread}/root", dir_fd=self._proc)
        key = (info.st_dev, info.st_ino)
        if key == self._root:
            return
        fd = os.open(f"{thread}/root", _O_PATH | os.O_DIRECTORY, dir_fd=self._proc)
        try:
            os.fchdir(fd)
            os.chroot(".")
        finally:
            os.close(fd)
        self._root = key

    def umask(self, thread: int) -> int:
        fd = os.open(f"{thread}/status", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        try:
            text = os.read(fd, 4096)
        finally:
            os.close(fd)
        _, _, rest = text.partition(b"Umask:")
        return int(rest.split()[0], 8)

    def text(self, thread: int, address: int) -> bytes:
        """A path in the caller's memory, read page by page since the next page may not exist."""
        found = b""
        while len(found) <= _LONGEST:
            size = _LONGEST - (address + len(found)) % _LONGEST
            buffer = ctypes.create_string_buffer(size)
            self._move(libc.process_vm_readv, thread, address + len(found), buffer, size)
            piece, end, _ = buffer.raw.partition(b"\0")
            found += piece
            if end:
                return found
        raise OSError(errno.ENAMETOOLONG, "")

    def put(self, thread: int, address: int, data: bytes) -> None:
        buffer = ctypes.create_string_buffer(data, len(data))
        self._move(libc.process_vm_writev, thread, address, buffer, len(data))

    @staticmethod
    def _move(call: Any, thread: int, address: int, buffer: Any, size: int) -> None:
        mine = _Vector(ctypes.addressof(buffer), size)
        theirs = _Vector(address, size)
        one, none = ctypes.c_ulong(1), ctypes.c_ulong(0)
        check(call(ctypes.c_int(thread), ctypes.byref(mine), one, ctypes.byref(theirs), one, none))
