"""EvalIO over the real file system and the store: what an evaluation of a definition can see.

Logical paths below the store folder are read at their physical place, following symlinks *logically*: a link in the store points
to ``/nix/store/...``, which the host need not have. In read-only mode (``imagetools eval``, as ``nix-instantiate --eval``)
nothing is written: paths are only computed. What ``toFile`` makes can be read back in both modes.
"""

import os
import stat
from collections.abc import Callable, Mapping
from typing import Final

from imagetools.formats.addressing import fixed_path, source_path
from imagetools.formats.nar.writer import file_nar
from imagetools.formats.store_path import StoreNameError, StorePath, StorePathError, check_name
from imagetools.instantiate.recording import Recorder, snapshot
from imagetools.kernel.bytestr import to_bytes, to_str
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import digest
from imagetools.lang.runtime.errors import EvalError, InvalidPath, InvalidStorePath, RealisationFailed
from imagetools.store.fs_dump import SourceReadError, UnsupportedFileError
from imagetools.store.fs_nar import nar_hash
from imagetools.store.ports import Store

LINKS_MAX: Final = 100
PIECE: Final = 1 << 20
SOME_PATH: Final = StorePath(bytes(20), "x")
UNWRITTEN: Final = "nothing is written into the store, so that it cannot be built: --read-write-mode changes that"
Build = Callable[[Mapping[StorePath, tuple[str, ...]]], object]
"""Makes outputs (derivation to output names) valid, or raises."""
_KINDS: Final = {stat.S_IFREG: "regular", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}


class StoreIO:
    """The world as an evaluation sees it.

    ``cache`` is the folder of the parse cache, ``say`` takes lines for the person. ``write`` brings what the evaluation has made
    so far into the store (in read-only mode nothing), ``build`` makes outputs valid; None: evaluating may not build.
    """

    def __init__(
        self,
        store: Store,
        *,
        cache: str,
        home: str,
        environment: Mapping[str, str],
        now: int,
        say: Callable[[str], None],
        read_only: bool = False,
        pure: bool = False,
        write: Callable[[], object] = lambda: None,
        build: Build | None = None,
    ) -> None:
        self.store = store
        self._write = write
        self._build = build
        self.pure = pure
        self.read_only = read_only
        self.texts: dict[str, bytes] = {}
        self.text_references: dict[str, frozenset[str]] = {}
        self.download: Callable[[str], str | None] | None = None
        self.recorder: Recorder | None = None
        self._cache = cache
        self._home = home
        self._environment = environment
        self._now = now
        self._say = say
        self._prefix = store.store_dir.path + "/"
        self._copied: dict[str, str] = {}

    @property
    def store_dir(self) -> str:
        return self.store.store_dir.path

    def is_in_store(self, path: str) -> bool:
        return path.startswith(self._prefix)

    # -- files -------------------------------------------------------------------------------------------------------

    def read_file(self, path: str) -> bytes:
        return self._read(path)

    def _read(self, path: str) -> bytes:
        if path in self.texts:
            return self.texts[path]
        try:
            data, state = _whole(self.place(path))
        except OSError as error:
            raise _unreadable(path, error) from None
        if self.recorder is not None:
            self.recorder.file(path, state, data)
        return data

    def read_dir(self, path: str) -> dict[str, str]:
        try:
            place = self.place(path)
            state = os.stat(place)
            with os.scandir(place) as entries:
                found = {to_str(entry.name): _entry_kind(entry) for entry in entries}
        except OSError as error:
            if path == self.store_dir and isinstance(error, FileNotFoundError):
                self.spoil("the store is empty")
                return {}
            if isinstance(error, NotADirectoryError):
                raise InvalidPath(f"'{path}' is not a directory") from None
            raise _unreadable(path, error) from None
        if self.recorder is not None:
            self.recorder.listing(path, state, found)
        return found

    def kind(self, path: str) -> str | None:
        if path in self.texts:
            return "regular"
        if path == self.store_dir:
            return "directory"  # also before anything is in it
        found: str | None = None
        try:
            found = _KINDS.get(stat.S_IFMT(os.lstat(self._physical(path)).st_mode), "unknown")
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise _unreadable(path, error) from None
        if self.recorder is not None:
            self.recorder.kind(path, found)
        return found

    def read_link(self, path: str) -> str:
        try:
            target = to_str(os.readlink(self._physical(path)))
        except OSError as error:
            raise _unreadable(path, error) from None
        if self.recorder is not None:
            self.recorder.link(path, target)
        return target

    def _physical(self, path: str) -> bytes:
        """Where a logical path lies; its folders may be links, its last component is not followed."""
        if not path.startswith(self._prefix):
            return self._objects() if path == self.store_dir else to_bytes(path)
        name, _, rest = path[len(self._prefix) :].partition("/")
        try:
            store_path = StorePath.parse(name)
        except StorePathError:  # no name of a store object: nothing is there, or nothing that a store knows
            return os.path.join(self._objects(), to_bytes(path[len(self._prefix) :]))
        if not rest:
            return os.fsencode(self.store.real_path(store_path))
        folder, _, name = path.rpartition("/")
        return os.path.join(self.place(folder), to_bytes(name))

    def _objects(self) -> bytes:
        """The folder where all store objects lie."""
        return os.path.dirname(os.fsencode(self.store.real_path(SOME_PATH)))

    def place(self, path: str) -> bytes:
        """Where the object behind a logical path lies, with every link followed as the store means it."""
        for _ in range(LINKS_MAX):
            if not path.startswith(self._prefix):
                return self._physical(path)
            physical = self._physical(path)
            try:
                target = to_str(os.readlink(physical))
            except OSError:
                return physical
            path = os.path.normpath(target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}")
        raise InvalidPath(f"too many symbolic links in '{path}'")

    # -- the person and the machine ----------------------------------------------------------------------------------

    def get_env(self, name: str) -> str:
        value = self._environment.get(name, "")
        if self.recorder is not None:
            self.recorder.variable(name, value)
        return value

    def now(self) -> int:
        self.spoil("it asks for the time")
        return self._now

    def home(self) -> str:
        return self._home

    def cwd(self) -> str:
        return to_str(os.fsencode(os.getcwd()))

    def trace(self, text: str) -> None:
        if self.recorder is not None:
            self.recorder.said.append(text)
        self._say(text)

    def spoil(self, reason: str) -> None:
        """The evaluation has learnt something that cannot be asked again."""
        if self.recorder is not None:
            self.recorder.spoil(reason)

    def relied_on(self, path: str) -> None:
        """The evaluation needs a logical store path to be valid."""
        if self.recorder is not None:
            self.recorder.valid(path)

    # -- the store ---------------------------------------------------------------------------------------------------

    def copy_to_store(self, path: str) -> str:
        """Row 4.009: the path's NAR in the store under its base name; done once a path and evaluation."""
        found = self._copied.get(path)
        if found is None:
            found = self._copied[path] = self.add_path(path, path.rpartition("/")[2], "nar")
        return found

    def check(self, path: str) -> None:
        """Raises RestrictedPath where the evaluation may not see ``path``; here it may see everything."""

    def check_uri(self, uri: str) -> None:
        """Raises RestrictedUri where the evaluation may not fetch from ``uri``; here it may fetch from everywhere."""

    def allow(self, path: str) -> None:
        """Let the evaluation see what it has just made; nothing to do here."""

    def add_path(
        self,
        path: str,
        name: str,
        method: str,
        keep: Callable[[str, str], bool] | None = None,
        *,
        fixed: bool = False,
        references: frozenset[str] = frozenset(),
    ) -> str:
        """Copy (or in read-only mode: only hash) a file or tree; ``keep`` sees logical paths and kinds; ``fixed``: its hash is
        given, and will be compared; ``references`` (logical store paths) of what lies in the store. Gives the logical store
        path."""
        check_object_name(name)
        if path in self.texts:
            if not self.is_in_store(path):
                raise InvalidPath(f"'{path}' is a part of imagetools; it cannot be copied into the store")
            if self.read_only:
                return self._path_of_text(self.texts[path], name, method, references)
            self._write()
        physical = to_str(self.place(path))
        members = None if self.recorder is None else snapshot(to_bytes(physical))
        wanted = None if keep is None else _logical_filter(keep, physical, path)
        store_dir = self.store.store_dir
        needed = [store_dir.parse(reference) for reference in references]
        try:
            place = os.fsdecode(to_bytes(physical))
            if not self.read_only:
                made = self.store.add_source(place, name, method=method, filter=wanted, references=needed)
            elif method == "nar":
                hash_, _ = nar_hash(place, filter=wanted)
                made = source_path(store_dir, name, hash_, needed)
            else:
                made = fixed_path(store_dir, name, "flat", digest("sha256", self._read(path)))
        except FileNotFoundError as error:
            raise _unreadable(path, error) from None
        except (SourceReadError, UnsupportedFileError) as error:
            if self.kind(path) is None:
                raise _unreadable(path, FileNotFoundError()) from None
            raise InvalidPath(to_str(error.message.encode("utf-8", "surrogateescape")), hint=error.hint) from None
        if self.recorder is not None and path not in self.texts:
            self.recorder.tree(path, name, method, keep is not None, members, store_dir.join(made))
        if not self.read_only:
            self.relied_on(store_dir.join(made))
        return store_dir.join(made)

    def _path_of_text(self, data: bytes, name: str, method: str, references: frozenset[str]) -> str:
        """Where a copy of a text of this evaluation would lie."""
        store_dir = self.store.store_dir
        if method == "nar":
            needed = [store_dir.parse(reference) for reference in references]
            return store_dir.join(source_path(store_dir, name, digest("sha256", file_nar(data)), needed))
        return store_dir.join(fixed_path(store_dir, name, "flat", digest("sha256", data)))

    def references(self, path: str) -> frozenset[str]:
        """What the valid store object around ``path`` refers to, or a text of this evaluation; anything else: nothing."""
        if path in self.text_references:
            return self.text_references[path]
        if path in self.texts or not self.is_in_store(path):
            return frozenset()
        info = self.store.query(self.store.store_dir.parse_prefix(path)[0])
        found = frozenset(() if info is None else (self.store.store_dir.join(one) for one in info.references))
        if self.recorder is not None:
            self.recorder.references(path, found)
        return found

    def ensure(self, context: frozenset[str]) -> None:
        """Row 4.058: what a context names must be there, and outputs are built if they are not (import from derivation).

        Nix quirks: first all that is named must be valid, derivations too, which in read-only mode have not been written; a
        forbidden build is one even where its output is there already. Raises InvalidStorePath, EvalError, RealisationFailed.
        """
        store_dir = self.store.store_dir
        if any(not element.startswith("/") or element.endswith(".drv") for element in context):
            self._write()
        wanted: dict[StorePath, tuple[str, ...]] = {}
        for element in sorted(context):
            if element.startswith("!"):
                _, output, path = element.split("!", 2)
                derivation = store_dir.parse(path)
                wanted[derivation] = (*wanted.get(derivation, ()), output)
            else:
                path = element.removeprefix("=")
            if path not in self.texts:
                if not self.store.is_valid(store_dir.parse(path)):
                    raise InvalidStorePath(path, UNWRITTEN if self.read_only and path.endswith(".drv") else None)
                self.relied_on(path)
        if wanted:
            self._realise(wanted)
            for drv, names in wanted.items():
                outputs = self.store.derivation_outputs(drv)
                for name in names:
                    self.relied_on(store_dir.join(outputs[name]))

    def _realise(self, wanted: Mapping[StorePath, tuple[str, ...]]) -> None:
        if self._build is None:
            first = self.store.store_dir.join(next(iter(wanted)))
            raise EvalError(
                f"cannot build '{first}' during evaluation because the option 'allow-import-from-derivation' is disabled"
            )
        try:
            self._build(wanted)
        except ImagetoolsError as error:
            raise RealisationFailed(error) from error

    # -- the parse cache ---------------------------------------------------------------------------------------------

    def _entry(self, key: str) -> str:
        return f"{self._cache}/parse/{key[:2]}/{key[2:]}"

    def parse_cache_get(self, key: str) -> bytes | None:
        try:
            return _whole(self._entry(key))[0]
        except OSError:
            return None

    def parse_cache_put(self, key: str, data: bytes) -> None:
        entry = self._entry(key)
        temporary = f"{entry}.{os.getpid()}.tmp"
        try:
            os.makedirs(os.path.dirname(entry), exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, entry)
        except OSError:
            return

    def find_file_download(self, url: str) -> str | None:
        self.spoil(f"it looks for files in '{url}'")
        if self.download is None:
            raise EvalError(f"cannot download '{url}' here")
        return self.download(url)


def check_object_name(name: str) -> None:
    """Raises EvalError, which has a place in the definition, unless ``name`` can be a store object's."""
    try:
        check_name(name)
    except StoreNameError as error:
        raise EvalError(error.message) from None


def _logical_filter(keep: Callable[[str, str], bool], physical: str, logical: str) -> Callable[[str, str], bool]:
    if physical == logical:
        return keep

    def wanted(path: str, kind: str) -> bool:
        return keep(logical + path[len(physical) :], kind)

    return wanted


def _entry_kind(entry: "os.DirEntry[bytes]") -> str:
    if entry.is_symlink():
        return "symlink"
    if entry.is_dir(follow_symlinks=False):
        return "directory"
    return "regular" if entry.is_file(follow_symlinks=False) else "unknown"


def _whole(place: str | bytes) -> tuple[bytes, os.stat_result]:
    """What a file holds, and its state. An evaluation reads thousands of files, and Python's own ask the system twice as much."""
    handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        state = os.fstat(handle)
        size = state.st_size
        data = os.read(handle, size + 1)
        if size == 0 or len(data) != size:  # a device, a file that changes, one of gigabytes
            parts = [data]
            while parts[-1]:
                parts.append(os.read(handle, PIECE))
            data = b"".join(parts)
        return data, state
    finally:
        os.close(handle)


def _unreadable(path: str, error: OSError) -> EvalError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return InvalidPath(f"path '{path}' does not exist")
    return InvalidPath(f"reading '{path}': {error.strerror}")
