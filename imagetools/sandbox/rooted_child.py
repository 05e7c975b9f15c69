"""The process that runs commands as root of a folder: it makes their namespaces and answers for them while they run.

Started by ``rooted`` (``python -I -S``) inside a build that is root of its namespace. Two processes: this one stays outside and
listens (``notify``); its child mounts what the commands shall see, goes into a user namespace of its own, where nothing mounted
can be changed any more (the inputs stay read-only, whoever the commands are), makes the folder its root, and executes them as
process 1, so that nothing outlives them. The recipe comes as marshalled data on standard input; the answer goes to the socket.
"""

import contextlib
import marshal
import os
import signal
import socket
import stat
import sys
from typing import Any, Final

from imagetools.sandbox import child, notify, notify_filter
from imagetools.sandbox import syscalls as sys_
from imagetools.sandbox.child import step

_BELOW: Final = sys_.CLONE_NEWUSER | sys_.CLONE_NEWNS | sys_.CLONE_NEWIPC | sys_.CLONE_NEWUTS
_SAFE: Final = sys_.MS_NOSUID | sys_.MS_NODEV | sys_.MS_NOEXEC
_BIND: Final = sys_.MS_BIND | sys_.MS_REC


def main() -> None:
    """Run one recipe."""
    channel = socket.socket(fileno=int(sys.argv[2]))
    channel.set_inheritable(False)
    with open(0, "rb", closefd=False) as file:
        recipe: dict[str, Any] = marshal.load(file)
    null = os.open(b"/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        answer = _run(recipe)
    except child.StepError as error:
        answer = ("failed", error.step, error.errno)
    data = marshal.dumps(answer)
    channel.sendall(data)
    os._exit(0)


def _run(recipe: dict[str, Any]) -> tuple[Any, ...]:
    proc = os.open(b"/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with step("making namespaces"):
        sys_.unshare(sys_.CLONE_NEWPID)
    commands = os.fork()
    if commands == 0:
        try:
            ours.close()
            _become(recipe, theirs)
        except child.StepError as error:
            theirs.send(marshal.dumps(("failed", error.step, error.errno)))
        finally:
            os._exit(1)
    theirs.close()
    gone = os.pidfd_open(commands)
    try:
        _await(ours, "unshared")
        with step("mapping user ids"):
            for name in ("uid_map", "gid_map"):
                _copy_map(f"self/{name}", f"{commands}/{name}", proc)
        ours.send(b"go")
        listener = _await(ours, "listening")
    except child.StepError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(commands, signal.SIGKILL)
        raise
    if listener < 0:
        _, status = os.waitpid(commands, 0)
        return ("ended", status, recipe["table"], [])
    supervisor = notify.Supervisor(listener, proc, os.uname().machine, recipe["several"], recipe["table"])
    supervisor.serve(gone)
    _, status = os.waitpid(commands, 0)
    return ("ended", status, supervisor.table, supervisor.refused)


def _copy_map(own: str, theirs: str, proc: int) -> None:
    """Every id that we have, under the same number."""
    fd = os.open(own, os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    lines = [line.split() for line in os.read(fd, 65536).splitlines()]
    os.close(fd)
    fd = os.open(theirs, os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
    os.write(fd, b"".join(b"%b %b %b\n" % (inside, inside, count) for inside, _, count in lines))
    os.close(fd)


def _await(channel: socket.socket, wanted: str) -> int:
    """The descriptor that came with the message, or -1. Raises StepError for the child's failure."""
    data, fds, _, _ = socket.recv_fds(channel, 65536, 1)
    message: tuple[Any, ...] = marshal.loads(data) if data else ("failed", "starting the commands", 0)
    if message[0] != wanted:
        raise child.StepError(message[1], OSError(message[2], ""))
    for fd in fds:
        os.set_inheritable(fd, False)
    return fds[0] if fds else -1


def _become(recipe: dict[str, Any], channel: socket.socket) -> None:
    sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    root: bytes = recipe["root"]
    with step("making a mount namespace"):
        sys_.unshare(sys_.CLONE_NEWNS)
    with step("making mounts private"):
        sys_.mount(None, b"/", None, sys_.MS_PRIVATE | sys_.MS_REC)
    if root:
        _mount_all(recipe, root)
    _mount_proc((root or b"") + b"/proc")
    with step("making namespaces"):
        sys_.unshare(_BELOW)
    channel.send(marshal.dumps(("unshared",)))
    channel.recv(16)
    if root:
        with step("changing the root"):
            sys_.mount(root, root, None, _BIND)
            os.chdir(root)
            sys_.pivot_root(b".", b".")
            sys_.umount(b".", sys_.MNT_DETACH)
            os.chdir(b"/")
    with step("changing into the folder"):
        os.chdir(recipe["cwd"])
    with contextlib.suppress(OSError):  # forbidden where there is one group; the filter answers then
        os.setgroups([])
    with step("changing the user"):
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
    os.umask(0o022)
    with step("forbidding new privileges"):
        sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
    listener = _listen(several=recipe["several"])
    socket.send_fds(channel, [marshal.dumps(("listening",))], listener)
    for fd in listener:
        os.close(fd)
    try:
        os.execve(recipe["program"], recipe["argv"], dict(recipe["env"]))
    except OSError as error:
        os.write(2, b"error: executing '" + recipe["program"] + b"': " + os.strerror(error.errno or 0).encode() + b"\n")
    os._exit(127)


def _listen(*, several: bool) -> list[int]:
    """The filter's descriptor; none where the kernel has none to give and there are several ids, which mostly do without."""
    machine = os.uname().machine
    with step("listening to system calls"):
        try:
            return [sys_.set_listening_filter(notify_filter.seccomp_number(machine), notify_filter.program(machine, several))]
        except OSError:
            if several:
                return []
            raise


def _mount_all(recipe: dict[str, Any], root: bytes) -> None:
    """What of the build's own surroundings shows up in the folder: /dev as it is, the store read-only; mount points exist."""
    with step("binding /dev"):
        sys_.mount(b"/dev", root + b"/dev", None, _BIND)
    store: bytes = recipe["store"]
    place = root + store
    own = os.listdir(place)
    with step("showing the store"):
        if not own:
            sys_.mount(store, place, None, _BIND)
        else:
            _merge_store(store, place, own)
    with step("making the store read-only"):
        sys_.mount_setattr(place, add=sys_.MOUNT_ATTR_RDONLY, recursive=True)


def _merge_store(store: bytes, place: bytes, own: list[bytes]) -> None:
    """A store that shows what the folder has already and what the build has, the folder's own first."""
    below = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    sources = {name: b"/proc/self/fd/%d/%b" % (below, name) for name in own}
    for name in os.listdir(store):
        sources.setdefault(name, store + b"/" + name)
    sys_.mount(b"none", place, b"tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV, b"mode=0755")
    for name, source in sources.items():
        target = place + b"/" + name
        info = os.lstat(source)
        if stat.S_ISLNK(info.st_mode):
            os.symlink(os.readlink(source), target)
            continue
        if stat.S_ISDIR(info.st_mode):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC))
        sys_.mount(source, target, None, _BIND)


def _mount_proc(place: bytes) -> None:
    """A /proc of the commands' own; where the kernel refuses one, the build's."""
    try:
        sys_.mount(b"none", place, b"proc", _SAFE)
    except OSError:
        if place != b"/proc":
            with step("binding /proc"):
                sys_.mount(b"/proc", place, None, _BIND)
