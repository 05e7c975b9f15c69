"""All that a fetcher or builder may see of the house: its context, and the shape it has itself.

``builtin:NAME`` in a derivation means that Python of ours makes the outputs, in a process of its own, inside the sandbox
(row 4.056). The process never reaches the database, the network layer or the sandbox: closure, transport and shell come through
the context. This module is pure types; it refuses to construct anything.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Protocol, runtime_checkable

from imagetools.formats.closure import Closure
from imagetools.formats.store_path import StoreDir
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash

if TYPE_CHECKING:  # few builders ask registries, and all wait for their process to start
    from imagetools.image.remote_reference import RemoteReference
    from imagetools.image_io.ports import Repository
    from imagetools.net.ports import Transport

#: In the build folder: the ledger that a builder of layers leaves.
LEDGER: Final = ".layers"

#: Where hosts keep certificates: ``host_binds`` of whoever speaks TLS.
CERTIFICATES: Final = ("/etc/ssl", "/etc/pki", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates")


class BuiltinError(ImagetoolsError):
    """A builtin builder cannot do its work; subclass it beside the code that raises. It becomes the end of the build's log."""


class MissingAttributeError(BuiltinError):
    """The derivation lacks an attribute that its builtin builder needs."""

    def __init__(self, builder: str, attribute: str) -> None:
        super().__init__(f"builtin:{builder} needs the attribute '{attribute}'")
        self.builder = builder
        self.attribute = attribute


class NoNetworkError(BuiltinError):
    """A builtin builder needs the network, but its derivation has no fixed output hash."""

    def __init__(self, builder: str) -> None:
        super().__init__(
            f"builtin:{builder} needs the network, which only fixed-output derivations have",
            "give the derivation a hash (outputHash, or hash / sha256 of the function that made it)",
        )
        self.builder = builder


class ShellFailedError(BuiltinError):
    """A program that a builtin builder ran did not end with 0; ``status`` is negative for a signal."""

    def __init__(self, argv: Sequence[str], status: int) -> None:
        super().__init__(
            f"program '{argv[0]}' " + (f"was killed by signal {-status}" if status < 0 else f"failed with exit code {status}")
        )
        self.argv = tuple(argv)
        self.status = status


class Measured(NamedTuple):
    """What a builder of ours found out about an output that is one file, while it wrote it: size in bytes, hash (SHA-256) and
    size of its NAR, hash of its bytes."""

    size: int
    executable: bool
    nar_hash: Hash
    nar_size: int
    file_hash: Hash


class FileFacts(Protocol):
    """What ``lstat`` says of a file (``os.stat_result``)."""

    @property
    def st_dev(self) -> int: ...
    @property
    def st_ino(self) -> int: ...
    @property
    def st_mode(self) -> int: ...
    @property
    def st_uid(self) -> int: ...
    @property
    def st_gid(self) -> int: ...
    @property
    def st_rdev(self) -> int: ...


class Root(Protocol):
    """Root's rights over trees in the build folder. Places are physical; what the namespace cannot hold is kept in a table."""

    @property
    def several(self) -> bool:
        """Whether commands have several users; if not, they cannot become anybody else."""
        ...

    def give(self, place: bytes, uid: int, gid: int) -> None:
        """chown, not following links."""
        ...

    def make_device(self, place: bytes, kind: int, mode: int, device: tuple[int, int]) -> None:
        """mknod; ``kind`` is S_IFCHR or S_IFBLK, ``device`` the major and minor number."""
        ...

    def owner(self, info: FileFacts) -> tuple[int, int]:
        """User and group of a file in a tree, given its ``lstat``."""
        ...

    def device(self, info: FileFacts) -> tuple[int, tuple[int, int]] | None:
        """Kind and numbers of a device, None for anything else; devices lie in the tree as empty files."""
        ...

    def run(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str, root: bytes | None = None
    ) -> tuple[int, tuple[str, ...]]:
        """Run a program as root, without network; its output goes to the log. With ``root`` that folder is its root: it must
        have ``dev``, ``proc`` and the store's folder, where they are mounted (what the folder's own store has stays visible).
        The exit code (negative: a signal), and what was asked for in vain, for a hint. Raises ImagetoolsError."""
        ...


class BuiltinContext(Protocol):
    """What one run of a builtin builder may use. Texts from the derivation are bytestrs."""

    @property
    def name(self) -> str:
        """The builder's name, without ``builtin:``."""
        ...

    @property
    def env(self) -> Mapping[str, str]:
        """The derivation's environment as a builder would see it (passAsFile values too, under their own names)."""
        ...

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The derivation's attributes as JSON values (their strings are bytestrs too), where it has structured attributes; with
        its outputs and the graphs that it asks for. Empty otherwise; ``env`` has all that can be a variable in both cases."""
        ...

    @property
    def outputs(self) -> Mapping[str, str]:
        """Output name to the path to create, as this process sees it."""
        ...

    @property
    def logical_outputs(self) -> Mapping[str, str]:
        """Output name to store path: what to write into files. The same as ``outputs`` in a real sandbox."""
        ...

    @property
    def scratch(self) -> str:
        """The build folder: the working directory, empty except for files of ours."""
        ...

    @property
    def store_dir(self) -> StoreDir: ...

    @property
    def transport(self) -> "Transport | None":
        """How to download; None unless the derivation has a fixed output."""
        ...

    @property
    def kept(self) -> str:
        """A folder whose files survive a failed or killed build and are there again in the next one of the same derivation:
        for what has come of a download. What lies there is no input: check it. With a fixed output it is on the file system
        of ``outputs``, so that a whole file becomes an output by rename."""
        ...

    @property
    def ledger(self) -> str:
        """The folder, which may not exist and is not to be written to, of what was once measured of layers (image_io.ledger).
        What a builder of layers measures itself it leaves in a ledger LEDGER in ``scratch``."""
        ...

    @property
    def ca_file(self) -> str | None:
        """The certificates to trust, for programs that download by themselves; None where nothing was said."""
        ...

    @property
    def netrc(self) -> str:
        """The text of the person's netrc file, for programs that download by themselves; empty without network."""
        ...

    def real_path(self, logical: str) -> str:
        """Where a store path (or a path inside one) of the inputs lies for this process."""
        ...

    def closure(self, roots: Sequence[str]) -> Closure:
        """The closure of some inputs' store paths (full logical paths). Raises BuiltinError for what is not an input."""
        ...

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
        """Run a program; its output goes to the log, or is returned where ``capture`` is set. Raises ShellFailedError.

        With ``listen`` nothing goes to the log: each line is handed over as it comes, without its end (a carriage return ends a
        line too), those of standard error alone where ``capture`` is set.
        """
        ...

    def repository(self, reference: "RemoteReference", *, insecure: bool = False) -> "Repository":
        """A repository of an image registry, with the person's login where the builder said that it asks there
        (``AsksRegistries``). ``insecure`` allows any certificate, and http. Raises NoNetworkError."""
        ...

    def root(self) -> Root:
        """Root's rights, for builders that said so (``WantsRoot``). Raises ImagetoolsError without a sandbox."""
        ...

    def log(self, text: str) -> None:
        """Write a line of (real) text to the build's log."""
        ...

    def measured(self, output: str, facts: Measured) -> None:
        """Say what was measured of a finished output, so that it need not be read again. Believed only where the derivation has
        a fixed output and no inputs, so that no foreign program had a hand in it."""
        ...


class BuiltinBuilder(Protocol):
    """One fetcher or builder; its package's ``BUILTINS`` says where its class is."""

    name: ClassVar[str]
    needs_network: ClassVar[bool]
    host_binds: ClassVar[tuple[str, ...]]
    """Further folders of the host to show read-only, where they exist (``/var/lib/apt``)."""

    def build(self, ctx: BuiltinContext) -> None:
        """Create every output. Raises BuiltinError (or any ImagetoolsError)."""
        ...


@runtime_checkable
class MeasuresLayers(Protocol):
    """What a builtin builder may be in addition: one that makes layers, reads ``ctx.ledger`` and adds to it."""

    def runs_commands(self, env: Mapping[str, str]) -> bool:
        """Whether a build with this environment runs programs of the definition: then nothing that it measured is believed."""
        ...


@runtime_checkable
class ReadsHostFiles(Protocol):
    """What a builtin builder may be in addition: one that reads files of the host which its derivation names (``file:`` URLs)."""

    def host_files(self, env: Mapping[str, str]) -> tuple[str, ...]:
        """Full paths to show read-only in the sandbox, where they exist; ``env`` is the derivation's (bytestrs)."""
        ...


@runtime_checkable
class AsksRegistries(Protocol):
    """What a builtin builder may be in addition: one that reads from an image registry, perhaps with a login."""

    def registry(self, env: Mapping[str, str]) -> "RemoteReference | None":
        """The image that it will ask for; ``env`` is the derivation's (bytestrs). None for what it cannot understand."""
        ...


@runtime_checkable
class WantsRoot(Protocol):
    """What a builtin builder may be in addition: one that needs root's rights over files which it makes, for some derivations."""

    def wants_root(self, env: Mapping[str, str]) -> bool:
        """``env`` is the derivation's (bytestrs)."""
        ...
