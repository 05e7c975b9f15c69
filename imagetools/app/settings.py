"""What the environment says, read once: this and ``builtin_main`` are the only modules that look at it.

Nothing here opens, makes or checks anything; a value that makes no sense is refused with the name of the variable.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from imagetools.kernel.errors import ImagetoolsError

STORE_DIR: Final = "/nix/store"
USUAL_SUBSTITUTERS: Final = ("https://cache.nixos.org",)
USUAL_KEYS: Final = ("cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=",)
PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
"""The folder of the installed package."""


class SettingError(ImagetoolsError):
    """A variable or option holds a value that makes no sense."""

    def __init__(self, name: str, value: str, wanted: str) -> None:
        super().__init__(f"{name} is '{value}', but it must be {wanted}")
        self.name = name
        self.value = value


class Settings(NamedTuple):
    """Everything that the parts are made from.

    ``root`` is the physical root R of the store (``R/nix/store`` holds the objects; DESIGN section 6), ``cache`` the folder of
    the parse cache, ``include`` what -I said and ``nix_path`` the text of NIX_PATH, ``cores`` what builders see as
    NIX_BUILD_CORES,
    ``pure`` and ``restricted`` what --pure-eval and --restrict-eval forbid an evaluation,
    ``max_jobs`` how many builds run at once, ``timeout`` and ``max_silent`` how many seconds a build may take and be silent
    (0: no limit), ``max_log`` how many bytes it may write; ``keep_going`` and ``keep_failed`` as their options say, ``log_lines``
    how many lines a failure shows. ``relaxed``: in the sandbox, except what sets ``__noChroot``. ``extra_systems`` are built as
    well as ``system``, ``features`` what this machine can do (None: what every machine can). ``durable``: files are synced
    before they count. ``import_from_derivation``: evaluating may build.
    ``abort_on_warn`` and ``trace_verbose``: what ``builtins.warn`` and ``traceVerbose`` do. ``eval_cache``: an
    evaluation that has not changed is not repeated.
    ``ca_file`` are the certificates to trust,
    ``netrc`` a netrc file that need not exist.

    For evaluation-time fetchers: ``tarball_ttl`` (seconds for which what was fetched without a hash is fresh), ``allowed_uris``
    (what restricted evaluation may fetch), ``access_tokens`` (host and token), ``allow_dirty`` and ``warn_dirty`` (work trees
    with changes). For downloads: ``hashed_mirrors``, ``download_attempts``, ``connect_timeout`` and
    ``stalled_timeout`` in seconds (0: the transport's own).

    For binary caches: ``substitute`` (whether to ask them at all), ``substituters`` (their URLs), ``trusted_public_keys``,
    ``require_sigs``, ``fallback`` (build what a cache promised and did not give), ``secret_key_files`` (what is built is signed).
    """

    root: str
    cache: str
    home: str
    store_dir: str = STORE_DIR
    system: str = "x86_64-linux"
    include: tuple[str, ...] = ()
    nix_path: str = ""
    environment: Mapping[str, str] = MappingProxyType({})
    netrc: str = "/dev/null"
    ca_file: str | None = None
    sandbox: bool = True
    cores: int = 1
    max_jobs: int = 1
    timeout: float = 0
    max_silent: float = 0
    pure: bool = False
    restricted: bool = False
    relaxed: bool = False
    keep_going: bool = False
    keep_failed: bool = False
    max_log: int = 0
    log_lines: int = 10
    extra_systems: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    shm_size: str = "50%"
    durable: bool = True
    import_from_derivation: bool = True
    abort_on_warn: bool = False
    trace_verbose: bool = False
    eval_cache: bool = True
    tarball_ttl: int = 3600
    allowed_uris: tuple[str, ...] = ()
    access_tokens: tuple[tuple[str, str], ...] = ()
    allow_dirty: bool = True
    warn_dirty: bool = True
    hashed_mirrors: tuple[str, ...] = ()
    download_attempts: int = 5
    connect_timeout: float = 0
    stalled_timeout: float = 300
    substitute: bool = True
    substituters: tuple[str, ...] = USUAL_SUBSTITUTERS
    trusted_public_keys: tuple[str, ...] = USUAL_KEYS
    require_sigs: bool = True
    fallback: bool = False
    secret_key_files: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Settings(root={self.root!r}, ...)"  # there are secrets in them

    def changed(
        self,
        *,
        store: str | None = None,
        include: Sequence[str] = (),
        sandbox: bool | None = None,
        cores: int | None = None,
        max_jobs: int | None = None,
        timeout: float | None = None,
        max_silent: float | None = None,
        max_log: int | None = None,
        system: str | None = None,
        pure: bool = False,
        restricted: bool = False,
        keep_going: bool = False,
        keep_failed: bool = False,
        import_from_derivation: bool = True,
        eval_cache: bool = True,
    ) -> "Settings":
        """These settings with what the command line says on top."""
        return self._replace(
            root=self.root if store is None else store_root(store),
            include=(*self.include, *include),
            sandbox=self.sandbox if sandbox is None else sandbox,
            cores=self.cores if cores is None else cores or cpu_count(),
            max_jobs=self.max_jobs if max_jobs is None else max(0, max_jobs),
            timeout=self.timeout if timeout is None else timeout,
            max_silent=self.max_silent if max_silent is None else max_silent,
            max_log=self.max_log if max_log is None else max_log,
            system=self.system if system is None else system,
            pure=self.pure or pure,
            restricted=self.restricted or restricted,
            keep_going=self.keep_going or keep_going,
            keep_failed=self.keep_failed or keep_failed,
            import_from_derivation=self.import_from_derivation and import_from_derivation,
            eval_cache=self.eval_cache and eval_cache,
        )


def store_root(text: str) -> str:
    """The physical root that ``--store`` names: a folder, or ``local`` for the machine's own /nix/store."""
    if text == "local":
        return "/"
    prefix = "local?root="
    return os.path.abspath(os.path.expanduser(text.removeprefix(prefix)))


def cpu_count() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def current_system() -> str:
    """The system double of this machine, as Nix spells it."""
    machine = os.uname().machine.lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    return f"{machine}-{sys.platform}"


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise SettingError(name, text, "a whole number")
    return int(text)


def _absolute(path: str | None) -> str | None:
    """The XDG specification: what is relative counts as not set."""
    return path if path and path.startswith("/") else None


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; raises :class:`SettingError` for a variable that makes no sense."""
    env = dict(process_environment() if environment is None else environment)
    home = env.get("HOME") or home_of(os.getuid())
    if not home.startswith("/"):
        raise SettingError("HOME", home, "an absolute path")
    data = _absolute(env.get("XDG_DATA_HOME")) or os.path.join(home, ".local/share")
    cache = _absolute(env.get("XDG_CACHE_HOME")) or os.path.join(home, ".cache")
    flag = env.get("IMAGETOOLS_SANDBOX", "1")
    if flag not in {"0", "1"}:
        raise SettingError("IMAGETOOLS_SANDBOX", flag, "0 or 1")
    cpus = cpu_count()
    return Settings(
        root=store_root(env.get("IMAGETOOLS_STORE") or os.path.join(data, "imagetools")),
        cache=env.get("IMAGETOOLS_CACHE") or os.path.join(cache, "imagetools"),
        home=home,
        system=env.get("IMAGETOOLS_SYSTEM") or current_system(),
        netrc=env.get("NETRC") or os.path.join(home, ".netrc"),
        ca_file=_first_file(env.get("NIX_SSL_CERT_FILE"), env.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt"),
        nix_path=env.get("NIX_PATH", ""),
        environment=env,
        sandbox=flag == "1",
        cores=_number(env, "NIX_BUILD_CORES", cpus) or cpus,
        substituters=tuple(named.split()) if (named := env.get("IMAGETOOLS_SUBSTITUTERS")) is not None else USUAL_SUBSTITUTERS,
        tarball_ttl=_number(env, "IMAGETOOLS_TARBALL_TTL", 3600),
        abort_on_warn=env.get("NIX_ABORT_ON_WARN") in {"1", "true", "yes"},
        max_jobs=_number(env, "IMAGETOOLS_JOBS", cpus) or cpus,
    )


def home_of(uid: int) -> str:
    """The home folder of a user as the user database names it; raises SettingError for one whom it does not know."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        raise SettingError("HOME", "", f"set: the user database knows no user {uid}") from None


def _first_file(*candidates: str | None) -> str | None:
    return next((path for path in candidates if path and os.path.isfile(path)), None)


def process_environment() -> dict[str, str]:
    """The variables of this process as bytestrs."""
    return {os.fsencode(k).decode("latin-1"): os.fsencode(v).decode("latin-1") for k, v in os.environ.items()}
