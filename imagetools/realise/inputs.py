"""What one build may see of the store: the closure of its inputs, the graphs it asks for, and its shell.

Nix's shape: input sources and the used outputs of input derivations, with everything they refer to. A graph that contains a
derivation contains its outputs too (row 4.039).
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from imagetools.formats.closure import Closure
from imagetools.formats.derivation import Derivation
from imagetools.formats.drv_options import DerivationOptions
from imagetools.formats.store_path import StorePath, StorePathError
from imagetools.realise.failures import BuildError, MissingInputError, NotAnInputError
from imagetools.realise.plan import Step, output_paths
from imagetools.realise.targets import Shell
from imagetools.sandbox.ports import Bind
from imagetools.store.ports import Store

Read = Callable[[StorePath], Derivation]


class NotInStoreError(BuildError):
    """``exportReferencesGraph`` names something outside the store."""

    exit_code: ClassVar[int] = 100

    def __init__(self, drv: str, path: str) -> None:
        super().__init__(drv, f"'exportReferencesGraph' contains a non-store path '{path}'")
        self.path = path


class NoShellError(BuildError):
    """The set's shell does not have the file that builders are to find at /bin/sh."""

    def __init__(self, drv: str, path: str) -> None:
        super().__init__(drv, f"the shell for builders, '{path}', does not exist")
        self.path = path


@dataclass(frozen=True, slots=True)
class Inputs:
    """``closure`` of all inputs; ``graphs`` that are asked for, by file name or attribute name."""

    closure: Closure
    graphs: dict[str, Closure]


def find_inputs(store: Store, step: Step, options: DerivationOptions, read: Read) -> Inputs:
    """Raises MissingInputError, NotAnInputError, NotInStoreError, InvalidPathError."""
    drv = store.store_dir.join(step.drv)
    roots: set[StorePath] = set()
    for text in step.derivation.input_srcs:
        roots.add(store.store_dir.parse(text))
    for text, names in step.derivation.input_drvs.items():
        outputs = output_paths(store.store_dir, read(store.store_dir.parse(text)))
        roots.update(outputs[name] for name in names)
    missing = roots - store.valid_paths(roots)
    if missing:
        raise MissingInputError(drv, store.store_dir.join(min(missing)))
    closure = store.closure(roots)
    wanted: dict[str, list[str]] = {name: [] for name in options.graph_names}
    for name, text in options.export_references_graph:
        if options.structured_attrs:
            wanted[name].append(text)
        else:
            wanted[name] = [text]
    return Inputs(closure, {name: _graph(store, drv, texts, closure, read) for name, texts in wanted.items()})


def _graph(store: Store, drv: str, texts: Sequence[str], inputs: Closure, read: Read) -> Closure:
    roots: set[StorePath] = set()
    for text in texts:
        try:
            path, _ = store.store_dir.parse_prefix(text)
        except StorePathError:
            raise NotInStoreError(drv, text) from None
        if path not in inputs:
            raise NotAnInputError(drv, store.store_dir.join(path))
        roots.add(path)
    for member in store.closure(roots).members:
        if member.is_derivation:
            roots.update(output_paths(store.store_dir, read(member)).values())
    return store.closure(roots)


def input_binds(store: Store, paths: Iterable[StorePath]) -> list[Bind]:
    """Every path at its logical place."""
    return [Bind(store.real_path(path), store.store_dir.join(path)) for path in paths]


def host_binds(store_dir: str) -> list[Bind]:
    """The host's own folders, read-only, for what may see them (``__noChroot``); not what every sandbox has of its own."""
    own = {"proc", "dev", "build", "tmp", store_dir.split("/")[1]}
    return [Bind("/" + name, "/" + name, optional=True) for name in sorted(os.listdir("/")) if name not in own]


def shell_bind(store: Store, shell: Shell, read: Read) -> Bind:
    """The shell's file at /bin/sh; symlinks inside the store are followed in its logical view. Raises NoShellError."""
    output = output_paths(store.store_dir, read(shell.drv))[shell.output]
    logical = f"{store.store_dir.join(output)}/{shell.file}"
    real = logical
    for _ in range(40):
        path, rest = store.store_dir.parse_prefix(logical)
        real = store.real_path(path) + rest
        if not os.path.islink(real):
            break
        logical = os.path.normpath(os.path.join(os.path.dirname(logical), os.readlink(real)))
        if not store.store_dir.contains(logical):
            break
    if not os.path.isfile(real):
        raise NoShellError(store.store_dir.join(shell.drv), logical)
    return Bind(real, "/bin/sh")
