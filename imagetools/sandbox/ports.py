"""What a build needs to know of its cage: a request without Nix in it, an outcome, and one Protocol.

A derivation is lowered to a ``BuildRequest`` (realise does that); whoever runs it learns argv, environment, files, folders and
time limits, and refuses to know derivations, closures or the store's database. All texts are bytestrs (``str`` of latin-1 code
points) except paths of the host, which are ordinary Python file names. Nix's shape behind it: the build folder is ``/build``, the
outputs are created at their logical paths, and what becomes of them afterwards is not the cage's business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

from imagetools.kernel.errors import ImagetoolsError

BUILD_FOLDER = "/build"
KEPT = ".kept"  # the name of ``BuildRequest.kept`` in the folder of the outputs
Limit = Literal["", "total", "silent", "log"]


class SandboxError(ImagetoolsError):
    """Root of what a sandbox complains about; the host's fault unless a subclass says otherwise."""

    fault: ClassVar[str] = "host"


class NoNamespacesError(SandboxError):
    """The host forbids what the sandbox is made of (issue 2 section 4: names the switch)."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"cannot make a sandbox on this host: {what}: {reason}",
            "allow unprivileged user namespaces (see /proc/sys/user/max_user_namespaces, kernel.unprivileged_userns_clone and "
            "kernel.apparmor_restrict_unprivileged_userns), or build without isolation: --no-sandbox",
        )
        self.what = what
        self.reason = reason


class SetupError(SandboxError):
    """One step of making the sandbox failed; ``step`` names it."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"while setting up the build environment: {step}: {reason}")
        self.step = step
        self.reason = reason


class NeedsSandboxError(SandboxError):
    """A build that cannot run without a sandbox: its outputs belong below a folder that is not the store's own."""

    def __init__(self, store_dir: str, physical: str) -> None:
        super().__init__(
            f"cannot build without a sandbox: builders write to '{store_dir}', but this store lies in '{physical}'",
            "leave out --no-sandbox, or use the store that lies at its own place: --store local",
        )
        self.store_dir = store_dir
        self.physical = physical


class CancelledError(SandboxError):
    """The build was stopped by ``cancel``."""

    exit_code: ClassVar[int] = 1

    def __init__(self, name: str) -> None:
        super().__init__(f"the build of '{name}' was interrupted")
        self.name = name


@dataclass(frozen=True, slots=True)
class Bind:
    """A file, folder or symlink of the host that shows up at ``target``; an ``optional`` one may be missing."""

    source: str
    target: str
    read_only: bool = True
    optional: bool = False


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """One build.

    ``name`` is for messages. ``program`` is executed with ``argv`` (its first item is the program's own name) and exactly
    ``env``, in the build folder, after ``files`` (name to contents) were written there. ``outputs`` maps output names to logical
    paths below ``store_dir`` which the builder may create; ``physical_store_dir`` is where that folder lies here. ``scratch``
    is an existing, empty host folder on the same file system, for this build alone; the caller removes it. ``network`` keeps the
    host's network. ``system`` chooses the personality. ``timeout`` and ``max_silent`` are seconds, ``max_log`` bytes; None or 0
    mean no limit. ``builtin`` marks our own process, which needs no ``/bin/sh`` and may be told physical paths. ``kept`` is a
    host folder in ``scratch`` that the build owns while it runs, under the name ``KEPT`` in the folder of the outputs.
    ``as_root``: the build is root of its own namespace, with ids 1 to 65535 too where the host grants them; for our own process
    alone, since such a build could change its inputs (what it starts for others it puts into a namespace below: ``rooted``).
    """

    name: str
    program: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    scratch: str
    store_dir: str
    physical_store_dir: str
    outputs: Mapping[str, str]
    binds: tuple[Bind, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    network: bool = False
    system: str = "x86_64-linux"
    timeout: float | None = None
    max_silent: float | None = None
    max_log: int | None = None
    builtin: bool = False
    kept: str | None = None
    as_root: bool = False


@dataclass(frozen=True, slots=True)
class BuildOutcome:
    """How a build ended: an ``exit_code`` or a ``signal``; ``limit`` says which limit stopped it.

    ``output_roots`` maps output names to the host paths where the trees now lie, for outputs that were created. They belong to
    the host user ``owner``, which is not the caller where root built as somebody else: whoever makes them canonical takes them
    back. ``build_folder`` is the host path of the build folder; it belongs to ``owner``, too.
    """

    exit_code: int | None
    signal: int | None
    output_roots: Mapping[str, str]
    build_folder: str
    owner: int
    limit: Limit = ""

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0 and not self.limit


class Sandbox(Protocol):
    """Runs builds; every method may be called from any thread, several ``run`` at once."""

    @property
    def isolates(self) -> bool:
        """Whether builds see the store at its logical place and nothing else of the host."""
        ...

    def build_folder(self, scratch: str) -> str:
        """The build folder as the builder sees it (``/build`` in a real sandbox)."""
        ...

    def output_folder(self, request_store_dir: str, scratch: str) -> str:
        """The folder in which the builder creates outputs, as the builder sees it."""
        ...

    def run(self, request: BuildRequest, on_output: Callable[[bytes], object]) -> BuildOutcome:
        """Run to the end. ``on_output`` gets stdout and stderr as they come. Raises SandboxError, CancelledError."""
        ...

    def cancel(self) -> None:
        """Stop every build that runs now; their ``run`` raises CancelledError."""
        ...

    def close(self) -> None:
        """Let go of everything that is kept between builds."""
        ...
