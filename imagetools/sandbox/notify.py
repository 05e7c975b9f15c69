"""Answers the system calls of commands that believe to be root: what the kernel refuses is remembered in a table instead.

Works for static programs as for dynamic ones, since it sits below the C library; nothing is loaded into the commands' processes
and nothing has to be compiled (a preloaded library, as fakeroot has it, does neither). The table knows files by device and inode
number. An inode that goes away is held open until it is gone, so that its number cannot mean another file. Whatever is not in the
table the kernel answers itself. Commands could deceive us; they only deceive themselves, as they get no right that they have not.
Source: seccomp_unotify(2), chown(2), stat(2), statx(2).
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import select
import stat
import struct
from collections.abc import Callable
from typing import Final

from imagetools.sandbox import notify_filter
from imagetools.sandbox.callers import AT_FDCWD, EMPTY_PATH, NOFOLLOW, Callers, check, libc

Key = tuple[int, int]
Record = tuple[int, int, int, int, int]
"""uid, gid (-1: what the file itself has), kind of a device (S_IFCHR, S_IFBLK, or 0), its major and minor number."""

PLAIN: Final[Record] = (-1, -1, 0, 0, 0)
MOST: Final = 65535  # the highest id where there are several

_RECEIVE: Final = 0xC0502100
_SEND: Final = 0xC0182101
_SET_FLAGS: Final = 0x40082104
_CONTINUE: Final = 1
_MOST_LEAVING: Final = 256
_NOBODY_NEW: Final = 0xFFFFFFFF
#: Where mode, uid, gid (32 bits each) and rdev (64) stand in ``struct stat``.
_STAT: Final = {"x86_64": (24, 28, 32, 40), "aarch64": (16, 24, 28, 32), "riscv64": (16, 24, 28, 32)}
_SIZE: Final = {"x86_64": 144, "aarch64": 128, "riscv64": 128}
_STATX_SIZE: Final = 256


def remember(table: dict[Key, Record], info: os.stat_result, record: Record) -> None:
    """Put into the table what it has to know of a file, if anything."""
    key = (info.st_dev, info.st_ino)
    if record == PLAIN:
        table.pop(key, None)
    else:
        table[key] = record


class Supervisor:
    """``listener``: the filter's descriptor, ``proc`` an open /proc; ``table`` is changed; ``refused`` says what was not done."""

    def __init__(self, listener: int, proc: int, machine: str, several: bool, table: dict[Key, Record]) -> None:
        self._listener = listener
        self._callers = Callers(proc)
        self._machine = machine
        self._numbers = notify_filter.numbers(machine)
        self._several = several
        self._leaving: list[int] = []
        self.table = table
        self.refused: list[str] = []
        names = {number: name for name, number in self._numbers.items()}
        self._calls: dict[int, Callable[[int, tuple[int, ...]], int | None]] = {
            number: getattr(self, "_" + name) for number, name in names.items() if hasattr(self, "_" + name)
        }
        with contextlib.suppress(OSError):  # Linux 6.6: wake each other on the same processor
            fcntl.ioctl(listener, _SET_FLAGS, struct.pack("=Q", 1))

    def serve(self, until: int) -> None:
        """Until the descriptor ``until`` can be read, which says that the commands are over."""
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(until, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if ready.get(self._listener, 0) & select.POLLIN:
                self._serve_one()
            elif until in ready:
                return
            elif self._listener in ready:
                poll.unregister(self._listener)

    def _serve_one(self) -> None:
        data = bytearray(80)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, data)
        except OSError:  # whoever called is gone
            return
        number, thread, _, call, _, _ = struct.unpack_from("=QIIiIQ", data)
        arguments = struct.unpack_from("=6Q", data, 32)
        value, error, flags = 0, 0, 0
        try:
            self._forget_gone()
            answer = self._calls[call](thread, arguments)
            if answer is None:
                flags = _CONTINUE
            else:
                value = answer
        except OSError as problem:
            error = -(problem.errno or errno.EPERM)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._listener, _SEND, struct.pack("=QqiI", number, value, error, flags))

    # what each call does: None lets the kernel do it, a number is the answer, OSError the failure

    def _stat(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._show(thread, AT_FDCWD, arguments[0], 0, arguments[1])

    def _lstat(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._show(thread, AT_FDCWD, arguments[0], NOFOLLOW, arguments[1])

    def _fstat(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._show(thread, _signed(arguments[0]), 0, EMPTY_PATH, arguments[1])

    def _newfstatat(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._show(thread, _signed(arguments[0]), arguments[1], arguments[3], arguments[2])

    def _statx(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._show(thread, _signed(arguments[0]), arguments[1], arguments[2], arguments[4], arguments[3])

    def _chown(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._give(thread, AT_FDCWD, arguments[0], 0, arguments[1], arguments[2])

    def _lchown(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._give(thread, AT_FDCWD, arguments[0], NOFOLLOW, arguments[1], arguments[2])

    def _fchown(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._give(thread, _signed(arguments[0]), 0, EMPTY_PATH, arguments[1], arguments[2])

    def _fchownat(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._give(thread, _signed(arguments[0]), arguments[1], arguments[4], arguments[2], arguments[3])

    def _mknod(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._make(thread, AT_FDCWD, arguments[0], arguments[1], arguments[2])

    def _mknodat(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._make(thread, _signed(arguments[0]), arguments[1], arguments[2], arguments[3])

    def _unlink(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._leave(thread, AT_FDCWD, arguments[0])

    _rmdir = _unlink

    def _unlinkat(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._leave(thread, _signed(arguments[0]), arguments[1])

    def _rename(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._leave(thread, AT_FDCWD, arguments[1])

    def _renameat(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._leave(thread, _signed(arguments[2]), arguments[3])

    _renameat2 = _renameat

    def _setuid(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._become("user", arguments[:1])

    def _setgid(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._become("group", arguments[:1])

    def _setreuid(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._become("user", arguments[:2])

    def _setregid(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._become("group", arguments[:2])

    def _setresuid(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._become("user", arguments[:3])

    def _setresgid(self, thread: int, arguments: tuple[int, ...]) -> int | None:
        return self._become("group", arguments[:3])

    _setfsuid = _setuid
    _setfsgid = _setgid

    def _show(self, thread: int, folder: int, path: int, flags: int, result: int, mask: int | None = None) -> int | None:
        """stat and its kin: the kernel's answer, with what the table has put in."""
        if not self.table:
            return None
        try:
            info = self._callers.look(thread, folder, path, flags)
        except OSError:
            return None
        record = None if info is None else self.table.get((info.st_dev, info.st_ino))
        if record is None:
            return None
        fd = self._callers.open(thread, folder, path, flags)
        if fd is None:
            return None
        try:
            data = self._statx_data(fd, flags, mask, record) if mask is not None else self._stat_data(fd, record)
        finally:
            os.close(fd)
        self._callers.put(thread, result, data)
        return 0

    def _stat_data(self, fd: int, record: Record) -> bytes:
        data = bytearray(_SIZE[self._machine])
        buffer = (ctypes.c_char * len(data)).from_buffer(data)
        check(libc.syscall(ctypes.c_long(self._numbers["newfstatat"]), fd, b"", buffer, EMPTY_PATH))
        del buffer
        mode_at, uid_at, gid_at, device_at = _STAT[self._machine]
        uid, gid, kind, major, minor = record
        for at, value in ((uid_at, uid), (gid_at, gid)):
            if value >= 0:
                struct.pack_into("=I", data, at, value)
        if kind:
            (mode,) = struct.unpack_from("=I", data, mode_at)
            struct.pack_into("=I", data, mode_at, kind | stat.S_IMODE(mode))
            struct.pack_into("=Q", data, device_at, os.makedev(major, minor))
        return bytes(data)

    def _statx_data(self, fd: int, flags: int, mask: int, record: Record) -> bytes:
        data = bytearray(_STATX_SIZE)
        buffer = (ctypes.c_char * len(data)).from_buffer(data)
        number = ctypes.c_long(self._numbers["statx"])
        check(libc.syscall(number, fd, b"", (flags & 0x6000) | EMPTY_PATH, ctypes.c_uint(mask & 0xFFFFFFFF), buffer))
        del buffer
        uid, gid, kind, major, minor = record
        for at, value in ((20, uid), (24, gid)):
            if value >= 0:
                struct.pack_into("=I", data, at, value)
        if kind:
            (mode,) = struct.unpack_from("=H", data, 28)
            struct.pack_into("=H", data, 28, kind | stat.S_IMODE(mode))
            struct.pack_into("=II", data, 128, major, minor)
        return bytes(data)

    def _give(self, thread: int, folder: int, path: int, flags: int, uid: int, gid: int) -> int | None:
        """chown and its kin. The kernel gives the file to us, and takes away what goes then (setuid bits, capabilities)."""
        wanted = [number & 0xFFFFFFFF for number in (uid, gid)]
        most = MOST if self._several else 0
        if not self.table and all(number <= most or number == _NOBODY_NEW for number in wanted):
            return None
        fd = self._callers.open(thread, folder, path, flags)
        if fd is None:
            return None
        try:
            info = os.fstat(fd)
            ours = [ctypes.c_uint(number if number <= most or number == _NOBODY_NEW else 0) for number in wanted]
            check(libc.fchownat(fd, b"", *ours, EMPTY_PATH))
            old = self.table.get((info.st_dev, info.st_ino), PLAIN)
            new = [
                before if number == _NOBODY_NEW else number if number > most else -1
                for number, before in zip(wanted, old, strict=False)
            ]
            remember(self.table, info, (new[0], new[1], old[2], old[3], old[4]))
        finally:
            os.close(fd)
        return 0

    def _make(self, thread: int, folder: int, path: int, mode: int, device: int) -> int | None:
        """mknod: a device becomes an empty file and a record; all else the kernel makes, a whiteout (0, 0) too."""
        kind = stat.S_IFMT(mode)
        device &= 0xFFFFFFFF
        if kind not in {stat.S_IFCHR, stat.S_IFBLK} or (kind == stat.S_IFCHR and device == 0):
            return None
        mode &= ~self._callers.umask(thread) & 0o7777
        how = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        made = self._callers.open(thread, folder, path, NOFOLLOW, how, 0o600)
        if made is None:
            return None
        try:
            os.fchmod(made, mode)
            info = os.fstat(made)
            major, minor = (device >> 8) & 0xFFF, (device & 0xFF) | ((device >> 12) & 0xFFF00)
            self.table[info.st_dev, info.st_ino] = (-1, -1, kind, major, minor)
        finally:
            os.close(made)
        return 0

    def _leave(self, thread: int, folder: int, path: int) -> int | None:
        """A name goes away, or comes to mean another file: hold what the table knows of until it is gone."""
        if not self.table:
            return None
        try:
            info = self._callers.look(thread, folder, path, NOFOLLOW)
            if info is None or (info.st_dev, info.st_ino) not in self.table:
                return None
            fd = self._callers.open(thread, folder, path, NOFOLLOW)
        except OSError:
            return None
        if fd is not None and (info.st_nlink <= 1 or stat.S_ISDIR(info.st_mode)):
            self._leaving.append(fd)
        elif fd is not None:
            os.close(fd)
        return None

    def _forget_gone(self) -> None:
        if not self._leaving:
            return
        kept: list[int] = []
        for fd in self._leaving:
            info = os.fstat(fd)
            if info.st_nlink == 0:
                self.table.pop((info.st_dev, info.st_ino), None)
                os.close(fd)
            else:
                kept.append(fd)
        for fd in kept[:-_MOST_LEAVING]:
            os.close(fd)
        self._leaving = kept[-_MOST_LEAVING:]

    def _become(self, what: str, wanted: tuple[int, ...]) -> int | None:
        strange = [number & 0xFFFFFFFF for number in wanted if number & 0xFFFFFFFF not in {0, _NOBODY_NEW}]
        if strange:
            self._refuse(f"become {what} {strange[0]}: there is one user here, root")
        return None

    def _refuse(self, what: str) -> None:
        if what not in self.refused and len(self.refused) < 20:
            self.refused.append(what)
        raise PermissionError(errno.EPERM, what)


def _signed(descriptor: int) -> int:
    """A file descriptor argument; AT_FDCWD is negative."""
    low = descriptor & 0xFFFFFFFF
    return low - (1 << 32) if low & 0x80000000 else low
