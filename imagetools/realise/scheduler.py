"""Realises targets: makes the plan, builds several steps at once, stops cleanly, and says what happened.

Threads wait on builds; every decision is taken under one lock. Nix's shape: the first failure ends everything unless
``keep_going``; what depends on a failure fails too; interrupting kills the builders and leaves no folder behind. What
comes from binary caches is fetched before anything is built.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import heappop, heappush
from types import FrameType

from imagetools.builtin.api import BuiltinBuilder
from imagetools.formats.derivation import Derivation
from imagetools.formats.drv_options import DerivationOptions
from imagetools.formats.store_path import StorePath
from imagetools.kernel.errors import ImagetoolsError
from imagetools.realise.build import Builder
from imagetools.realise.events import BuildFailed, Event
from imagetools.realise.failures import DependencyFailedError, HungUpError, TerminatedError, several
from imagetools.realise.kept import KeptFolders
from imagetools.realise.plan import Plan, Step, make_plan, plan_ready
from imagetools.realise.scratch import remove_leftovers
from imagetools.realise.settings import RealiseSettings
from imagetools.realise.substitute import Substitution
from imagetools.realise.targets import Shell, Target
from imagetools.sandbox.ports import CancelledError, Sandbox
from imagetools.store.ports import Store
from imagetools.store.substituters import Substituters

Watch = Callable[[Event], object]


class NoJobsError(ImagetoolsError):
    """A build is needed that does not set ``preferLocalBuild``, but ``max_jobs`` is 0 (row 4.046). Exit code 1, as Nix's."""

    def __init__(self, drv: str) -> None:
        super().__init__(f"unable to start any build of '{drv}'", "allow builds: --max-jobs 1 or more")
        self.drv = drv


class Realiser:
    """Builds what is not there. ``shell`` is what builders find at /bin/sh; ``builtins`` by name, without ``builtin:``."""

    def __init__(
        self,
        store: Store,
        sandbox: Sandbox,
        *,
        settings: RealiseSettings | None = None,
        shell: Shell | None = None,
        builtins: Mapping[str, BuiltinBuilder] | None = None,
        events: Watch = lambda event: None,
        substituters: Substituters | None = None,
    ) -> None:
        self._store = store
        self._sandbox = sandbox
        self._settings = settings or RealiseSettings()
        self._shell = shell
        self._builtins = builtins or {}
        self._events = events
        self._event_mutex = threading.Lock()
        self._derivations: dict[StorePath, Derivation] = {}
        self._substitution: Substitution | None = None
        if substituters is not None:
            self._substitution = Substitution(store, substituters, fallback=self._settings.fallback, emit=self._emit)
        self._run: Run | None = None
        self._tidy = False

    def plan(self, targets: Sequence[Target], *, check: bool = False) -> Plan:
        """What ``realise`` would fetch and build, without doing it."""
        return make_plan(
            targets,
            self._store.store_dir,
            self._read,
            self._store.valid_paths,
            self._shell,
            check=check,
            find_offers=None if self._substitution is None else self._substitution.find,
        )

    def realise(self, targets: Sequence[Target], *, check: bool = False) -> dict[Target, dict[str, StorePath]]:
        """Make the targets' outputs valid; their paths by target and output name.

        ``check``: they are valid; build them again and compare. Raises NotDeterministicError (exit code 104).

        Raises BuildError and its kin (exit codes 100-103), NotYetError, StoreError, SandboxError. KeyboardInterrupt and, while
        the main thread is here, TerminatedError for SIGTERM and HungUpError for SIGHUP stop all builders first.
        """
        while True:
            plan = self.plan(targets, check=check)
            if plan.steps or plan.fetches:
                self._emit(plan_ready(plan))
            if self._fetched(plan):
                break
        if plan.steps:
            self._build(plan)
        return {target: dict(outputs) for target, outputs in plan.results.items()}

    def cancel(self) -> None:
        """Stop a ``realise`` that runs in another thread; it raises CancelledError."""
        if self._substitution is not None:
            self._substitution.cancel()
        run = self._run
        if run is not None:
            run.stop()

    def close(self) -> None:
        if self._substitution is not None:
            self._substitution.close()
        self._sandbox.close()

    def _fetched(self, plan: Plan) -> bool:
        """Bring all fetches; False where that changes the plan."""
        if not plan.fetches or self._substitution is None:
            return True
        with _terminable():
            return self._substitution.run(plan.fetches)

    def _build(self, plan: Plan) -> None:
        if self._settings.max_jobs < 1:
            self._refuse_all_but_local(plan)
        if not self._tidy:
            kept = KeptFolders(self._store)
            remove_leftovers(os.path.dirname(self._store.real_path(plan.steps[0].drv)), kept.rescue)
            kept.tidy()
            self._tidy = True
        stopped = threading.Event()
        builder = Builder(
            self._store, self._sandbox, self._settings, self._shell, self._builtins, self._read, self._emit, stopped
        )
        self._run = run = Run(plan, builder, self._sandbox, self._settings, self._store.store_dir.join, self._emit, stopped)
        try:
            with _terminable():
                run.work()
        finally:
            self._run = None

    def _refuse_all_but_local(self, plan: Plan) -> None:
        """Without jobs only what prefers to be built locally is built (``runCommandLocal``; row 4.046)."""
        for step in plan.steps:
            if not DerivationOptions.from_env(step.derivation.env, step.outputs).prefer_local_build:
                raise NoJobsError(self._store.store_dir.join(step.drv))

    def _read(self, drv: StorePath) -> Derivation:
        found = self._derivations.get(drv)
        if found is None:
            found = self._derivations[drv] = self._store.read_derivation(drv)
        return found

    def _emit(self, event: Event) -> None:
        with self._event_mutex:
            self._events(event)


class Run:
    """One plan being worked off."""

    def __init__(
        self,
        plan: Plan,
        builder: Builder,
        sandbox: Sandbox,
        settings: RealiseSettings,
        join: Callable[[StorePath], str],
        emit: Callable[[Event], None],
        stopped: threading.Event,
    ) -> None:
        self._builder = builder
        self._sandbox = sandbox
        self._keep_going = settings.keep_going
        self._join = join
        self._emit = emit
        self._stopped = stopped
        self._change = threading.Condition()
        self._waiting: dict[StorePath, Step] = {step.drv: step for step in plan.steps}
        self._place = {step.drv: place for place, step in enumerate(plan.steps)}
        self._ready: list[tuple[int, Step]] = []
        self._later: list[tuple[int, Step]] = []  # another process builds them
        self._unmet: dict[StorePath, int] = {}
        self._lost: dict[StorePath, int] = {}
        self._dependents: dict[StorePath, list[Step]] = {}
        for step in plan.steps:
            needs = [need for need in step.needs if need in self._waiting]
            self._unmet[step.drv] = len(needs)
            for need in needs:
                self._dependents.setdefault(need, []).append(step)
            if not needs:
                self._ready.append((self._place[step.drv], step))
        self._failures: list[ImagetoolsError] = []
        self._crash: BaseException | None = None
        self._running = 0
        self._threads = min(max(settings.max_jobs, 1), len(plan.steps))

    def work(self) -> None:
        """Until all is built or given up. Raises the failure."""
        threads = [threading.Thread(target=self._worker, name=f"build-{n}", daemon=True) for n in range(self._threads)]
        try:
            for thread in threads:
                thread.start()
            with self._change:
                while not self._over():
                    self._change.wait()
        finally:
            self.stop()
            for thread in threads:
                while thread.ident is not None and thread.is_alive():
                    self._sandbox.cancel()
                    thread.join(0.05)
        if self._crash is not None:
            raise self._crash
        if self._failures:
            raise several(self._failures)
        if self._waiting:
            raise CancelledError(self._join(next(iter(self._waiting))))

    def stop(self) -> None:
        """No further step starts, and running ones are killed."""
        self._stopped.set()
        with self._change:
            self._change.notify_all()
        self._sandbox.cancel()

    def _over(self) -> bool:
        if self._stopped.is_set() or self._crash is not None or (self._failures and not self._keep_going):
            return True
        return not self._waiting and not self._running

    def _worker(self) -> None:
        while True:
            with self._change:
                while not self._over() and not self._ready and not self._later:
                    self._change.wait()
                if self._over():
                    self._change.notify_all()
                    return
                if not self._ready:
                    self._ready, self._later = sorted(self._later), []
                _, step = heappop(self._ready)
                del self._waiting[step.drv]
                self._running += 1
            ended, error = self._attempt(step)
            with self._change:
                self._running -= 1
                if ended:
                    self._settle(step, error)
                else:
                    self._waiting[step.drv] = step
                    self._later.append((self._place[step.drv], step))
                self._change.notify_all()

    def _attempt(self, step: Step) -> tuple[bool, BaseException | None]:
        try:
            return self._builder.build(step, self._has_other_work), None
        except BaseException as error:
            return True, error

    def _has_other_work(self, waited: bool) -> bool:
        """For one who waits for another process (row 4.027): something to do; or, after a moment, another to wait for."""
        return bool(self._ready or (waited and self._later))

    def _settle(self, step: Step, error: BaseException | None) -> None:
        if error is None:
            self._met(step, lost=False)
        elif isinstance(error, CancelledError) and self._stopped.is_set():
            self._waiting[step.drv] = step
        elif isinstance(error, ImagetoolsError):
            self._fail(step, error)
            self._met(step, lost=True)
        else:
            self._crash = self._crash or error

    def _met(self, step: Step, *, lost: bool) -> None:
        """A step has ended: those that need it come nearer to their turn, or fail when all that they need has ended."""
        ended = [(step, lost)]
        while ended:
            step, lost = ended.pop()
            for dependent in self._dependents.get(step.drv, ()):
                drv = dependent.drv
                self._unmet[drv] -= 1
                self._lost[drv] = self._lost.get(drv, 0) + lost
                if self._unmet[drv]:
                    continue
                if self._lost[drv]:
                    del self._waiting[drv]
                    self._fail(dependent, DependencyFailedError(self._join(drv), self._lost[drv]))
                    ended.append((dependent, True))
                else:
                    heappush(self._ready, (self._place[drv], dependent))

    def _fail(self, step: Step, error: ImagetoolsError) -> None:
        self._failures.append(error)
        self._emit(BuildFailed(step.drv, error.message))


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM and SIGHUP become exceptions while the main thread is in here, so that nothing is left behind.

    Elsewhere nothing changes; what is ignored (as under nohup) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(number: int, frame: FrameType | None) -> None:
        del frame
        raise HungUpError if number == signal.SIGHUP else TerminatedError

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    before = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN}
    for number in before:
        signal.signal(number, terminate)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
