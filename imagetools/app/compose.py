"""The one place that constructs the parts and joins them: settings in, a working house out.

Everything is made, and what is not always needed imported, when it is first needed: ``imagetools eval -E '1 + 1'`` opens no
database, a build with nothing to do makes no sandbox.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from imagetools.app.settings import PACKAGE, Settings
from imagetools.app.ui.terminal import say
from imagetools.app.watch import Watch
from imagetools.kernel.bytestr import to_str
from imagetools.kernel.errors import ImagetoolsError

DERIVATION_FILE: Final = "/builtin/derivation.nix"
BUNDLED: Final = (f"{PACKAGE}/bundled/fetchers", f"{PACKAGE}/bundled/builders")  # what the embedded package set imports
T = TypeVar("T")
IO = TypeVar("IO", bound="StoreIO")

if TYPE_CHECKING:
    from imagetools.app.results import Result
    from imagetools.app.ui.progress import Progress
    from imagetools.formats.store_path import StorePath
    from imagetools.instantiate.fetching.world import World
    from imagetools.instantiate.found import Found
    from imagetools.instantiate.io import StoreIO
    from imagetools.instantiate.known import Known
    from imagetools.lang.evaluator import Evaluator
    from imagetools.net.ports import Transport
    from imagetools.realise.events import Event
    from imagetools.realise.plan import Plan
    from imagetools.realise.scheduler import Realiser
    from imagetools.realise.targets import Shell, Target
    from imagetools.store.local import LocalStore


def _read(name: str) -> bytes:
    """A file of our own."""
    with open(f"{PACKAGE}/{name}", "rb") as file:
        return file.read()


_OPENED: "Final[list[LocalStore | Realiser]]" = []


def open_store(settings: Settings, *, protecting: bool = False) -> "LocalStore":
    """The store at the settings' root; made when it is first written to. ``protecting``: see LocalStore."""
    from imagetools.app.caches import signer
    from imagetools.store.local import LocalStore

    store = LocalStore(
        settings.root,
        settings.store_dir,
        durable=settings.durable,
        protecting=protecting,
        sign=signer(settings, settings.secret_key_files) if settings.secret_key_files else None,
    )
    _OPENED.append(store)
    return store


def close_stores() -> None:
    """Let go of what every opened store (temporary roots, its database) and realiser holds: before the process leaves."""
    while _OPENED:
        _OPENED.pop().close()


class Session:
    """One command's evaluator, store and builders.

    ``read_only`` computes paths without writing anything. ``hide_output`` and ``verbose`` say what is shown of builders,
    ``explain`` whether it is said how an evaluation was answered, ``watch`` what is found out about it besides.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        read_only: bool = False,
        hide_output: bool = False,
        verbose: bool = False,
        explain: bool = False,
        watch: Watch | None = None,
    ) -> None:
        self.settings = settings
        self.read_only = read_only
        self.explain = explain
        self.watch = Watch({}) if watch is None else watch
        self.arguments: Mapping[str, object] = {}
        self._hide_output = hide_output
        self._verbose = verbose
        self._on_event: Callable[[Event], object] = lambda event: None

    @cached_property
    def store(self) -> "LocalStore":
        return open_store(self.settings, protecting=not self.read_only)

    @cached_property
    def known(self) -> "Known":
        from imagetools.instantiate.known import Known

        return Known(self.store, writes=not self.read_only)

    @cached_property
    def io(self) -> "StoreIO":
        settings = self.settings
        if not (settings.pure or settings.restricted):
            from imagetools.instantiate.io import StoreIO

            io = self.make_io(StoreIO)
        else:
            from imagetools.instantiate.restricted import RestrictedIO

            io = restricted = self.make_io(RestrictedIO)
            restricted.allowed_uris = settings.allowed_uris if settings.restricted else None
        io.download = self._download
        return io

    def make_io(self, kind: "type[IO]") -> "IO":
        """The world as an evaluation of this session sees it."""
        settings = self.settings
        return kind(
            self.store,
            cache=settings.cache,
            home=settings.home,
            environment=settings.environment,
            now=int(time.time()),
            say=say,
            read_only=self.read_only,
            pure=settings.pure,
            write=self.flush,
            build=self._build_for_evaluation if settings.import_from_derivation else None,
        )

    def _download(self, url: str) -> str | None:
        from imagetools.instantiate.fetching.calls import search_path_entry

        return search_path_entry(self.world, url)

    @cached_property
    def world(self) -> "World":
        """What fetching while evaluating needs."""
        from imagetools.instantiate.fetching.world import FetchSettings, World

        settings = self.settings
        return World(
            self.store,
            FetchSettings(
                cache=settings.cache,
                home=settings.home,
                ttl=settings.tarball_ttl,
                environment=settings.environment,
                netrc=settings.netrc,
                ca_file=settings.ca_file,
                allow_dirty=settings.allow_dirty,
                warn_dirty=settings.warn_dirty,
                tokens=dict(settings.access_tokens),
            ),
            connect=self._connect,
            say=say,
        )

    def _connect(self) -> "Transport":
        from imagetools.app.caches import connect

        return connect(self.settings, self.world.netrc)

    @cached_property
    def evaluator(self) -> "Evaluator":
        from imagetools.instantiate.restricted import RestrictedIO
        from imagetools.instantiate.table import store_builtins
        from imagetools.lang.evaluator import Evaluator
        from imagetools.lang.runtime.search_path import OWN_FILES, is_uri, parse_entry, parse_nix_path

        settings = self.settings
        derivation = _read("instantiate/derivation.nix")
        self.io.texts[OWN_FILES + "fetchurl.nix"] = _read("instantiate/corepkgs/fetchurl.nix")
        embedded = to_str(os.fsencode(f"{PACKAGE}/pkgs"))
        include = [parse_entry(to_str(os.fsencode(entry))) for entry in settings.include]
        search_path = [*include, *parse_nix_path(settings.nix_path), ("nixpkgs", embedded)]
        if isinstance(self.io, RestrictedIO) and not settings.pure:
            for _, place in search_path:
                if not is_uri(place):
                    self.io.allow_entry(place if place.startswith("/") else f"{self.io.cwd()}/{place}")
            for folder in BUNDLED:
                self.io.allow_entry(to_str(os.fsencode(folder)))
        evaluator = Evaluator(
            self.io,
            extra=store_builtins(self.io, self.known, lambda: self.world),
            sources={"derivation": (DERIVATION_FILE, derivation)},
            system=settings.system,
            search_path=search_path,
            pure=settings.pure,
            watcher=self.watch.watcher,
        )
        evaluator.machine.abort_on_warn = settings.abort_on_warn
        evaluator.machine.trace_verbose = settings.trace_verbose
        return evaluator

    def run(self, work: Callable[[], T]) -> T:
        """Run something that evaluates: in the thread with the big stack."""
        from imagetools.app.evaluating import evaluate

        return evaluate(work)

    # -- values ------------------------------------------------------------------------------------------------------

    def locate(self, name: str, here: str) -> str:
        """The absolute path of a FILE argument; ``<name>`` is looked up in the search path."""
        from imagetools.lang.runtime.search_path import find, is_uri

        if name.startswith("<") and name.endswith(">"):
            return find(self.evaluator.machine, name[1:-1])
        if is_uri(name):
            self.io.spoil(f"it is read from '{name}'")
            from imagetools.instantiate.fetching.calls import file_argument

            return file_argument(self.world, name)
        return os.path.normpath(name if name.startswith("/") else f"{here}/{name}")

    # -- derivations -------------------------------------------------------------------------------------------------

    def find(self, value: object) -> "list[Found]":
        """All derivations that a value means."""
        from imagetools.instantiate.find import find_derivations

        return find_derivations(self.evaluator.machine, value, self._call)

    def _call(self, value: object) -> object:
        return self.evaluator.auto_call(value, self.arguments)

    def flush(self) -> None:
        """Write what the evaluation has made into the store (nothing in read-only mode)."""
        if not self.read_only:
            self.known.flush()

    def describe(self, item: "Found") -> dict[str, object]:
        """A derivation for ``--json``."""
        return {"name": item.name, "drvPath": item.drv_path, "outputName": item.output, "outputs": self.outputs(item)}

    def outputs(self, item: "Found") -> Mapping[str, str]:
        """The names of a derivation's outputs, and their paths."""
        return item.outputs if item.outputs is not None else self.known.get(item.drv_path).output_paths()

    def result(self, item: "Found") -> "Result":
        """The output that ``item`` stands for. Raises ImagetoolsError where the derivation has no such output."""
        from imagetools.app.results import Result

        outputs = self.outputs(item)
        path = outputs.get(item.output)
        if path is None:
            raise ImagetoolsError(
                f"derivation '{item.drv_path}' has no output '{item.output}'", hint=f"it has: {', '.join(outputs)}"
            )
        store_dir = self.store.store_dir
        return Result(store_dir.parse(item.drv_path), item.drv_path, item.output, store_dir.parse(path), path)

    # -- building ----------------------------------------------------------------------------------------------------

    def progress(self, *, plan: bool = True) -> "Progress":
        """What shows builds on standard error; ``plan``: what will be built comes first."""
        from imagetools.app.ui.progress import watch

        return watch(
            sys.stderr,
            self.settings.environment,
            self.store.store_dir,
            hide_output=self._hide_output,
            verbose=self._verbose,
            plan=plan,
        )

    def realise(self, results: "Sequence[Result]", *, check: bool = False) -> None:
        """Make every result valid, and show it; ``check``: build what is valid already again, and compare.

        Raises what realising raises (exit codes 100-104).
        """
        wanted = self._targets(results, all_of_them=check)
        if not wanted:
            return
        with self.progress() as watch:
            self._on_event = watch
            self._realiser.realise(wanted, check=check)

    def plan(self, results: "Sequence[Result]") -> "Plan":
        """What ``realise`` would build."""
        return self._realiser.plan(self._targets(results, all_of_them=False))

    def _targets(self, results: "Sequence[Result]", *, all_of_them: bool) -> "list[Target]":
        from imagetools.realise.targets import Target

        valid: set[StorePath] = set() if all_of_them else self.store.valid_paths(result.path for result in results)
        wanted: dict[StorePath, list[str]] = {}
        for result in results:
            if result.path not in valid:
                wanted.setdefault(result.drv, []).append(result.output)
        return [Target(drv, tuple(outputs)) for drv, outputs in wanted.items()]

    def _build_for_evaluation(self, wanted: "Mapping[StorePath, tuple[str, ...]]") -> None:
        """Import from derivation, in the thread that evaluates (row 4.058)."""
        from imagetools.app.evaluating import running
        from imagetools.realise.targets import Target

        targets: list[Target] = []
        for drv, names in wanted.items():
            outputs = self.store.derivation_outputs(drv)
            paths = {outputs[name] for name in names if name in outputs}
            for path in paths:
                self.store.add_temp_root(path)
            if len(paths) < len(names) or self.store.valid_paths(paths) != paths:
                targets.append(Target(drv, names))
        if not targets:
            return
        with running(self._realiser), self.progress(plan=False) as watch:
            self._on_event = watch
            self._realiser.realise(targets)

    def _registry_login(self, registry: str, repository: str) -> bytes | None:
        return self._registry_logins(registry, repository)

    @cached_property
    def _registry_logins(self) -> Callable[[str, str], bytes | None]:
        from imagetools.app.registries import registry_login

        return registry_login(self.settings)

    def _tell(self, event: "Event") -> None:
        self._on_event(event)

    @cached_property
    def _realiser(self) -> "Realiser":
        import threading

        from imagetools.app.builtins import builtins
        from imagetools.app.caches import open_caches, read_optional
        from imagetools.realise.events import Warned
        from imagetools.realise.machine import features
        from imagetools.realise.scheduler import Realiser
        from imagetools.realise.settings import RealiseSettings
        from imagetools.sandbox.namespaces import NamespaceSandbox
        from imagetools.sandbox.none import NoSandbox

        settings = self.settings
        evaluating = threading.current_thread() is not threading.main_thread()
        realiser = Realiser(
            self.store,
            NamespaceSandbox(shm_size=settings.shm_size) if settings.sandbox else NoSandbox(),
            settings=RealiseSettings(
                system=settings.system,
                extra_systems=settings.extra_systems,
                features=features() if settings.features is None else settings.features,
                max_jobs=settings.max_jobs,
                cores=settings.cores,
                keep_going=settings.keep_going,
                keep_failed=settings.keep_failed,
                timeout=settings.timeout,
                max_silent=settings.max_silent,
                max_log=settings.max_log,
                log_lines=settings.log_lines,
                environment=settings.environment,
                ca_file=settings.ca_file,
                netrc=read_optional(settings.netrc),
                registry_login=self._registry_login,
                relaxed=settings.relaxed,
                fallback=settings.fallback,
            ),
            shell=self.run(lambda: self._shell(evaluating)),
            builtins=builtins(),
            events=self._tell,
            substituters=open_caches(settings, self.store, lambda text: self._tell(Warned(text))),
        )
        _OPENED.append(realiser)
        return realiser

    def _shell(self, evaluating: bool) -> "Shell":
        """The set's static busybox, which every build finds at /bin/sh: instantiated, not built.

        In a session of its own where this one may not write or see everything, or is in the midst of evaluating.
        """
        from imagetools.realise.targets import Shell

        own = self
        settings = self.settings
        if settings.pure or settings.restricted or self.read_only or evaluating:
            own = Session(settings._replace(pure=False, restricted=False))
            own.store = self.store
        value = own.evaluator.eval_file(to_str(os.fsencode(f"{PACKAGE}/pkgs/sandbox_shell.nix")))
        (found,) = own.find(value)
        own.flush()
        return Shell(self.store.store_dir.parse(found.drv_path))
