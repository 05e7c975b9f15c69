"""Podman by its own program, which needs no service: it reads a whole archive from its standard input.

Refuses to leave layers out: podman 4.3 takes no archive that lacks one.
"""

import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import IO

from ..kernel.bytestr import to_bytes
from ..kernel.errors import ImagetoolsError
from .daemon import EngineRefusedError, LayerLoading, loaded_name
from .outgoing import Outgoing, OutgoingImage


class NoPodmanError(ImagetoolsError):
    """There is no podman in PATH."""

    fault = "host"

    def __init__(self) -> None:
        super().__init__("podman is not installed", "install it, or leave out --podman to load into the Docker engine")


class Podman:
    """``environment`` (bytestrs) is what podman sees, of which PATH says where it is. Raises NoPodmanError."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {to_bytes(name): to_bytes(value) for name, value in environment.items()}
        program = shutil.which("podman", path=environment.get("PATH"))
        if program is None:
            raise NoPodmanError
        self._program = program

    def present(self, images: tuple[OutgoingImage, ...]) -> list[int]:
        """None: everything is sent."""
        return [0] * len(images)

    def load(self, title: str, archive: Outgoing, progress: Callable[[LayerLoading], object]) -> tuple[str, ...]:
        """Raises EngineRefusedError, and what reading the archive raises."""
        del progress
        process = subprocess.Popen(
            [self._program, "load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
        )
        said: dict[str, bytes] = {}
        readers = [_reader(said, name, file) for name, file in (("out", process.stdout), ("err", process.stderr))]
        try:
            if process.stdin is not None:
                for piece in archive:
                    process.stdin.write(piece)
        except BrokenPipeError:  # it says why
            pass
        except BaseException:
            process.kill()
            raise
        finally:
            _close(process.stdin)
            status = process.wait()
            for reader in readers:
                reader.join()
        if status:
            lines = said["err"].decode(errors="replace").strip().splitlines() or [f"podman ended with {status}"]
            raise EngineRefusedError(title, lines[-1].removeprefix("Error: "), engine="podman")
        return tuple(name for line in said["out"].decode(errors="replace").splitlines() for name in loaded_name(line))


def _reader(said: dict[str, bytes], name: str, file: IO[bytes] | None) -> threading.Thread:
    def read() -> None:
        said[name] = file.read() if file is not None else b""

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _close(file: IO[bytes] | None) -> None:
    try:
        if file is not None:
            file.close()
    except BrokenPipeError:
        pass
