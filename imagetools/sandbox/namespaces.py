"""The real sandbox: user, mount, pid, ipc, uts and network namespaces and ``pivot_root``, as an ordinary user and as root.

This is the calling side: it makes the skeleton, hands a recipe to the fork server, follows the build and gives back the outputs.
It refuses to interpret derivations and to delete anything. A pseudo-terminal in raw mode carries the output (row 4.024); fixed
outputs keep the host's network (row 1.010).
"""

import contextlib
import errno
import marshal
import os
import platform
import pty
import socket
import subprocess
import sys
import threading
import tty
from collections.abc import Callable
from typing import Any, Final

from imagetools.sandbox import lower, mounts, seccomp, slots, subordinate
from imagetools.sandbox.follow import Follower
from imagetools.sandbox.ports import (
    BUILD_FOLDER,
    KEPT,
    BuildOutcome,
    BuildRequest,
    CancelledError,
    NoNamespacesError,
    SandboxError,
    SetupError,
)

_PACKAGE_PARENT: Final = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_BOOT: Final = "import sys; sys.path.insert(0, sys.argv[1]); from imagetools.sandbox.server import main; main()"
GONE: Final = b"gone"
FORBIDDEN_STEPS: Final = frozenset(
    (
        "making namespaces",
        "mapping user ids",
        "making mounts private",
        "making a mount namespace",
        "mounting /proc",
        "dropping groups",
    )
)


class ServerGoneError(SandboxError):
    """The fork server has died."""

    def __init__(self) -> None:
        super().__init__("the process that starts builds has died; run the command again")


class NamespaceSandbox:
    """Runs builds in namespaces. ``shm_size`` is what /dev/shm may hold (Nix's sandbox-dev-shm-size)."""

    def __init__(self, *, shm_size: str = "50%", users: slots.Slots | None = None) -> None:
        self._shm_size = shm_size
        self._slots = users or slots.Slots()
        self._mutex = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._running: dict[socket.socket, bool] = {}

    @property
    def isolates(self) -> bool:
        return True

    def build_folder(self, scratch: str) -> str:
        del scratch
        return BUILD_FOLDER

    def output_folder(self, request_store_dir: str, scratch: str) -> str:
        del scratch
        return request_store_dir

    def run(self, request: BuildRequest, on_output: Callable[[bytes], object]) -> BuildOutcome:
        """See ``ports.Sandbox``."""
        with self._slots.take() as identity:
            build = os.path.join(request.scratch, "build")
            store = os.path.join(request.scratch, "store")
            self._lay_out(request, build, store, identity)
            places = {BUILD_FOLDER: build, "/tmp": os.path.join(request.scratch, "tmp"), request.store_dir: store}
            skeleton = mounts.prepare(lower.lower(request), places)
            slots.share(store, identity)
            self._lend(request, store, identity)
            recipe = self._recipe(request, skeleton, identity)
            own = subordinate.own_maps(identity, recipe["uid"], recipe["gid"])
            maps = subordinate.root_maps(identity) if request.as_root else own
            status, limit = self._execute(request, recipe, (maps, own), identity, on_output)
            made = {name: store + logical[len(request.store_dir) :] for name, logical in request.outputs.items()}
            outputs = {name: place for name, place in made.items() if os.path.lexists(place)}
        code = os.waitstatus_to_exitcode(status)
        return BuildOutcome(code if code >= 0 else None, -code if code < 0 else None, outputs, build, identity.uid, limit)

    def cancel(self) -> None:
        with self._mutex:
            for control in self._running:
                self._running[control] = True
                _send_kill(control)

    def close(self) -> None:
        with self._mutex:
            if self._channel is not None:
                self._channel.close()
                self._channel = None
            if self._server is not None:
                self._server.wait()
                self._server = None

    def _lay_out(self, request: BuildRequest, build: str, store: str, identity: slots.Identity) -> None:
        try:
            for folder, mode in (
                (os.path.join(request.scratch, "root"), 0o755),
                (os.path.join(request.scratch, "tmp"), 0o1777),
                (build, 0o700),
                (store, 0o1775),
            ):
                os.mkdir(folder)
                os.chmod(folder, mode)
            for name, data in request.files.items():
                path = os.path.join(build, name)
                fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
                with open(fd, "wb") as file:
                    file.write(data)
                    os.fchmod(fd, 0o644)
                slots.give(path, identity)
            slots.give(build, identity)
        except OSError as error:
            raise SetupError(f"making '{error.filename}'", error.strerror or str(error)) from error

    @staticmethod
    def _lend(request: BuildRequest, store: str, identity: slots.Identity) -> None:
        if request.kept is None:
            return
        place = os.path.join(store, KEPT)
        try:
            os.rename(request.kept, place)
            slots.give_tree(place, identity)
        except OSError as error:
            raise SetupError(f"making '{place}'", error.strerror or str(error)) from error

    def _recipe(self, request: BuildRequest, skeleton: mounts.Skeleton, identity: slots.Identity) -> dict[str, Any]:
        thirty_two, _ = lower.personality(request.system, platform.machine())
        uid, gid = (0, 0) if request.as_root else (lower.INSIDE_UID, lower.INSIDE_GID)
        return {
            "privileged": identity.spare,
            "root": os.fsencode(os.path.join(request.scratch, "root")),
            "folders": skeleton.folders,
            "files": skeleton.files,
            "links": skeleton.links,
            "mounts": skeleton.mounts,
            "network": request.network,
            "uid": uid,
            "gid": gid,
            "as_root": request.as_root,
            "cwd": BUILD_FOLDER.encode(),
            "program": request.program.encode("latin-1"),
            "argv": [item.encode("latin-1") for item in request.argv],
            "env": lower.environment(list(request.env.items())),
            "shm_size": self._shm_size,
            "linux32": thirty_two,
            "filter": b"" if request.builtin else seccomp.program(platform.machine()),
        }

    def _execute(
        self,
        request: BuildRequest,
        recipe: dict[str, Any],
        maps: tuple[subordinate.Maps, ...],
        identity: slots.Identity,
        on_output: Callable[[bytes], object],
    ) -> tuple[int, Any]:
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        master = -1
        ended = False
        try:
            with theirs:
                master, slave = _terminal(identity)
                try:
                    self._start(theirs, slave, marshal.dumps(recipe), control)
                finally:
                    os.close(slave)
            follower = Follower(
                request, master, control.fileno(), lambda: _answer(control), lambda: _send_kill(control), on_output
            )
            answer = _map_users(control, maps) or follower.follow()
            ended = answer not in (b"", GONE) and marshal.loads(answer)[0] == "ended"  # nothing inside lives any more
        finally:
            with self._mutex:
                cancelled = self._running.pop(control, False)
            if master >= 0:
                os.close(master)
            _hang_up(control, wait=not ended)
        if cancelled:
            raise CancelledError(request.name)
        return self._understand(answer), follower.limit

    def _start(self, theirs: socket.socket, slave: int, recipe: bytes, control: socket.socket) -> None:
        memory = os.memfd_create("recipe", os.MFD_CLOEXEC)
        try:
            with open(os.dup(memory), "wb") as file:
                file.write(recipe)
            os.lseek(memory, 0, os.SEEK_SET)
            with self._mutex:
                try:
                    socket.send_fds(self._open_channel(), [b"b"], [theirs.fileno(), slave, memory])
                except OSError as error:
                    raise ServerGoneError from error
                self._running[control] = False
        finally:
            os.close(memory)

    def _open_channel(self) -> socket.socket:
        if self._channel is None:
            mine, theirs = socket.socketpair()
            with theirs:
                self._server = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _BOOT, _PACKAGE_PARENT],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    cwd="/",
                    start_new_session=True,
                )
            self._channel = mine
        return self._channel

    @staticmethod
    def _understand(answer: bytes) -> int:
        if not answer or answer == GONE:
            raise ServerGoneError
        message = marshal.loads(answer)
        if message[0] == "ended":
            return int(message[1])
        _, step, number = message
        reason = os.strerror(number) if number else "the process ended early"
        if step in FORBIDDEN_STEPS:
            raise NoNamespacesError(step, "their number is limited" if number == errno.ENOSPC else reason)
        raise SetupError(step, reason)


def _terminal(identity: slots.Identity) -> tuple[int, int]:
    """A raw pseudo-terminal whose slave the build may open again through /proc/self/fd."""
    try:
        master, slave = pty.openpty()
    except OSError as error:
        raise SetupError("opening a pseudo-terminal", error.strerror or str(error)) from error
    tty.setraw(slave)
    os.fchmod(slave, 0o600)
    if identity.spare:
        os.fchown(slave, identity.uid, -1)
    return master, slave


def _map_users(control: socket.socket, maps: tuple[subordinate.Maps, ...]) -> bytes:
    """Write the id maps (the first that can be) once the namespaces are there, and let the keeper go on; the answer where it has
    ended already."""
    answer = _answer(control)
    message: tuple[Any, ...] = marshal.loads(answer) if answer else ("gone",)
    if message[0] != "unshared":
        return answer or GONE
    try:
        subordinate.write_maps(message[1], maps)
    except OSError as error:
        return marshal.dumps(("failed", "mapping user ids", error.errno))
    with contextlib.suppress(OSError):
        control.send(b"go")
    return b""


def _answer(control: socket.socket) -> bytes:
    """The keeper's next message. A kill that it no longer read shows as a reset connection, once, before the message."""
    try:
        return control.recv(65536)
    except ConnectionResetError:
        return control.recv(65536)


def _send_kill(control: socket.socket) -> None:
    with contextlib.suppress(OSError):
        control.send(b"k")


def _hang_up(control: socket.socket, *, wait: bool) -> None:
    """Let go of the keeper, which kills the build when the socket closes, and closes its own end last: ``wait`` for that."""
    with contextlib.suppress(OSError):
        if not wait:
            control.close()
            return
        control.shutdown(socket.SHUT_WR)
        control.settimeout(30)
        while control.recv(65536):
            pass
    control.close()
