"""One derivation from start to valid outputs: locks, inputs, request, run, outputs. No order and no threads here.

Nix's shape: output locks first, then a second look whether somebody else was faster (row 4.027); invalid leftovers at output
paths are removed (row 4.026); nothing of a failed build stays but its log (rows 4.028, 4.029), and its folder where wished.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import NoReturn

from imagetools.builtin.api import AsksRegistries, BuiltinBuilder, ReadsHostFiles, WantsRoot
from imagetools.formats.derivation import Derivation
from imagetools.formats.drv_options import DerivationOptions
from imagetools.formats.store_path import StorePath
from imagetools.realise import builtin_request, python_process
from imagetools.realise.checks import check
from imagetools.realise.compare import compare_outputs
from imagetools.realise.environment import surroundings
from imagetools.realise.events import BuildFinished, BuildKept, BuildOutput, BuildStarted, Event, LockWaiting, Warned
from imagetools.realise.failures import (
    BuilderFailedError,
    LogTooLongError,
    MayPassError,
    NotDeterministicError,
    TimedOutError,
    ValidOutputInTheWayError,
)
from imagetools.realise.inputs import Inputs, find_inputs, host_binds, input_binds, shell_bind
from imagetools.realise.kept import SCRATCH_SUFFIX, KeptFolders, take_over
from imagetools.realise.layer_facts import LayerFactsOfStore
from imagetools.realise.machine import KVM
from imagetools.realise.outputs import register_outputs
from imagetools.realise.plan import BUILTIN, Step, is_builtin
from imagetools.realise.scratch import scratch_folder
from imagetools.realise.settings import RealiseSettings
from imagetools.realise.targets import Shell
from imagetools.sandbox.log import LineLog
from imagetools.sandbox.ports import Bind, BuildOutcome, BuildRequest, CancelledError, Sandbox
from imagetools.store.disk import delete_tree
from imagetools.store.ports import Store

CA_FILE = "/etc/ssl/certs/ca-certificates.crt"
LOCK_POLL = 0.1
Elsewhere = Callable[[bool], bool]
NEARLY_FULL = 8 * 1024 * 1024


def nothing_else(waited: bool) -> bool:
    """No other work: wait for locks."""
    del waited
    return False


class Builder:
    """Builds steps; one instance for a whole realisation, used from several threads."""

    def __init__(
        self,
        store: Store,
        sandbox: Sandbox,
        settings: RealiseSettings,
        shell: Shell | None,
        builtins: Mapping[str, BuiltinBuilder],
        read: Callable[[StorePath], Derivation],
        emit: Callable[[Event], None],
        stopped: threading.Event,
    ) -> None:
        self._store = store
        self._kept = KeptFolders(store)
        self._layer_facts = LayerFactsOfStore(store)
        self._sandbox = sandbox
        self._settings = settings
        self._shell = shell
        self._builtins = builtins
        self._read = read
        self._emit = emit
        self._stopped = stopped
        self._told: set[StorePath] = set()

    def build(self, step: Step, elsewhere: Elsewhere = nothing_else) -> bool:
        """Make the step's outputs valid; False where another process holds them and ``elsewhere`` says that there is other work
        (it is asked before waiting and, with True, after a moment of it).

        Raises BuildError, StoreError, SandboxError, NotYetError.
        """
        start = time.monotonic()
        drv = self._store.store_dir.join(step.drv)
        options = DerivationOptions.from_env(step.derivation.env, step.outputs, step.drv.base_name)
        check(drv, step.derivation, options, self._settings, self._builtins, sandboxed=self._sandbox.isolates)
        for name in options.without_effect:
            self._emit(
                Warned(f"'structuredAttrs' disables the effect of the top-level attribute '{name}'; use 'outputChecks' instead")
            )
        for path in (step.drv, *step.outputs.values()):
            self._store.add_temp_root(path)
        lock = self._lock(step, elsewhere)
        if lock is None:
            return False
        with lock:
            wanted = {step.outputs[name] for name in step.wanted}
            built = step.check or not self._store.valid_paths(wanted) >= wanted
            if built:
                valid = self._store.valid_paths(step.outputs.values())
                if valid and not self._sandbox.isolates and not is_builtin(step.derivation):
                    raise ValidOutputInTheWayError(drv, self._store.store_dir.join(min(valid)))
                for path in step.outputs.values():
                    if path not in valid:
                        delete_tree(self._store.real_path(path))
                self._run(step, drv, options)
        self._emit(BuildFinished(step.drv, time.monotonic() - start, built))
        return True

    def _lock(self, step: Step, elsewhere: Elsewhere) -> AbstractContextManager[None] | None:
        """All output locks. Polls, so that waiting can be interrupted."""
        paths = sorted(step.outputs.values())
        waited = False
        while True:
            lock = self._store.try_lock(paths)
            if lock is not None:
                return lock
            if elsewhere(waited):
                return None
            if step.drv not in self._told:
                self._told.add(step.drv)
                self._emit(LockWaiting(step.drv, paths[0]))
            if self._stopped.wait(LOCK_POLL):
                raise CancelledError(self._store.store_dir.join(step.drv))
            waited = True

    def _run(self, step: Step, drv: str, options: DerivationOptions) -> None:
        inputs = find_inputs(self._store, step, options, self._read)
        for root in inputs.closure.roots:
            self._store.add_temp_root(root)
        with scratch_folder(self._store.real_path(step.drv) + SCRATCH_SUFFIX, self._kept.rescue) as scratch:
            request = self._request(step, drv, options, inputs, scratch)
            lines = LineLog(lambda line: self._emit(BuildOutput(step.drv, line)), self._settings.log_lines)
            log = self._store.open_log(step.drv)

            def on_output(data: bytes) -> None:
                log.write(data)
                lines.feed(data)

            if self._stopped.is_set():
                raise CancelledError(drv)
            self._emit(BuildStarted(step.drv, step.check))
            try:
                outcome = self._sandbox.run(request, on_output)
            finally:
                lines.finish()
                log.close()
            if not outcome.succeeded:
                self._fail(step, drv, outcome, lines.tail)
            if request.kept is not None:
                self._kept.forget(scratch)
            if not step.check:
                register_outputs(self._store, step, options, outcome, inputs.closure, lines.tail)
                if is_builtin(step.derivation):
                    builder = self._builtins[step.derivation.builder[len(BUILTIN) :]]
                    self._layer_facts.learn(builder, step.derivation.env, outcome.build_folder)
                return
            keep = self._settings.keep_failed
            try:
                compare_outputs(self._store, step, options, outcome, inputs.closure, lines.tail, keep=keep)
            except NotDeterministicError:
                if keep:
                    self._keep(step, outcome.build_folder)
                raise

    def _login(self, builder: BuiltinBuilder, derivation: Derivation) -> dict[str, bytes]:
        """The login for the registry that a builder of ours reads from, for its build folder."""
        if not derivation.is_fixed or self._settings.registry_login is None or not isinstance(builder, AsksRegistries):
            return {}
        image = builder.registry(derivation.env)
        login = None if image is None else self._settings.registry_login(image.registry, image.repository)
        return {} if login is None else {builtin_request.LOGIN: login}

    def _request(self, step: Step, drv: str, options: DerivationOptions, inputs: Inputs, scratch: str) -> BuildRequest:
        store_dir = self._store.store_dir
        logical = {name: store_dir.join(path) for name, path in step.outputs.items()}
        folder = builtin_request.host_path(self._sandbox.build_folder(scratch))
        found = surroundings(
            step.derivation,
            options,
            logical,
            inputs.graphs,
            store_dir=store_dir,
            folder=folder,
            settings=self._settings,
            as_variables=is_builtin(step.derivation),
        )
        binds = input_binds(self._store, [path for path in inputs.closure.members if path not in step.outputs.values()])
        derivation = step.derivation
        env, files = found.env, dict(found.files)
        if is_builtin(derivation):
            name = derivation.builder[len(BUILTIN) :]
            argv = python_process.command(name)
            program = argv[0]
            builder = self._builtins[name]
            binds += python_process.binds(builder.host_binds)
            if derivation.is_fixed and isinstance(builder, ReadsHostFiles):
                named = builder.host_files({**env, **derivation.env})
                binds += [
                    Bind(os.path.realpath(path), path, optional=True)
                    for path in named
                    if not path.startswith(store_dir.path + "/")
                ]
            binds += self._certificates(derivation, None)
            known_layers = "" if step.check else self._layer_facts.seen_at(isolated=self._sandbox.isolates)
            binds += self._layer_facts.binds(builder) if known_layers else ()
            files |= builtin_request.files(
                step,
                self._store,
                self._sandbox,
                self._settings,
                inputs.closure,
                env,
                logical,
                scratch,
                options.pass_as_file,
                known_layers,
            )
            files |= self._login(builder, derivation)
            env = builtin_request.process_environment(folder)
        else:
            program = derivation.builder
            argv = (program.rpartition("/")[2], *found.args)
            binds += self._certificates(derivation, CA_FILE)
            if options.no_chroot:
                binds += host_binds(store_dir.path)
            elif step.with_shell and self._shell is not None:
                binds.append(shell_bind(self._store, self._shell, self._read))
        if "kvm" in self._settings.features:
            binds.append(Bind(KVM, KVM, optional=True))
        return BuildRequest(
            name=drv,
            program=program,
            argv=argv,
            env=env,
            scratch=scratch,
            store_dir=store_dir.path,
            physical_store_dir=os.path.dirname(self._store.real_path(step.drv)),
            outputs=logical,
            binds=tuple(binds),
            files=files,
            network=derivation.is_fixed or options.no_chroot,
            system=derivation.system,
            timeout=self._settings.timeout or None,
            max_silent=self._settings.max_silent or None,
            max_log=self._settings.max_log or None,
            builtin=is_builtin(derivation),
            as_root=self._wants_root(derivation),
            kept=self._kept.lend(step.drv, scratch) if is_builtin(derivation) and derivation.is_fixed else None,
        )

    def _wants_root(self, derivation: Derivation) -> bool:
        if not is_builtin(derivation):
            return False
        builder = self._builtins[derivation.builder[len(BUILTIN) :]]
        return isinstance(builder, WantsRoot) and builder.wants_root(derivation.env)

    def _certificates(self, derivation: Derivation, target: str | None) -> list[Bind]:
        """The host's certificates, for fixed outputs only."""
        if not derivation.is_fixed or self._settings.ca_file is None:
            return []
        source = os.path.realpath(self._settings.ca_file)
        return [Bind(source, target or source, optional=True)]

    def _fail(self, step: Step, drv: str, outcome: BuildOutcome, tail: tuple[str, ...]) -> NoReturn:
        settings = self._settings
        if settings.keep_failed:
            self._keep(step, outcome.build_folder)
        if outcome.limit == "log":
            raise LogTooLongError(drv, settings.max_log, tail)
        if outcome.limit:
            silent = outcome.limit == "silent"
            raise TimedOutError(drv, settings.max_silent if silent else settings.timeout, silent, tail)
        note = "build failure may have been caused by lack of free disk space" if _nearly_full(outcome.build_folder) else ""
        kind = MayPassError if note or step.derivation.is_fixed else BuilderFailedError
        raise kind(drv, outcome.exit_code, outcome.signal, tail, note)

    def _keep(self, step: Step, folder: str) -> None:
        name = step.drv.name
        for number in range(10000):
            target = os.path.join(self._settings.keep_folder, f"imagetools-build-{name}-{number}")
            try:
                os.mkdir(target, 0o700)
            except FileExistsError:
                continue
            with suppress(OSError, RecursionError):
                take_over(folder)
                for item in os.listdir(folder):
                    shutil.move(os.path.join(folder, item), os.path.join(target, item))
            self._emit(BuildKept(step.drv, target))
            return


def _nearly_full(folder: str) -> bool:
    try:
        state = os.statvfs(folder)
    except OSError:
        return False
    return state.f_bavail * state.f_bsize < NEARLY_FULL
