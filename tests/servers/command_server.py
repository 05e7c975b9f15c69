"""Commands of ours without starting Python for each: a process that has all of imagetools imported forks for every command line.

Starting costs 80 ms of a processor, forking 5, and the tests run thousands of commands. What starting itself does is not seen
here: tests/unit/app looks at it with processes of their own, and every command starts anew where the compiled form is tested.
"""

import atexit
import importlib
import json
import os
import pkgutil
import select
import selectors
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final, Literal, NoReturn, TextIO

import imagetools
from imagetools.app.cli.main import entry_point
from tests.golden.bad_input.command import argv_for, host_programs

ROOT: Final = Path(__file__).resolve().parents[2]
PROCESS: Final = "import sys; sys.path.append({!r}); from tests.servers.command_server import serve; serve(int(sys.argv[1]))"
FEW: Final = 32_768
"""Bytes that a pipe takes without a reader."""
FRESH: Final = ("LC_", "LANG", "PYTHON", "TZ")
"""Variables that Python and libc read when they start."""


def command(
    words: Sequence[str], *, cwd: Path, environment: Mapping[str, str], stdin: bytes = b"", host: bool = False
) -> "subprocess.CompletedProcess[bytes]":
    """``imagetools WORDS``, forked where that shows the same. Where the compiled form is tested, every command starts anew.

    ``host``: as in ``tests.golden.bad_input.command``, builders find the host's programs.
    """
    argv = argv_for(*words) if host else [sys.executable, "-m", "imagetools", *words]
    if os.environ.get("IMAGETOOLS_EXPECT_MODE") != "compiled" and can_fork(words, environment, stdin):
        return server().run(argv, words, cwd=cwd, environment=environment, stdin=stdin, host=host)
    return subprocess.run(argv, cwd=cwd, env=environment, input=stdin, capture_output=True, check=False)


def can_fork(words: Sequence[str], environment: Mapping[str, str], stdin: bytes) -> bool:
    """Whether a forked process does what a new one would; tracebacks show how it was started."""
    same = all(environment.get(name) == os.environ.get(name) for name in {*environment, *os.environ} if name.startswith(FRESH))
    return same and "--debug" not in words and len(stdin) < FEW


class CommandServer:
    """The other process, as the tests speak to it; it ends with this one."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", PROCESS.format(str(ROOT)), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.close)

    def close(self) -> None:
        self._channel.close()
        self._process.wait()

    def run(
        self, argv: Sequence[str], words: Sequence[str], *, cwd: Path, environment: Mapping[str, str], stdin: bytes, host: bool
    ) -> "subprocess.CompletedProcess[bytes]":
        """What ``argv`` would do, where :func:`can_fork` says yes. Threads may run several at once."""
        ends = [os.pipe() for _ in range(4)]
        (in_read, in_write), (out_read, out_write), (err_read, err_write), (code_read, code_write) = ends
        request = os.memfd_create("request")
        os.write(in_write, stdin)
        os.close(in_write)
        with open(request, "w+", encoding="ascii") as file:
            asked = {"words": words, "cwd": str(cwd), "umask": _umask(), "environment": dict(environment), "host": host}
            json.dump(asked, file)
            file.flush()
            socket.send_fds(self._channel, [b"."], [in_read, out_write, err_write, code_write, file.fileno()])
        for number in (in_read, out_write, err_write, code_write):
            os.close(number)
        out, err = _read_all(out_read, err_read)
        code = os.read(code_read, 100)
        os.close(code_read)
        return subprocess.CompletedProcess(argv, int(code), out, err)


_server: CommandServer | None = None
_lock: Final = threading.Lock()


def server() -> CommandServer:
    """The one of this process, which is started when it is needed first."""
    global _server  # noqa: PLW0603
    with _lock:
        if _server is None:
            _server = CommandServer()
        return _server


def _umask() -> int:
    """Of this process; asking by ``os.umask`` would change it for a moment."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1], 8) for line in lines if line.startswith("Umask:"))


def _read_all(*numbers: int) -> list[bytes]:
    """All that comes out of pipes until their other ends are closed."""
    read: dict[int, list[bytes]] = {number: [] for number in numbers}
    with selectors.DefaultSelector() as selector:
        for number in numbers:
            selector.register(number, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                piece = os.read(key.fd, 1 << 16)
                read[key.fd].append(piece)
                if not piece:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return [b"".join(pieces) for pieces in read.values()]


def import_all() -> None:
    """Every module that a command may need; builders run in processes of their own."""
    for module in pkgutil.walk_packages(imagetools.__path__, "imagetools."):
        if not module.name.startswith("imagetools.bundled") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def serve(number: int) -> None:
    """Until nobody is there any more who could ask."""
    import_all()
    sys.path.pop()  # what found this file
    channel = socket.socket(fileno=number)
    channel.set_inheritable(False)
    running: dict[int, tuple[int, int]] = {}
    waiting = select.poll()
    waiting.register(channel, select.POLLIN)
    while True:
        for ready, _ in waiting.poll():
            if ready != number:
                waiting.unregister(ready)
                child, code = running.pop(ready)
                os.write(code, b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                os.close(code)
                os.close(ready)
                continue
            asked, given, _, _ = socket.recv_fds(channel, 1, 5)
            if not asked:
                return
            child = os.fork()
            if child == 0:
                for other in (number, *running, *(code for _, code in running.values())):
                    os.close(other)
                _become(given)
            for other in (*given[:3], given[4]):
                os.close(other)
            handle = os.pidfd_open(child)
            running[handle] = (child, given[3])
            waiting.register(handle, select.POLLIN)


def _anew(file: TextIO, number: int) -> TextIO:
    """As Python opens a standard file when it starts; the old one knows whether one can seek in what it was."""
    mode: Literal["r", "w"] = "w" if number else "r"
    return open(number, mode, encoding=file.encoding, errors=file.errors, closefd=False, buffering=1 if number == 2 else -1)


def _become(given: Sequence[int]) -> NoReturn:
    """The child: what ``python -m imagetools`` is once it has started."""
    for number, end in enumerate(given[:3]):
        os.dup2(end, number)
    sys.stdin, sys.stdout, sys.stderr = (_anew(file, number) for number, file in enumerate((sys.stdin, sys.stdout, sys.stderr)))
    with open(given[4], encoding="ascii", closefd=False) as file:
        file.seek(0)
        asked = json.load(file)
    for number in given:
        os.close(number)
    os.chdir(asked["cwd"])
    os.umask(asked["umask"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.path[0] = asked["cwd"]
    sys.argv = [f"{ROOT}/imagetools/__main__.py", *asked["words"]]
    code = 1
    try:
        with host_programs() if asked["host"] else nullcontext():
            entry_point()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)
