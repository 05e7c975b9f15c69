"""A small world to build in: a throw-away store, derivations made by hand, and the real sandbox with the host's shell in it.

``python -m tests.unit.realise.world ROOT DRV`` realises one derivation there, as a process of its own.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from imagetools.builtin.api import BuiltinBuilder
from imagetools.formats.addressing import fixed_path, output_path
from imagetools.formats.aterm import serialise
from imagetools.formats.derivation import Derivation, FixedOutput, InputAddressed
from imagetools.formats.store_path import StorePath
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.hashes import Hash, digest
from imagetools.realise.events import Event
from imagetools.realise.scheduler import Realiser
from imagetools.realise.settings import RealiseSettings
from imagetools.realise.targets import Shell, Target
from imagetools.sandbox.namespaces import NamespaceSandbox
from imagetools.sandbox.ports import BuildOutcome, BuildRequest
from imagetools.store.local import LocalStore
from tests.unit.sandbox.cage import HOST_BINDS


class HostShellSandbox(NamespaceSandbox):
    """The real sandbox, in which builders may use the host's programs."""

    def run(self, request: BuildRequest, on_output: Callable[[bytes], object]) -> BuildOutcome:
        if request.builtin:
            return super().run(request, on_output)
        own_shell = any(bind.target == "/bin/sh" for bind in request.binds)
        host = [bind for bind in HOST_BINDS if not (own_shell and bind.target == "/bin")]
        return super().run(replace(request, binds=(*host, *request.binds)), on_output)


class World:
    """A store at ``root`` and what a test does with it."""

    def __init__(self, root: str, **settings: Any) -> None:
        self.store = LocalStore(root, durable=False)
        self.settings = RealiseSettings(**{"max_jobs": 2, "cores": 3} | settings)
        self.events: list[Event] = []

    def close(self) -> None:
        self.store.close()

    def derivation(
        self,
        script: str,
        name: str = "x",
        *,
        outputs: Sequence[str] = ("out",),
        fixed: tuple[str, Hash] | None = None,
        needs: Mapping[StorePath, Sequence[str]] | None = None,
        sources: Sequence[StorePath] = (),
        env: Mapping[str, str] | None = None,
        builder: str = "/bin/sh",
        system: str = "x86_64-linux",
    ) -> StorePath:
        """Write a derivation whose builder runs ``script``; its ``.drv``."""
        store_dir = self.store.store_dir
        needs = needs or {}
        seed = digest("sha256", to_bytes(repr((script, name, outputs, sorted(needs), sources, sorted((env or {}).items())))))
        paths = {output: output_path(store_dir, seed, output, name) for output in outputs}
        made: dict[str, InputAddressed | FixedOutput] = {o: InputAddressed(store_dir.join(path)) for o, path in paths.items()}
        if fixed is not None:
            paths = {"out": fixed_path(store_dir, name, *fixed)}
            made = {"out": FixedOutput(store_dir.join(paths["out"]), *fixed)}
        derivation = Derivation(
            name,
            made,
            {store_dir.join(drv): tuple(sorted(names)) for drv, names in needs.items()},
            tuple(sorted(store_dir.join(path) for path in sources)),
            system,
            builder,
            ("-ec", script),
            {"PATH": "/usr/bin:/bin", "name": name} | {o: store_dir.join(path) for o, path in paths.items()} | dict(env or {}),
        )
        text = to_bytes(serialise(derivation))
        return self.store.add_text(name + ".drv", text, [*needs, *sources])

    def output(self, drv: StorePath, name: str = "out") -> StorePath:
        return self.store.store_dir.parse(self.store.read_derivation(drv).outputs[name].path)

    def path(self, drv: StorePath, name: str = "out") -> str:
        return self.store.store_dir.join(self.output(drv, name))

    def real(self, drv: StorePath, name: str = "out") -> str:
        return self.store.real_path(self.output(drv, name))

    def realiser(self, shell: Shell | None = None, builtins: Mapping[str, BuiltinBuilder] | None = None) -> Realiser:
        return Realiser(
            self.store, HostShellSandbox(), settings=self.settings, shell=shell, builtins=builtins, events=self.events.append
        )

    def realise(self, *drvs: StorePath, shell: Shell | None = None, builtins: Mapping[str, BuiltinBuilder] | None = None) -> None:
        """Realise all outputs. Raises what realising raises."""
        realiser = self.realiser(shell, builtins)
        try:
            realiser.realise([Target(drv) for drv in drvs])
        finally:
            realiser.close()

    def text(self, drv: StorePath, name: str = "out") -> str:
        """Realise and read an output that is a file."""
        self.realise(drv)
        with open(self.real(drv, name), encoding="utf-8") as file:
            return file.read()

    def leftovers(self) -> list[str]:
        """What lies in the store directory that is no valid object."""
        folder = os.path.dirname(self.store.real_path(StorePath(bytes(20), "x")))
        valid = {path.base_name for path in self.store.all_paths()}
        return sorted(name for name in os.listdir(folder) if name not in valid and name != ".links" and "-tmp-" not in name)


if __name__ == "__main__":
    world = World(sys.argv[1])
    world.realise(world.store.store_dir.parse(sys.argv[2]))
    print(sum(type(event).__name__ == "BuildStarted" for event in world.events))
    world.close()
