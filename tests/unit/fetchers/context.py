"""A small real BuiltinContext: real folders, real programs, a log that can be read. No store behind it."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagetools.app.listening import run_listening
from imagetools.builtin.api import BuiltinError, Measured, Root, ShellFailedError
from imagetools.bundled.fetchers import post_fetch
from imagetools.formats.closure import Closure
from imagetools.formats.store_path import StoreDir
from imagetools.image.remote_reference import RemoteReference
from imagetools.image_io.ports import Repository
from imagetools.net.ports import Transport

# what a derivation with pieces of shell brings along, here with the host's shell
SHELL = {
    "postFetchShell": shutil.which("bash") or "/bin/bash",
    "postFetchSetup": str(Path(post_fetch.__file__).with_suffix(".sh")),
    "PATH": os.environ["PATH"],
}


@dataclass
class SmallContext:
    name: str
    env: Mapping[str, str]
    outputs: Mapping[str, str]
    scratch: str
    transport: Transport | None = None
    store_dir: StoreDir = field(default_factory=lambda: StoreDir("/nix/store"))
    lines: list[str] = field(default_factory=list)
    ledger: str = "/not-there"
    ca_file: str | None = None
    attrs: dict[str, Any] = field(default_factory=dict)
    netrc: str = ""
    facts: dict[str, Measured] = field(default_factory=dict)

    @staticmethod
    def below(folder: Path, name: str, env: Mapping[str, str], transport: Transport | None = None) -> "SmallContext":
        scratch = folder / "build"
        scratch.mkdir(exist_ok=True)
        return SmallContext(name, env, {"out": str(folder / "out")}, str(scratch), transport)

    @property
    def kept(self) -> str:
        path = Path(self.scratch) / ".kept"
        path.mkdir(exist_ok=True)
        return str(path)

    @property
    def logical_outputs(self) -> Mapping[str, str]:
        return self.outputs

    def real_path(self, logical: str) -> str:
        return logical

    def root(self) -> Root:
        raise BuiltinError("no sandbox here")

    def closure(self, roots: Sequence[str]) -> Closure:
        raise BuiltinError(f"no store here: {list(roots)}")

    def shell(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        input: bytes | None = None,
        capture: bool = False,
        listen: Callable[[str], object] | None = None,
    ) -> bytes:
        if listen is not None:
            status, said = run_listening(
                argv, listen, env=env if env is not None else self.env, cwd=cwd or self.scratch, input=input, capture=capture
            )
            if status:
                raise ShellFailedError(argv, status)
            return said
        done = subprocess.run(
            list(argv),
            env=dict(env if env is not None else self.env),
            cwd=cwd or self.scratch,
            input=input,
            capture_output=True,
            check=False,
        )
        self.lines += done.stderr.decode("utf-8", "replace").splitlines()
        if not capture:
            self.lines += done.stdout.decode("utf-8", "replace").splitlines()
        if done.returncode:
            raise ShellFailedError(argv, done.returncode)
        return done.stdout if capture else b""

    def repository(self, reference: RemoteReference, *, insecure: bool = False) -> Repository:
        raise AssertionError((reference, insecure))

    def log(self, text: str) -> None:
        self.lines.append(text)

    def measured(self, output: str, facts: Measured) -> None:
        self.facts[output] = facts
