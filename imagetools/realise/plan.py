"""What must be fetched, what built, and in which order. Pure: it asks three questions (read a derivation, which paths are valid,
which can be fetched) and decides.

Nix's shape: a derivation is looked at only where one of its wanted outputs is not valid. Where all that is wanted of it can be
fetched, it is not built, and nothing below it is looked at; ``allowSubstitutes = false`` forbids that (row 4.047). Else it is
built whole, and needs only those outputs of its inputs that it names. The shell at /bin/sh is one more input of everything that
is neither builtin nor needed for the shell itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from imagetools.formats.derivation import Derivation
from imagetools.formats.drv_options import DerivationOptions
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel import graph
from imagetools.realise.events import PlanReady
from imagetools.realise.failures import NoSuchOutputError, NothingToCheckError
from imagetools.realise.targets import Shell, Target
from imagetools.store.substituters import Offer, total_sizes

BUILTIN = "builtin:"
Read = Callable[[StorePath], Derivation]
Valid = Callable[[Iterable[StorePath]], set[StorePath]]

Offers = Mapping[StorePath, Sequence[Offer]]
FindOffers = Callable[[set[StorePath]], tuple[Offers, set[StorePath]]]
"""For some paths: offers for all of their closures that is not valid, and what of it nobody offers."""


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
    """``steps`` in an order in which everything comes after what it needs; ``results``: outputs of each target.

    ``fetches`` come before all steps: whole closures of what the steps need and the targets want.
    """

    steps: tuple[Step, ...]
    results: Mapping[Target, Mapping[str, StorePath]]
    fetches: Offers = field(default_factory=dict)


def is_builtin(derivation: Derivation) -> bool:
    return derivation.builder.startswith(BUILTIN)


def output_paths(store_dir: StoreDir, derivation: Derivation) -> dict[str, StorePath]:
    """Output name to store path, sorted by name."""
    return {name: store_dir.parse(path) for name, path in derivation.output_paths().items()}


def plan_ready(plan: Plan) -> PlanReady:
    """What a person hears of a plan."""
    download, unpacked = total_sizes(plan.fetches)
    return PlanReady(tuple(step.drv for step in plan.steps), tuple(sorted(plan.fetches)), download, unpacked)


def make_plan(
    targets: Sequence[Target],
    store_dir: StoreDir,
    read: Read,
    valid: Valid,
    shell: Shell | None = None,
    *,
    check: bool = False,
    find_offers: FindOffers | None = None,
) -> Plan:
    """``check``: the targets are built although they are valid. ``find_offers`` None: nothing is fetched.

    Raises NoSuchOutputError, CycleError, NothingToCheckError, and what the questions raise."""
    return _Planner(store_dir, read, valid, shell, check, find_offers).plan(targets)


class _Planner:
    def __init__(
        self, store_dir: StoreDir, read: Read, valid: Valid, shell: Shell | None, check: bool, find_offers: FindOffers | None
    ) -> None:
        self._find_offers = find_offers
        self._fetches: dict[StorePath, Sequence[Offer]] = {}
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
        return Plan(tuple(self._step(drv) for drv in order), results, self._fetches)

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
        """Mark what is missing, from the targets down, a level at a time; each derivation's inputs are looked at once."""
        while todo:
            lacking: dict[StorePath, set[StorePath]] = {}
            for drv, names in todo:
                for path in self._lacking(drv, names):
                    lacking.setdefault(drv, set()).add(path)
            todo = []
            for drv in self._not_fetchable(lacking):
                self._missing.add(drv)
                for text, used in self._read(drv).input_drvs.items():
                    todo.append((self._store_dir.parse(text), used))
                if self._shell is not None and self._uses_shell(drv):
                    todo.append((self._shell.drv, (self._shell.output,)))

    def _lacking(self, drv: StorePath, names: Iterable[str]) -> set[StorePath]:
        """The newly wanted outputs that are not valid, of a derivation that will not be built anyway."""
        wanted = self._wanted.setdefault(drv, set())
        new = [name for name in names if name not in wanted]
        wanted.update(new)
        if not new or drv in self._missing:
            return set()
        outputs = output_paths(self._store_dir, self._read(drv))
        self._check(drv, new, outputs)
        paths = {outputs[name] for name in new}
        return paths if drv in self._to_check else paths - self._valid(paths)

    def _not_fetchable(self, lacking: Mapping[StorePath, set[StorePath]]) -> list[StorePath]:
        """The derivations that must be built; what can be fetched of the others is noted."""
        asked = [drv for drv in lacking if self._find_offers is not None and self._may_fetch(drv)]
        if not asked or self._find_offers is None:
            return list(lacking)
        offers, nowhere = self._find_offers({path for drv in asked for path in lacking[drv]})

        def closure(paths: Iterable[StorePath]) -> set[StorePath]:
            return graph.reachable(paths, lambda path: offers[path][0].narinfo.info.references if path in offers else ())

        build: list[StorePath] = []
        for drv in lacking:
            needed = closure(lacking[drv]) if drv in asked else set()
            if drv not in asked or needed & nowhere:
                build.append(drv)
            else:
                self._fetches.update({path: offers[path] for path in needed if path in offers})
        return build

    def _may_fetch(self, drv: StorePath) -> bool:
        derivation = self._read(drv)
        return drv not in self._to_check and DerivationOptions.from_env(derivation.env, derivation.outputs).allow_substitutes

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
