"""The Linux calls that Python 3.11's ``os`` lacks, by ctypes: unshare, mount, pivot_root, prctl, personality and kin.

Thin on purpose: numbers and errno handling, no decisions. Every function raises OSError with the call's errno. Imported by the
fork server, so it imports nothing slow.
"""

import ctypes
import errno
import os
from typing import Any, Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MS_RDONLY: Final = 0x1
MS_NOSUID: Final = 0x2
MS_NODEV: Final = 0x4
MS_NOEXEC: Final = 0x8
MS_REMOUNT: Final = 0x20
MS_NOATIME: Final = 0x400
MS_NODIRATIME: Final = 0x800
MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_PRIVATE: Final = 0x40000
MS_RELATIME: Final = 0x200000
MNT_DETACH: Final = 2

PR_SET_PDEATHSIG: Final = 1
PR_SET_SECCOMP: Final = 22
PR_SET_NO_NEW_PRIVS: Final = 38
SECCOMP_MODE_FILTER: Final = 2
SECCOMP_SET_MODE_FILTER: Final = 1
SECCOMP_FILTER_FLAG_NEW_LISTENER: Final = 8
SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: Final = 32

PER_LINUX32: Final = 0x0008
ADDR_NO_RANDOMIZE: Final = 0x0040000
PERSONALITY_QUERY: Final = 0xFFFFFFFF

MOUNT_ATTR_RDONLY: Final = 0x1
AT_FDCWD: Final = -100
AT_RECURSIVE: Final = 0x8000
_SYS_MOUNT_SETATTR: Final = 442  # the same number on every architecture
_SYS_PIVOT_ROOT: Final = {"x86_64": 155, "aarch64": 41, "i686": 217, "armv7l": 218, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_SYS_RT_SIGACTION: Final = {"x86_64": 13, "aarch64": 134, "riscv64": 134}

_libc: Any = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def _check(result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)))


def mount(source: bytes | None, target: bytes, kind: bytes | None = None, flags: int = 0, data: bytes | None = None) -> None:
    _check(_libc.mount(source, target, kind, ctypes.c_ulong(flags), data))


def umount(target: bytes, flags: int = 0) -> None:
    _check(_libc.umount2(target, ctypes.c_int(flags)))


def pivot_root(new_root: bytes, put_old: bytes) -> None:
    number = _SYS_PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(38, f"pivot_root's number on {os.uname().machine} is not known")
    _check(_libc.syscall(ctypes.c_long(number), new_root, put_old))


def reset_hidden_signals() -> None:
    """Give the two signals that the C library keeps for itself (32 and 33) their default action.

    It refuses to do so itself, and a parent that was started by posix_spawn (GNU make starts programs so) hands them on ignored.
    """
    number = _SYS_RT_SIGACTION.get(os.uname().machine)
    if number is None:
        return
    action = ctypes.create_string_buffer(32)  # struct kernel_sigaction, all zeros: SIG_DFL, no flags, no mask
    for signal in (32, 33):
        _libc.syscall(ctypes.c_long(number), ctypes.c_int(signal), action, None, ctypes.c_size_t(8))


def mount_setattr(target: bytes, *, add: int = 0, clear: int = 0, recursive: bool = False) -> None:
    """Change attributes of a mount (and all below it). ENOSYS before Linux 5.12."""
    attributes = _MountAttr(add, clear, 0, 0)
    flags = AT_RECURSIVE if recursive else 0
    _check(
        _libc.syscall(
            ctypes.c_long(_SYS_MOUNT_SETATTR),
            ctypes.c_int(AT_FDCWD),
            target,
            ctypes.c_uint(flags),
            ctypes.byref(attributes),
            ctypes.c_size_t(ctypes.sizeof(attributes)),
        )
    )


def prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _check(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero))


def set_filter(program: bytes) -> None:
    """Restrict system calls by a classic BPF program; needs ``PR_SET_NO_NEW_PRIVS``."""
    code = ctypes.create_string_buffer(program, len(program))
    holder = _Program(len(program) // 8, ctypes.addressof(code))
    zero = ctypes.c_ulong(0)
    mode = ctypes.c_ulong(SECCOMP_MODE_FILTER)
    _check(_libc.prctl(ctypes.c_int(PR_SET_SECCOMP), mode, ctypes.byref(holder), zero, zero))


def set_listening_filter(number: int, program: bytes) -> int:
    """Restrict system calls like ``set_filter``; a descriptor at which calls are asked about. ``number`` is that of seccomp.

    Where the kernel can (Linux 5.19), a call that is being answered is not interrupted by signals, so that it happens once.
    """
    code = ctypes.create_string_buffer(program, len(program))
    holder = _Program(len(program) // 8, ctypes.addressof(code))
    mode = ctypes.c_ulong(SECCOMP_SET_MODE_FILTER)
    best = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    try:
        return _check(_libc.syscall(ctypes.c_long(number), mode, ctypes.c_ulong(best), ctypes.byref(holder)))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    least = ctypes.c_ulong(SECCOMP_FILTER_FLAG_NEW_LISTENER)
    return _check(_libc.syscall(ctypes.c_long(number), mode, least, ctypes.byref(holder)))


def personality(value: int) -> int:
    """Set the personality (``PERSONALITY_QUERY`` only asks); gives the previous one."""
    return _check(_libc.personality(ctypes.c_ulong(value)))


def set_host_name(name: bytes) -> None:
    _check(_libc.sethostname(name, ctypes.c_size_t(len(name))))


def set_domain_name(name: bytes) -> None:
    _check(_libc.setdomainname(name, ctypes.c_size_t(len(name))))
