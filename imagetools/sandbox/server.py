"""A small single-threaded process that forks builds, so that the big, threaded one never forks.

Started once by ``namespaces`` (``python -I -S``; no third-party module, ~20 ms), it takes three descriptors a build over
its standard input: the control socket, the pseudo-terminal's slave and a memory file with the recipe. For each it forks a
*supervisor* which makes the namespaces, writes the id maps, waits, and reports. It kills the build when it is told to or when its
control socket closes, so a killed main process leaves nothing behind. Nix has one helper a build for the same reason
(clone in a threaded program).

Messages on the control socket (marshalled tuples): ("failed", step, errno, kind) or ("ended", wait status).
"""

import contextlib
import marshal
import os
import select
import signal
import socket
from typing import Any

from imagetools.sandbox import child
from imagetools.sandbox import syscalls as sys_

NAMESPACES = sys_.CLONE_NEWUSER | sys_.CLONE_NEWNS | sys_.CLONE_NEWPID | sys_.CLONE_NEWIPC | sys_.CLONE_NEWUTS


def main() -> None:
    """Serve until standard input closes."""
    requests = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, fds, _, _ = socket.recv_fds(requests, 1, 3)
        if not data:
            os._exit(0)
        if os.fork() == 0:
            try:
                requests.close()
                _supervise(*fds)
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)


def _supervise(control_fd: int, slave: int, recipe_fd: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for fd in (control_fd, slave, recipe_fd):
        os.set_inheritable(fd, False)
    control = socket.socket(fileno=control_fd)
    try:
        with open(recipe_fd, "rb") as file:
            recipe: dict[str, Any] = marshal.load(file)
        _run(recipe, control, slave)
    except child.StepError as error:
        _tell(control, "failed", error.step, error.errno)
    except OSError as error:
        _tell(control, "failed", "starting the build", error.errno or 0)
    os._exit(0)


def _tell(channel: socket.socket, *message: Any) -> None:
    with contextlib.suppress(OSError):
        channel.send(marshal.dumps(message))


def _run(recipe: dict[str, Any], control: socket.socket, slave: int) -> None:
    if recipe["privileged"]:
        with child.step("dropping groups"):
            os.setgroups([])
        with child.step("making a mount namespace"):
            sys_.unshare(sys_.CLONE_NEWNS)
        child.mount_all(recipe)
    with child.step("entering the scratch folder"):
        os.chdir(os.path.dirname(recipe["root"]))
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    supervisor = os.getpid()
    keeper = os.fork()
    if keeper == 0:
        try:
            control.close()
            mine.close()
            _keep(recipe, theirs, slave, supervisor)
        finally:
            os._exit(1)
    theirs.close()
    os.close(slave)
    _watch(recipe, control, mine, keeper)


def _watch(recipe: dict[str, Any], control: socket.socket, mine: socket.socket, keeper: int) -> None:
    """The supervisor's loop: maps when the namespaces are there, a kill when told, the status at the end.

    From ``go`` until its pid is known the builder is on its way: killing the keeper then would leave it alone for a moment.
    """
    poll = select.poll()
    poll.register(mine, select.POLLIN)
    poll.register(control, select.POLLIN)
    builder = 0
    stop = going = False
    while True:
        for fd, _ in poll.poll():
            if fd == control.fileno():
                stop = True
                _receive(control)
                poll.unregister(control)
                if builder or not going:
                    _kill(builder or keeper)
                continue
            data = _receive(mine)
            message: tuple[Any, ...] = marshal.loads(data) if data else ("gone",)
            if message[0] == "unshared" and not stop:
                _write_maps(recipe, keeper)
                going = True
                mine.send(b"go")
            elif message[0] == "builder":
                builder = message[1]
                if stop:
                    _kill(builder)
            elif message[0] != "unshared":
                if message[0] != "gone":
                    _tell(control, *message)
                elif stop:
                    _tell(control, "ended", int(signal.SIGKILL))
                else:
                    _tell(control, "failed", "starting the build", 0)
                os.waitpid(keeper, 0)
                return


def _receive(channel: socket.socket) -> bytes:
    """A message; nothing at the end. A peer that died with unread messages resets the connection once."""
    try:
        return channel.recv(65536)
    except ConnectionResetError:
        return channel.recv(65536)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _write_maps(recipe: dict[str, Any], pid: int) -> None:
    with child.step("mapping user ids"):
        _put(f"/proc/{pid}/uid_map", recipe["uid_map"])
        _put(f"/proc/{pid}/setgroups", b"deny")
        _put(f"/proc/{pid}/gid_map", recipe["gid_map"])


def _put(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def _keep(recipe: dict[str, Any], report: socket.socket, slave: int, supervisor: int) -> None:
    """The process that makes the namespaces and waits for process 1 in them."""
    sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:
        return
    try:
        with child.step("making namespaces"):
            sys_.unshare(NAMESPACES | (0 if recipe["network"] else sys_.CLONE_NEWNET))
        _tell(report, "unshared")
        if report.recv(2) != b"go":
            return
        alive, holding = os.pipe()
        builder = os.fork()
        if builder == 0:
            try:
                os.close(holding)
                child.become(recipe, slave, alive)
            except child.StepError as error:
                _tell(report, "failed", error.step, error.errno)
            finally:
                os._exit(1)
        os.close(slave)
        _tell(report, "builder", builder)
        _, status = os.waitpid(builder, 0)
        _tell(report, "ended", status)
    except child.StepError as error:
        _tell(report, "failed", error.step, error.errno)
    os._exit(0)
