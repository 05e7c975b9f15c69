"""A small single-threaded process that forks builds, so that the big, threaded one never forks.

Started once by ``namespaces`` (``python -I -S``; no third-party module, ~20 ms), it takes three descriptors a build over
its standard input: the control socket, the pseudo-terminal's slave and a memory file with the recipe. For each it forks a
*keeper*, which makes the namespaces, lets the caller write the id maps (only who is outside can), forks the builder as their
process 1, waits, and reports. It kills the build when it is told to or when its control socket closes, so a killed main process
leaves nothing behind. Nix has one helper a build for the same reason (clone in a threaded program). A fork of Python costs a
millisecond or two (pages that both sides touch are copied), so there are two a build and no more.

Messages on the control socket (marshalled tuples): ("unshared", pid), which waits for ``go``; then ("failed", step, errno) or
("ended", wait status).
"""

import contextlib
import gc
import marshal
import os
import select
import signal
import socket
from typing import Any

from imagetools.sandbox import child, owners
from imagetools.sandbox import syscalls as sys_

NAMESPACES = sys_.CLONE_NEWUSER | sys_.CLONE_NEWNS | sys_.CLONE_NEWPID | sys_.CLONE_NEWIPC | sys_.CLONE_NEWUTS


def main() -> None:
    """Serve until standard input closes."""
    gc.disable()
    gc.freeze()
    _default_signals()
    requests = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, fds, _, _ = socket.recv_fds(requests, 1, 3)
        if not data:
            os._exit(0)
        if os.fork() == 0:
            try:
                requests.close()
                _keep(*fds)
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)


def _default_signals() -> None:
    """Every signal at its default action and none blocked, whoever has started us: builders inherit that."""
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            with contextlib.suppress(OSError):
                signal.signal(number, signal.SIG_DFL)
    sys_.reset_hidden_signals()
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _keep(control_fd: int, slave: int, recipe_fd: int) -> None:
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
    lent = _lent_folders() if recipe["as_root"] else []
    with child.step("making namespaces"):
        sys_.unshare(NAMESPACES | (0 if recipe["network"] else sys_.CLONE_NEWNET))
    _tell(control, "unshared", os.getpid())
    if _receive(control) != b"go":
        _tell(control, "ended", int(signal.SIGKILL))
        return
    woken, waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, _ignore)
    signal.set_wakeup_fd(waker)
    alive, holding = os.pipe()
    builder = os.fork()
    if builder == 0:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(holding)
            child.become(recipe, slave, alive)
        except child.StepError as error:
            _tell(control, "failed", error.step, error.errno)
        finally:
            os._exit(1)
    os.close(slave)
    status = _watch(control, woken, builder)
    for folder in lent:
        with contextlib.suppress(OSError):
            owners.take_back(folder)
    _tell(control, "ended", status)


def _lent_folders() -> list[int]:
    """What the build may fill, opened while that is allowed: in its namespace this process belongs to nobody."""
    with child.step("opening the build's folders"):
        return [os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) for name in (b"build", b"tmp", b"store")]


def _ignore(number: int, frame: object) -> None:
    """What counts is that the signal wakes ``poll``."""


def _watch(control: socket.socket, woken: int, builder: int) -> int:
    """Until the builder ends: a kill when told, or when nobody listens any more; its status."""
    poll = select.poll()
    poll.register(woken, select.POLLIN)
    poll.register(control, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == control.fileno():
                _receive(control)
                poll.unregister(control)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(builder, signal.SIGKILL)
                continue
            os.read(woken, 512)
            ended, status = os.waitpid(builder, os.WNOHANG)
            if ended:
                return status


def _receive(channel: socket.socket) -> bytes:
    """A message; nothing at the end. A peer that died with unread messages resets the connection once."""
    try:
        return channel.recv(65536)
    except ConnectionResetError:
        return channel.recv(65536)
