"""What happens inside: mounts, pivot_root, fixed names, dropped rights, and at last the builder itself.

``mount_all`` puts the tree together (by real root before the user namespace exists, by an ordinary user inside it); ``become``
runs as process 1 of the new pid namespace and ends in ``execve``. Both get plain data made by ``lower`` and ``mounts``. Nothing
here may import slow modules: it lives in the fork server. Nix's shape: process 1 is the builder, stdin is /dev/null, stdout is
stderr is the pseudo-terminal, a session of its own, core limit 0, umask 022 (row 4.024).
"""

import contextlib
import errno
import fcntl
import os
import resource
import select
import signal
import socket
import struct
from typing import Any, Final

from imagetools.sandbox import syscalls as sys_

SIOCSIFFLAGS: Final = 0x8914
IFF_UP_LOOPBACK_RUNNING: Final = 0x1 | 0x8 | 0x40
READ_ONLY_PROC: Final = (b"proc/sys", b"proc/sysrq-trigger", b"proc/irq", b"proc/bus", b"proc/fs")


class StepError(Exception):
    """A step of the set-up failed with an errno; becomes the caller's SetupError or NoNamespacesError."""

    def __init__(self, step: str, error: OSError) -> None:
        super().__init__(step)
        self.step = step
        self.errno = error.errno or 0


class step:  # noqa: N801 - reads as a verb at its uses
    """Names what is being done, for the error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, OSError):
            raise StepError(self.name, error) from error


def mount_all(recipe: dict[str, Any]) -> None:
    """Make an empty root in memory, the skeleton in it, mount everything; then make all of it read-only except what is to be
    written."""
    root: bytes = recipe["root"]
    with step("making mounts private"):
        sys_.mount(None, b"/", None, sys_.MS_PRIVATE | sys_.MS_REC)
    with step("mounting the new root"):
        sys_.mount(b"none", root, b"tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV, b"mode=0755,size=4m")
    with step("filling the new root"):
        _fill(root, recipe)
    mounts = [(source, root + target, writable) for source, target, writable in recipe["mounts"]]
    for source, target, _ in mounts:
        with step(f"binding '{os.fsdecode(source)}'"):
            sys_.mount(source, target, None, sys_.MS_BIND | sys_.MS_REC)
    with step("making the root read-only"):
        try:
            sys_.mount_setattr(root, add=sys_.MOUNT_ATTR_RDONLY, recursive=True)
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise
            for path in [root, *(target for _, target, writable in mounts if not writable)]:
                remount_read_only(path)
            return
        for _, target, writable in mounts:
            if writable:
                sys_.mount_setattr(target, clear=sys_.MOUNT_ATTR_RDONLY)


def _fill(root: bytes, recipe: dict[str, Any]) -> None:
    before = os.umask(0)
    for path, mode in recipe["folders"]:
        os.mkdir(root + path, mode)
    for path, data in recipe["files"]:
        fd = os.open(root + path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)
        if data:
            os.write(fd, data)
        os.close(fd)
    for path, target in recipe["links"]:
        os.symlink(target, root + path)
    os.umask(before)


def remount_read_only(path: bytes) -> None:
    """Before Linux 5.12: one mount, keeping the flags that a user namespace may not drop."""
    flags = os.statvfs(path).f_flag
    keep = 0
    for of_file_system, of_mount in (
        (os.ST_NOSUID, sys_.MS_NOSUID),
        (os.ST_NODEV, sys_.MS_NODEV),
        (os.ST_NOEXEC, sys_.MS_NOEXEC),
        (os.ST_NOATIME, sys_.MS_NOATIME),
        (os.ST_NODIRATIME, sys_.MS_NODIRATIME),
        (os.ST_RELATIME, sys_.MS_RELATIME),
    ):
        if flags & of_file_system:
            keep |= of_mount
    sys_.mount(None, path, None, sys_.MS_REMOUNT | sys_.MS_BIND | sys_.MS_RDONLY | keep)


def become(recipe: dict[str, Any], slave: int, parent_alive: int) -> None:
    """Finish the set-up as process 1 and execute the builder; returns never, raises StepError before the point of no return."""
    if not recipe["network"]:
        with step("bringing up the loopback interface"):
            _loopback_up()
    with step("setting the host name"):
        sys_.set_host_name(b"localhost")
        sys_.set_domain_name(b"(none)")
    if not recipe["privileged"]:
        mount_all(recipe)
        with step("entering the new root"):
            os.chdir(recipe["root"])
    else:
        with step("binding the new root again"):
            sys_.mount(b"root", b"root", None, sys_.MS_BIND | sys_.MS_REC)
            os.chdir(b"root")
    _special_mounts(recipe)
    with step("changing the root"):
        sys_.pivot_root(b".", b".")
        sys_.umount(b".", sys_.MNT_DETACH)
        os.chdir(b"/")
    _streams(slave)
    _drop(recipe, parent_alive)
    with step("changing into the build folder"):
        os.chdir(recipe["cwd"])
    _execute(recipe)


def _special_mounts(recipe: dict[str, Any]) -> None:
    safe = sys_.MS_NOSUID | sys_.MS_NODEV | sys_.MS_NOEXEC
    with step("mounting /proc"):
        sys_.mount(b"none", b"proc", b"proc", safe)
        for path in READ_ONLY_PROC:
            if os.path.exists(path):
                sys_.mount(path, path, None, sys_.MS_BIND | sys_.MS_REC)
                sys_.mount(None, path, None, sys_.MS_REMOUNT | sys_.MS_BIND | sys_.MS_RDONLY | safe)
    with step("mounting /dev/shm"):
        options = f"mode=1777,size={recipe['shm_size']}".encode()
        sys_.mount(b"none", b"dev/shm", b"tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV, options)
    with step("mounting /dev/pts"):
        options = b"newinstance,mode=0620,ptmxmode=0666"
        sys_.mount(b"none", b"dev/pts", b"devpts", sys_.MS_NOSUID | sys_.MS_NOEXEC, options)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP_LOOPBACK_RUNNING))


def _streams(slave: int) -> None:
    with step("starting a session"):
        os.setsid()
    with step("connecting the terminal"):
        null = os.open(b"/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(slave, 1)
        os.dup2(slave, 2)


def _drop(recipe: dict[str, Any], parent_alive: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.RLIM_INFINITY))
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.umask(0o022)
    with step("changing the user"):
        os.setresgid(recipe["gid"], recipe["gid"], recipe["gid"])
        os.setresuid(recipe["uid"], recipe["uid"], recipe["uid"])
    with step("forbidding new privileges"):
        sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
    with step("tying the build to its parent"):
        sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
        watch = select.poll()
        watch.register(parent_alive, 0)
        if watch.poll(0):
            os._exit(1)
    if recipe["filter"]:
        with contextlib.suppress(OSError):  # a kernel without it
            sys_.set_filter(recipe["filter"])
    if recipe["linux32"]:
        with step("setting a 32-bit personality"):
            sys_.personality(sys_.PER_LINUX32)
    with contextlib.suppress(OSError):
        sys_.personality(sys_.personality(sys_.PERSONALITY_QUERY) | sys_.ADDR_NO_RANDOMIZE)


def _execute(recipe: dict[str, Any]) -> None:
    program = recipe["program"]
    try:
        os.execve(program, recipe["argv"], dict(recipe["env"]))
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
        os.write(2, b"error: executing '" + program + b"': " + reason.encode() + b"\n")
    os._exit(1)
