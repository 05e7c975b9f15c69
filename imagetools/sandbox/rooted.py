"""Root's rights over trees in the build folder, for a build that is root of its own namespace (``BuildRequest.as_root``).

Owners and devices that the namespace cannot have are kept in a table beside the tree (``notify``): with several user ids that is
for devices and ids beyond 65535 alone, with one id for everything. Whoever asks gets the same answers in both cases. Commands run
in namespaces of their own (``rooted_child``), without network, and can change nothing but the tree. Works without KVM, without
root, and for static programs too.
"""

import marshal
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from imagetools.builtin.api import FileFacts
from imagetools.sandbox import notify_filter, subordinate
from imagetools.sandbox.notify import MOST, PLAIN, Key, Record, remember
from imagetools.sandbox.ports import SandboxError

_PACKAGE_PARENT: Final = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_BOOT: Final = "import sys; sys.path.insert(0, sys.argv[1]); from imagetools.sandbox.rooted_child import main; main()"


class NotRootError(SandboxError):
    """Something wants root's rights in a build that does not have them."""

    def __init__(self) -> None:
        super().__init__(
            "commands as root need the sandbox: without it there is no user namespace in which they could be root",
            "leave out --no-sandbox",
        )


class UnknownMachineError(SandboxError):
    """The numbers of system calls on this machine are not known."""

    def __init__(self, machine: str) -> None:
        super().__init__(f"commands as root are not possible on {machine}: the numbers of its system calls are not known")
        self.machine = machine


class RootSetupError(SandboxError):
    """A step on the way to commands that run as root failed."""

    def __init__(self, step: str, number: int) -> None:
        reason = os.strerror(number) if number else "the process ended early"
        super().__init__(
            f"cannot run commands as root: {step}: {reason}",
            "this needs Linux 5.8 or newer, user namespaces within user namespaces, and seccomp's user notification",
        )
        self.step = step


class Rooted:
    """One for each build. Places are bytes, of this process."""

    def __init__(self, store_dir: str) -> None:
        """Raises NotRootError, UnknownMachineError."""
        if os.geteuid() != 0 or not _in_own_namespace():
            raise NotRootError
        if not notify_filter.numbers(os.uname().machine):
            raise UnknownMachineError(os.uname().machine)
        self._store = os.fsencode(store_dir)
        self._table: dict[Key, Record] = {}
        self.several: Final = subordinate.has_several()

    def give(self, place: bytes, uid: int, gid: int) -> None:
        """Make somebody the owner of a file, a folder or a link. Takes setuid bits and capabilities away, as always."""
        most = MOST if self.several else 0
        os.chown(place, uid if uid <= most else 0, gid if gid <= most else 0, follow_symlinks=False)
        if max(uid, gid) > most or self._table:
            info = os.lstat(place)
            _, _, kind, major, minor = self._table.get((info.st_dev, info.st_ino), PLAIN)
            remember(self._table, info, (uid if uid > most else -1, gid if gid > most else -1, kind, major, minor))

    def make_device(self, place: bytes, kind: int, mode: int, device: tuple[int, int]) -> None:
        """A device, ``kind`` being S_IFCHR or S_IFBLK: an empty file, remembered as what it is."""
        made = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.fchmod(made, mode)
        finally:
            os.close(made)
        info = os.lstat(place)
        self._table[info.st_dev, info.st_ino] = (-1, -1, kind, *device)

    def owner(self, info: FileFacts) -> tuple[int, int]:
        """User and group of a file that lies in a tree."""
        uid, gid, _, _, _ = self._table.get((info.st_dev, info.st_ino), PLAIN)
        return (info.st_uid if uid < 0 else uid, info.st_gid if gid < 0 else gid)

    def device(self, info: FileFacts) -> tuple[int, tuple[int, int]] | None:
        """Kind and numbers of a device; None for anything else."""
        _, _, kind, major, minor = self._table.get((info.st_dev, info.st_ino), PLAIN)
        if kind:
            return kind, (major, minor)
        kind = stat.S_IFMT(info.st_mode)
        if kind in {stat.S_IFCHR, stat.S_IFBLK}:
            return kind, (os.major(info.st_rdev), os.minor(info.st_rdev))
        return None

    def run(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str, root: bytes | None = None
    ) -> tuple[int, tuple[str, ...]]:
        """Run a program as root, of the folder ``root`` where one is given (it has dev, proc and the store's folder as mount
        points). Exit code (negative: a signal), and what was asked for in vain. Raises RootSetupError."""
        recipe = {
            "root": root or b"",
            "store": self._store,
            "cwd": os.fsencode(cwd),
            "program": os.fsencode(argv[0]),
            "argv": [os.fsencode(word) for word in argv],
            "env": [(os.fsencode(name), os.fsencode(value)) for name, value in env.items()],
            "several": self.several,
            "table": self._table,
        }
        answer = _execute(marshal.dumps(recipe))
        if answer[0] != "ended":
            raise RootSetupError(answer[1], answer[2])
        _, status, self._table, refused = answer
        return os.waitstatus_to_exitcode(status), tuple(refused)


def _in_own_namespace() -> bool:
    """Whether root here is not the host's root."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            return all(line.split()[1] != "0" for line in file)
    except OSError:
        return False


def _execute(recipe: bytes) -> tuple[Any, ...]:
    mine, theirs = socket.socketpair()
    with mine:
        with theirs:
            sys.stderr.flush()
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, _PACKAGE_PARENT, str(theirs.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                cwd="/",
                env={},
            )
        with process:
            assert process.stdin is not None
            process.stdin.write(recipe)
            process.stdin.close()
            pieces: list[bytes] = []
            while piece := mine.recv(1 << 20):
                pieces.append(piece)
    answer: tuple[Any, ...] = marshal.loads(b"".join(pieces)) if pieces else ("failed", "starting the commands", 0)
    return answer
