"""What must be built, and in which order. Pure: it asks two questions (read a derivation, which paths are valid) and decides.

Nix's shape: a derivation is looked at only where one of its wanted outputs is not valid; then it is built whole, and needs only
those outputs of its inputs that it names. The shell at /bin/sh is one more input of everything that is neither builtin nor needed
for the shell itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from imagetools.formats.derivation import Derivation
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel import graph
from imagetools.realise.failures import NoSuchOutputError, NothingToCheckError
from imagetools.realise.targets import Shell, Target

BUILTIN = "builtin:"
Read = Callable[[StorePath], Derivation]
Valid = Callable[[Iterable[StorePath]], set[StorePath]]


@dataclass(frozen=True, slots=True)
class Step:
    """One derivation to build. ``outputs``: all its paths; ``wanted``: names somebody needs; ``needs``: what comes first.

    ``check``: its outputs are valid; build them again and compare.
    """

    drv: StorePath
    derivation: Derivation
    outputs: Mapping[str, StorePath]
    wanted: tuple[str, ...]
    needs: tuple[StorePath, ...]
    with_shell: bool
    check: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """``steps`` in an order in which everything comes after what it needs; ``results``: outputs of each target."""

    steps: tuple[Step, ...]
    results: Mapping[Target, Mapping[str, StorePath]]


def is_builtin(derivation: Derivation) -> bool:
    return derivation.builder.startswith(BUILTIN)


def output_paths(store_dir: StoreDir, derivation: Derivation) -> dict[str, StorePath]:
    """Output name to store path, sorted by name."""
    return {name: store_dir.parse(path) for name, path in derivation.output_paths().items()}


def make_plan(
    targets: Sequence[Target], store_dir: StoreDir, read: Read, valid: Valid, shell: Shell | None = None, *, check: bool = False
) -> Plan:
    """``check``: the targets are built although they are valid. Raises NoSuchOutputError, CycleError, NothingToCheckError, and
    what the two questions raise."""
    return _Planner(store_dir, read, valid, shell, check).plan(targets)


class _Planner:
    def __init__(self, store_dir: StoreDir, read: Read, valid: Valid, shell: Shell | None, check: bool) -> None:
        self._store_dir = store_dir
        self._check_targets = check
        self._to_check: set[StorePath] = set()
        self._read_one = read
        self._valid = valid
        self._shell = shell
        self._derivations: dict[StorePath, Derivation] = {}
        self._wanted: dict[StorePath, set[str]] = {}
        self._missing: set[StorePath] = set()
        self._without_shell: set[StorePath] | None = None

    def plan(self, targets: Sequence[Target]) -> Plan:
        results: dict[Target, dict[str, StorePath]] = {}
        for target in targets:
            outputs = output_paths(self._store_dir, self._read(target.drv))
            names = tuple(outputs) if target.outputs is None else target.outputs
            self._check(target.drv, names, outputs)
            results[target] = {name: outputs[name] for name in names}
            if self._check_targets:
                self._require(target.drv, set(results[target].values()))
        self._explore([(target.drv, tuple(results[target])) for target in targets])
        order = graph.topological((target.drv for target in targets if target.drv in self._missing), self._needs)
        return Plan(tuple(self._step(drv) for drv in order), results)

    def _read(self, drv: StorePath) -> Derivation:
        found = self._derivations.get(drv)
        if found is None:
            found = self._derivations[drv] = self._read_one(drv)
        return found

    def _check(self, drv: StorePath, names: Iterable[str], outputs: Mapping[str, StorePath]) -> None:
        unknown = [name for name in names if name not in outputs]
        if unknown:
            raise NoSuchOutputError(self._store_dir.join(drv), unknown, tuple(outputs))

    def _require(self, drv: StorePath, paths: set[StorePath]) -> None:
        if not self._valid(paths) >= paths:
            raise NothingToCheckError(self._store_dir.join(drv))
        self._to_check.add(drv)

    def _explore(self, todo: list[tuple[StorePath, tuple[str, ...]]]) -> None:
        """Mark what is missing, from the targets down; each derivation's inputs are looked at once."""
        while todo:
            drv, names = todo.pop()
            wanted = self._wanted.setdefault(drv, set())
            new = [name for name in names if name not in wanted]
            wanted.update(new)
            if not new or drv in self._missing:
                continue
            derivation = self._read(drv)
            outputs = output_paths(self._store_dir, derivation)
            self._check(drv, new, outputs)
            paths = {outputs[name] for name in new}
            if drv not in self._to_check and self._valid(paths) >= paths:
                continue
            self._missing.add(drv)
            for path, used in derivation.input_drvs.items():
                todo.append((self._store_dir.parse(path), used))
            if self._shell is not None and self._uses_shell(drv):
                todo.append((self._shell.drv, (self._shell.output,)))

    def _uses_shell(self, drv: StorePath) -> bool:
        if self._shell is None or is_builtin(self._read(drv)):
            return False
        if self._without_shell is None:
            self._without_shell = graph.reachable([self._shell.drv], self._input_drvs)
        return drv not in self._without_shell

    def _input_drvs(self, drv: StorePath) -> list[StorePath]:
        return [self._store_dir.parse(path) for path in self._read(drv).input_drvs]

    def _needs(self, drv: StorePath) -> list[StorePath]:
        needs = [path for path in self._input_drvs(drv) if path in self._missing]
        if self._shell is not None and self._shell.drv in self._missing and self._uses_shell(drv):
            needs.append(self._shell.drv)
        return sorted(set(needs))

    def _step(self, drv: StorePath) -> Step:
        derivation = self._read(drv)
        return Step(
            drv,
            derivation,
            output_paths(self._store_dir, derivation),
            tuple(sorted(self._wanted[drv])),
            tuple(self._needs(drv)),
            self._uses_shell(drv),
            drv in self._to_check,
        )
