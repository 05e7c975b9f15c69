"""The store as everybody else sees it: one Protocol, the values that go in, and the errors that come out.

It refuses to know where objects lie: no file, no database, no environment here. Nix's shape behind it: an object is *valid* when
it is registered, and only then; a valid object's references are valid too, so the closure of a valid path is always whole.
Paths are logical (``/nix/store/...``); only ``real_path`` speaks of the disk.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, NamedTuple, Protocol

from imagetools.formats.closure import Closure
from imagetools.formats.content_address import ContentAddress
from imagetools.formats.derivation import Derivation
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash

PathFilter = Callable[[str, str], bool]
"""``filter(path, kind)`` of ``builtins.path``: path as a bytestr, kind one of regular, directory, symlink, unknown."""


class StoreError(ImagetoolsError):
    """Root of what the store complains about."""


class InvalidPathError(StoreError):
    """A store path that is not valid (not registered) where a valid one is needed."""

    def __init__(self, path: str, because: str = "") -> None:
        super().__init__(f"path '{path}' is not valid" + (f" ({because})" if because else ""))
        self.path = path


class ImportMismatchError(StoreError):
    """A NAR that is not what its path info says; nothing of it stays in the store."""

    fault: ClassVar[str] = "host"
    exit_code: ClassVar[int] = 102

    def __init__(self, path: str, what: str, expected: str, got: str) -> None:
        super().__init__(f"{what} mismatch importing path '{path}';\n  specified: {expected}\n  got:       {got}")
        self.path = path
        self.what = what
        self.expected = expected
        self.got = got


class RootExistsError(StoreError):
    """A result link would replace something that is not a link into the store."""

    def __init__(self, link: str) -> None:
        super().__init__(
            f"cannot create symlink '{link}'; it already exists and is not a link into the store",
            "remove it, or choose another name with --out-link",
        )
        self.link = link


class RootInStoreError(StoreError):
    """A result link inside the store itself."""

    def __init__(self, link: str) -> None:
        super().__init__(
            f"creating a garbage collector root ({link}) in the store is forbidden", "run the command in another folder"
        )
        self.link = link


class TextObject(NamedTuple):
    """A text to add, most often a ``.drv``: its path follows from name, data and references.

    ``path`` and ``outputs`` (output name to logical path, of a derivation) may be given by whoever has them at hand; they are
    then believed. Without them the store computes the one and parses the other.
    """

    name: str
    data: bytes
    references: tuple[StorePath, ...] = ()
    path: StorePath | None = None
    outputs: Mapping[str, str] | None = None


class BuiltOutput(NamedTuple):
    """A finished tree that already lies canonical at ``real_path(path)`` and now becomes valid.

    ``references`` may name outputs of the same call (also each other and itself); all others must be valid. ``nar_size`` in
    bytes.
    """

    path: StorePath
    nar_hash: Hash
    nar_size: int
    references: tuple[StorePath, ...] = ()
    deriver: StorePath | None = None
    content_address: ContentAddress | None = None

    def info(self, registered_at: int) -> PathInfo:
        """What is registered: built here, hence ultimate. ``registered_at`` in seconds since 1970."""
        return PathInfo(
            path=self.path,
            nar_hash=self.nar_hash,
            nar_size=self.nar_size,
            references=tuple(sorted(set(self.references))),
            deriver=self.deriver,
            content_address=self.content_address,
            registered_at=registered_at,
            ultimate=True,
        )


class LogWriter(Protocol):
    """Where one build's combined output goes; ``close`` makes it the log of its derivation."""

    def write(self, data: bytes, /) -> object: ...

    def close(self) -> None: ...


class Store(Protocol):
    """A store of objects with logical paths (rows 6.001-6.009). All methods may be called from any thread."""

    @property
    def store_dir(self) -> StoreDir:
        """The logical store directory, ``/nix/store``."""
        ...

    # -- asking

    def real_path(self, path: StorePath) -> str:
        """Where the object lies, or would lie, on this machine's disk."""
        ...

    def is_valid(self, path: StorePath) -> bool: ...

    def valid_paths(self, paths: Iterable[StorePath]) -> set[StorePath]:
        """Which of these are valid; one question for all."""
        ...

    def all_paths(self) -> list[StorePath]:
        """Every valid path, sorted."""
        ...

    def query(self, path: StorePath) -> PathInfo | None:
        """What is known of a path; None where it is not valid."""
        ...

    def closure(self, roots: Iterable[StorePath]) -> Closure:
        """All that the roots refer to, directly or not, themselves included. Raises InvalidPathError."""
        ...

    def referrers(self, path: StorePath) -> tuple[StorePath, ...]:
        """Valid paths that refer to this one (itself too, where it does), sorted."""
        ...

    def derivers(self, path: StorePath) -> tuple[StorePath, ...]:
        """Valid derivations that have this path as an output, sorted."""
        ...

    def derivation_outputs(self, drv: StorePath) -> dict[str, StorePath]:
        """Output name to path, valid or not yet. Raises InvalidPathError where the derivation is not valid."""
        ...

    def find_by_hash_part(self, part: str) -> StorePath | None:
        """The valid path with these 32 characters."""
        ...

    def read_derivation(self, path: StorePath) -> Derivation:
        """Parse a valid ``.drv``. Raises InvalidPathError, ATermError."""
        ...

    def dump_nar(self, path: StorePath, sink: Callable[[bytes], object]) -> None:
        """Stream a valid object as a NAR. Raises InvalidPathError."""
        ...

    # -- adding

    def add_text(self, name: str, data: bytes, references: Iterable[StorePath] = ()) -> StorePath: ...

    def add_texts(self, items: Sequence[TextObject]) -> list[StorePath]:
        """Add many texts in one transaction; what is valid already costs next to nothing.

        An item may refer to others of the same call, in any order. Raises InvalidPathError for a reference that is neither.
        """
        ...

    def add_source(
        self,
        physical: str | bytes,
        name: str,
        *,
        method: str = "nar",
        algo: str = "sha256",
        filter: PathFilter | None = None,
        references: Iterable[StorePath] = (),
    ) -> StorePath:
        """Copy a file or tree of the host into the store, as ``nix-store --add`` (nar) or ``--add-fixed ALGO`` (flat) does.

        ``physical`` is a path of the operating system (a str is encoded as ``os.fsencode`` does, not as a bytestr). ``filter``
        hears the path of each member (not of the root), in order of names, and False leaves it out with all below it.
        ``references`` are those of a copy of something in the store; they must be valid.
        """
        ...

    def making(self) -> AbstractContextManager[str]:
        """A place on the store's file system where nothing is yet, for a tree that ``move_in`` may take; what is left there in
        the end is removed."""
        ...

    def move_in(self, tree: str, name: str) -> StorePath:
        """What ``add_source`` would make of a tree, without a copy: it lies in a place of ``making`` and is gone afterwards."""
        ...

    def import_nar(self, info: PathInfo, chunks: Iterable[bytes], *, locked: bool = False) -> None:
        """Unpack a NAR, check it against ``info`` (hash, size, content address) and register it.

        A path that is valid already is left alone and ``chunks`` is not read. ``locked`` says that the caller holds
        ``lock(path)``. Raises ImportMismatchError, NarError, InvalidPathError (a reference that is not valid).
        """
        ...

    def register_built(self, outputs: Sequence[BuiltOutput]) -> None:
        """Make finished trees valid, all or none. Raises InvalidPathError for a tree or a reference that is not there."""
        ...

    # -- living together

    def lock(
        self, paths: Iterable[StorePath], on_wait: Callable[[StorePath], object] | None = None
    ) -> AbstractContextManager[None]:
        """Hold the paths against every other process and thread (row 4.027).

        ``on_wait`` hears of each path that somebody else holds.
        """
        ...

    def try_lock(self, paths: Iterable[StorePath]) -> AbstractContextManager[None] | None:
        """The same, already held, or None at once where somebody else holds one of them."""
        ...

    def add_temp_root(self, path: StorePath) -> None:
        """Protect a path, valid or not, from garbage collection until this process ends."""
        ...

    def add_root(self, link: str, target: StorePath) -> None:
        """Make ``link`` a symlink to the object and a garbage collector root for as long as the link exists (row 6.039).

        Raises RootExistsError, RootInStoreError, InvalidPathError.
        """
        ...

    # -- logs

    def open_log(self, drv: StorePath) -> LogWriter: ...

    def write_log(self, drv: StorePath, data: bytes) -> None: ...

    def read_log(self, path: StorePath) -> bytes | None:
        """The log of a derivation, or of the derivation that made this output; None where there is none."""
        ...
