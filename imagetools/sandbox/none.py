"""No sandbox at all: the builder runs on the host as the calling user. Only by explicit wish (``--no-sandbox``).

Builders write to logical store paths, so the store must lie at its own place; builtin builders are ours and take physical paths.
It keeps the rest of the contract: exact environment, pseudo-terminal, limits, process group killed at the end.
"""

import contextlib
import os
import pty
import signal
import subprocess
import threading
import tty
from collections.abc import Callable

from imagetools.sandbox.follow import Follower
from imagetools.sandbox.ports import KEPT, BuildOutcome, BuildRequest, CancelledError, NeedsSandboxError, SetupError


class NoSandbox:
    """Runs builds without isolation."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._running: dict[int, bool] = {}

    @property
    def isolates(self) -> bool:
        return False

    def build_folder(self, scratch: str) -> str:
        return os.path.join(scratch, "build")

    def output_folder(self, request_store_dir: str, scratch: str) -> str:
        del request_store_dir
        return os.path.join(scratch, "outputs")

    def run(self, request: BuildRequest, on_output: Callable[[bytes], object]) -> BuildOutcome:
        """See ``ports.Sandbox``. Raises NeedsSandboxError where the store does not lie at its logical place."""
        if not request.builtin and os.path.realpath(request.physical_store_dir) != request.store_dir:
            raise NeedsSandboxError(request.store_dir, request.physical_store_dir)
        build = self.build_folder(request.scratch)
        places = self._places(request)
        try:
            os.mkdir(build, 0o700)
            os.mkdir(os.path.join(request.scratch, "outputs"))
            if request.kept is not None:
                os.rename(request.kept, os.path.join(request.scratch, "outputs", KEPT))
            for name, data in request.files.items():
                with open(os.path.join(build, name), "xb") as file:
                    file.write(data)
        except OSError as error:
            raise SetupError(f"making '{error.filename}'", error.strerror or str(error)) from error
        status, follower = self._execute(request, build, on_output)
        outputs = {name: path for name, path in places.items() if os.path.lexists(path)}
        return BuildOutcome(
            status if status >= 0 else None, -status if status < 0 else None, outputs, build, os.geteuid(), follower.limit
        )

    def cancel(self) -> None:
        with self._mutex:
            for group in self._running:
                self._running[group] = True
                _kill(group)

    def close(self) -> None:
        """Nothing is kept."""

    def _places(self, request: BuildRequest) -> dict[str, str]:
        if not request.builtin:
            return dict(request.outputs)
        folder = self.output_folder(request.store_dir, request.scratch)
        return {name: os.path.join(folder, os.path.basename(path)) for name, path in request.outputs.items()}

    def _execute(self, request: BuildRequest, build: str, on_output: Callable[[bytes], object]) -> tuple[int, Follower[int]]:
        master, slave = pty.openpty()
        try:
            tty.setraw(slave)
            process = self._start(request, build, slave, on_output)
        finally:
            os.close(slave)
        if process is None:
            os.close(master)
            return 1, Follower(request, -1, -1, lambda: 1, lambda: None, on_output)
        watch = os.pidfd_open(process.pid)
        follower = Follower(request, master, watch, process.wait, lambda: _kill(process.pid), on_output)
        try:
            status = follower.follow()
        finally:
            _kill(process.pid)
            process.wait()
            os.close(watch)
            os.close(master)
            with self._mutex:
                cancelled = self._running.pop(process.pid, False)
        if cancelled:
            raise CancelledError(request.name)
        return status, follower

    def _start(
        self, request: BuildRequest, build: str, slave: int, on_output: Callable[[bytes], object]
    ) -> "subprocess.Popen[bytes] | None":
        with self._mutex:
            try:
                process = subprocess.Popen(
                    [item.encode("latin-1") for item in request.argv],
                    executable=request.program.encode("latin-1"),
                    env={name.encode("latin-1"): value.encode("latin-1") for name, value in request.env.items()},
                    cwd=build,
                    stdin=subprocess.DEVNULL,
                    stdout=slave,
                    stderr=slave,
                    start_new_session=True,
                    umask=0o022,
                )
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                on_output(f"error: executing '{request.program}': {reason}\n".encode("latin-1", "replace"))
                return None
            self._running[process.pid] = False
            return process


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
