"""A program of the store, run as if the store lay at its logical place: the host as it is, and the objects at ``/nix/store``.

No cage: the program sees every file, device, process and network of the host, and replaces the calling process, so that
arguments, terminal, signals and exit code need no passing on. Only a mount namespace is made (inside a user namespace, where the
caller may not make one), and in it the store is mounted, read-only. It refuses to search for programs. What forces the shape: a
mount needs a folder to be mounted on. Where the host has no ``/nix/store``, a new root takes the place of the old one, made of
binds of all that stands beside that path.
"""

import errno
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NoReturn

from imagetools.sandbox import child
from imagetools.sandbox import syscalls as sys_
from imagetools.sandbox.ports import SandboxError

LEAVING: Final = 500  # times two milliseconds: how long threads may take to end
NO_STORE_VIEW = (
    "allow unprivileged user namespaces (see /proc/sys/user/max_user_namespaces, kernel.unprivileged_userns_clone and "
    "kernel.apparmor_restrict_unprivileged_userns), or use a store at its own place: --store local"
)


class NoStoreViewError(SandboxError):
    """The store cannot be shown at its logical place; ``step`` is what failed."""

    exit_code: ClassVar[int] = 126

    def __init__(self, store_dir: str, step: str, number: int) -> None:
        forbidden = number in (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.ENOSYS, errno.EINVAL)
        super().__init__(
            f"cannot show the store at '{store_dir}' on this host: {step}: {os.strerror(number)}",
            NO_STORE_VIEW if forbidden else None,
        )
        self.store_dir = store_dir
        self.step = step


class ExecuteError(SandboxError):
    """The program cannot be started. Exit codes are those of ``env``."""

    fault: ClassVar[str] = "user"
    exit_code: ClassVar[int] = 126

    def __init__(self, program: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"cannot execute '{program}': {reason}", hint)
        self.program = program


class InterpreterMissingError(ExecuteError):
    """The program, or what it names as its interpreter, is not there."""

    exit_code: ClassVar[int] = 127

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(program, reason, "what its first line or its ELF header names as interpreter may be missing")


class NoFolderError(SandboxError):
    """The working folder does not exist where the program would run."""

    fault: ClassVar[str] = "user"
    exit_code: ClassVar[int] = 126

    def __init__(self, folder: str, number: int) -> None:
        super().__init__(f"cannot enter the working folder '{folder}': {os.strerror(number)}")
        self.folder = folder


@dataclass(frozen=True, slots=True)
class StoreView:
    """The objects that lie in ``physical`` (a host folder) appear at ``store_dir`` (an absolute path)."""

    store_dir: str
    physical: str

    @property
    def needed(self) -> bool:
        """Whether the objects lie anywhere else than at their logical place."""
        return os.path.realpath(self.physical) != self.store_dir

    def execute(self, program: bytes, argv: Sequence[bytes]) -> NoReturn:
        """Become ``program`` (a path as it will be seen), with this process's environment and working folder.

        The process must have one thread only. Raises NoStoreViewError, NoFolderError, ExecuteError.
        """
        if self.needed:
            folder = _working_folder()
            try:
                self._enter()
            except child.StepError as error:
                raise NoStoreViewError(self.store_dir, error.step, error.errno) from error
            try:
                os.chdir(folder)
            except OSError as error:
                raise NoFolderError(os.fsdecode(folder), error.errno or 0) from error
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and that is inherited
            signal.signal(number, signal.SIG_DFL)
        try:
            os.execv(program, list(argv))
        except OSError as error:
            shown = os.fsdecode(program)
            if isinstance(error, FileNotFoundError):
                raise InterpreterMissingError(shown, os.strerror(errno.ENOENT)) from error
            raise ExecuteError(shown, error.strerror or str(error)) from error

    def _enter(self) -> None:
        _make_namespaces()
        with child.step("making mounts private"):
            sys_.mount(None, b"/", None, sys_.MS_PRIVATE | sys_.MS_REC)
        store_dir = os.fsencode(self.store_dir)
        physical = os.fsencode(os.path.realpath(self.physical))
        if os.path.isdir(store_dir):
            _show(physical, store_dir)
        else:
            _change_root(physical, store_dir)


def _working_folder() -> bytes:
    try:
        return os.getcwdb()
    except OSError as error:
        raise NoFolderError(".", error.errno or 0) from error


def _make_namespaces() -> None:
    """A mount namespace by right where the caller has it (root), else inside a user namespace with the same user and group."""
    try:
        sys_.unshare(sys_.CLONE_NEWNS)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise child.StepError("making a mount namespace", error) from error
    else:
        return
    uid, gid = os.geteuid(), os.getegid()
    _outlast_threads()
    with child.step("making namespaces"):
        sys_.unshare(sys_.CLONE_NEWUSER | sys_.CLONE_NEWNS)
    with child.step("mapping user ids"):
        for name, text in (("uid_map", f"{uid} {uid} 1"), ("setgroups", "deny"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "wb", buffering=0) as file:
                file.write(text.encode())


def _outlast_threads() -> None:
    """Wait until this thread is alone: the kernel makes no user namespace otherwise, and a thread that Python has joined (that of
    an evaluation, with its big stack) takes a moment to leave. One that stays makes the next step fail."""
    for _ in range(LEAVING):
        if len(os.listdir("/proc/self/task")) == 1:
            return
        time.sleep(0.002)


def _show(physical: bytes, place: bytes) -> None:
    with child.step(f"mounting the store at '{os.fsdecode(place)}'"):
        sys_.mount(physical, place, None, sys_.MS_BIND | sys_.MS_REC)
    with child.step("making the store read-only"):
        try:
            sys_.mount_setattr(place, add=sys_.MOUNT_ATTR_RDONLY, recursive=True)
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise
            child.remount_read_only(place)


def _change_root(physical: bytes, store_dir: bytes) -> None:
    """A new root that is the old one with ``store_dir`` added.

    Two turns, as an ordinary user can hide no folder of the host for a mount point: an empty file system over the store's own
    folder becomes the root, with the host (its store uncovered again) in ``/old``; beside it the real new root is put together.
    """
    with child.step("making a new root"):
        sys_.mount(b"tmpfs", physical, b"tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV, b"mode=0755")
        os.chdir(physical)
        os.mkdir(b"old")
        os.mkdir(b"new")
        sys_.pivot_root(b".", b"old")
        os.chdir(b"/")
        sys_.mount(b"tmpfs", b"/new", b"tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV, b"mode=0755")
    _mirror(store_dir)
    _show(b"/old" + physical, b"/new" + store_dir)
    with child.step("changing the root"):
        sys_.mount(None, b"/new", None, sys_.MS_REMOUNT | sys_.MS_BIND | sys_.MS_RDONLY | sys_.MS_NOSUID | sys_.MS_NODEV)
        os.chdir(b"/new")
        sys_.pivot_root(b".", b".")
        sys_.umount(b".", sys_.MNT_DETACH)
        os.chdir(b"/")


def _mirror(store_dir: bytes) -> None:
    """Fill ``/new`` with everything of ``/old``, but make the folders that lead to ``store_dir`` anew."""
    above = b""
    for name in store_dir.strip(b"/").split(b"/"):
        for entry in _entries(b"/old" + above):
            if entry.name != name:
                _mirror_entry(entry, b"/new" + above + b"/" + entry.name)
        above += b"/" + name
        with child.step(f"making '{os.fsdecode(above)}'"):
            os.mkdir(b"/new" + above, 0o755)
            os.chmod(b"/new" + above, 0o755)


def _entries(folder: bytes) -> "list[os.DirEntry[bytes]]":
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise child.StepError(f"reading '{os.fsdecode(folder[4:]) or '/'}'", error) from error


def _mirror_entry(entry: "os.DirEntry[bytes]", place: bytes) -> None:
    with child.step(f"binding '{os.fsdecode(entry.path[4:])}'"):
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), place)
            return
        if entry.is_dir(follow_symlinks=False):
            os.mkdir(place)
        else:
            os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o444))
        sys_.mount(entry.path, place, None, sys_.MS_BIND | sys_.MS_REC)
