"""One derivation built twice: by Nix's sandbox in one store, by ours in another, with the same host programs inside."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imagetools.kernel.errors import ImagetoolsError
from imagetools.realise.events import BuildOutput, Event
from imagetools.realise.scheduler import Realiser
from imagetools.realise.settings import RealiseSettings
from imagetools.realise.targets import Target
from imagetools.sandbox.syscalls import reset_hidden_signals
from imagetools.store.local import LocalStore
from tests.unit.realise.world import HostShellSandbox
from tests.unit.sandbox.cage import HOST, base_for

OPTIONS = {
    "substitute": "false",
    "sandbox": "true",
    "sandbox-paths": " ".join(path for path in HOST if os.path.exists(path)),
    "cores": "3",
    "system-features": "nixos-test benchmark big-parallel",
    "max-jobs": "1",
}


@dataclass
class Built:
    """How one side's build ended; ``text`` is the first output where it is a file, ``said`` what was said on the way."""

    exit_code: int
    said: str
    text: str | None = None
    log: bytes | None = None


@dataclass
class Pair:
    """Two stores, ``nix`` and ``ours``; expressions are written with ``lib`` names of PRELUDE in scope."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def root(self, side: str) -> str:
        return str(self.folder / side)

    def nix(self, program: str, *args: str, side: str = "nix") -> subprocess.CompletedProcess[str]:
        """Run one of Nix's programs on a store."""
        options = [word for name, value in OPTIONS.items() for word in ("--option", name, value)]
        return subprocess.run(
            [program, "--store", f"local?root={self.root(side)}", *options, *args],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.environment},
            preexec_fn=reset_hidden_signals,  # Nix's builders inherit what make leaves ignored
        )

    def drv(self, expression: str, side: str) -> str:
        done = self.nix("nix-instantiate", "-E", PRELUDE + expression, side=side)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def by_nix(self, expression: str) -> Built:
        drv = self.drv(expression, "nix")
        done = self.nix("nix-store", "--realise", drv)
        log = self.nix("nix-store", "--read-log", drv).stdout.encode()
        return Built(done.returncode, done.stderr, self._text(done.stdout.split(), "nix"), log)

    def by_us(self, expression: str) -> Built:
        drv = self.drv(expression, "ours")
        said: list[str] = []

        def watch(event: Event) -> None:
            if isinstance(event, BuildOutput):
                said.append(event.line)

        with LocalStore(self.root("ours")) as store:
            path = store.store_dir.parse(drv)
            settings = RealiseSettings(cores=3, environment=self.environment)
            realiser = Realiser(store, HostShellSandbox(), settings=settings, events=watch)
            try:
                results = realiser.realise([Target(path)])
            except ImagetoolsError as error:
                return Built(error.exit_code, error.message, None, store.read_log(path))
            finally:
                realiser.close()
            outputs = [store.store_dir.join(output) for output in next(iter(results.values())).values()]
            return Built(0, "\n".join(said), self._text(outputs, "ours"), store.read_log(path))

    def both(self, expression: str) -> tuple[Built, Built]:
        return self.by_nix(expression), self.by_us(expression)

    def _text(self, outputs: list[str], side: str) -> str | None:
        for output in outputs:
            real = Path(self.root(side) + output)
            if real.is_file():
                return real.read_text(encoding="latin-1")
        return None


PRELUDE = """
let sh = args: script:
  derivation ({ name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-ec" script ]; } // args);
in
"""


@contextmanager
def pair() -> Iterator[Pair]:
    with base_for(None) as folder:
        os.chmod(folder, 0o755)
        yield Pair(Path(folder))
