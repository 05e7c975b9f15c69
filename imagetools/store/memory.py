"""A store in memory: the same promises as the one on disk, for tests and for evaluating without leaving anything behind.

Objects are kept as NARs. ``real_path`` names the logical path, where nothing lies; a built tree is handed in with ``put_tree``
before ``register_built``. Locks hold between threads only, result links are remembered but not made.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from imagetools.formats import aterm
from imagetools.formats.closure import Closure
from imagetools.formats.derivation import Derivation
from imagetools.formats.nar.events import Data, Regular
from imagetools.formats.nar.reader import events
from imagetools.formats.nar.writer import file_nar
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import DRV_SUFFIX, StoreDir, StorePath
from imagetools.kernel.bytestr import to_str
from imagetools.kernel.hashes import Hash, digest
from imagetools.store.closures import closure_from
from imagetools.store.incoming import check_address, check_cycles, outputs_of, read_checked
from imagetools.store.ports import BuiltOutput, InvalidPathError, LogWriter, PathFilter, StoreError, TextObject
from imagetools.store.records import Outputs
from imagetools.store.sources import Source
from imagetools.store.texts import batches, resolve, text_info

CHUNK = 1 << 20


class NotAFileError(StoreError):
    """A store object that should be one regular file and is not."""

    def __init__(self, path: str) -> None:
        super().__init__(f"path '{path}' is not a regular file")
        self.path = path


class MemoryStore:
    """All of a store in dictionaries; nothing survives the object. Registration times are 1."""

    def __init__(self, store_dir: str | StoreDir = "/nix/store") -> None:
        self._dir = store_dir if isinstance(store_dir, StoreDir) else StoreDir(store_dir)
        self._guard = threading.RLock()
        self._infos: dict[StorePath, PathInfo] = {}
        self._nars: dict[StorePath, bytes] = {}
        self._outputs: dict[StorePath, Outputs] = {}
        self._locks: dict[StorePath, threading.Lock] = {}
        self._logs: dict[StorePath, bytes] = {}
        self.temp_roots: set[StorePath] = set()
        self.roots: dict[str, StorePath] = {}

    @property
    def store_dir(self) -> StoreDir:
        return self._dir

    # -- asking

    def real_path(self, path: StorePath) -> str:
        return self._dir.join(path)

    def is_valid(self, path: StorePath) -> bool:
        return path in self._infos

    def valid_paths(self, paths: Iterable[StorePath]) -> set[StorePath]:
        return {path for path in paths if path in self._infos}

    def all_paths(self) -> list[StorePath]:
        return sorted(self._infos)

    def query(self, path: StorePath) -> PathInfo | None:
        return self._infos.get(path)

    def closure(self, roots: Iterable[StorePath]) -> Closure:
        return closure_from(self._dir, roots, self._infos)

    def referrers(self, path: StorePath) -> tuple[StorePath, ...]:
        return tuple(sorted(info.path for info in self._infos.values() if path in info.references))

    def derivers(self, path: StorePath) -> tuple[StorePath, ...]:
        text = self._dir.join(path)
        return tuple(sorted(drv for drv, outputs in self._outputs.items() if text in outputs.values()))

    def derivation_outputs(self, drv: StorePath) -> dict[str, StorePath]:
        self._require((drv,))
        return {name: self._dir.parse(path) for name, path in sorted(self._outputs.get(drv, {}).items())}

    def find_by_hash_part(self, part: str) -> StorePath | None:
        return next((path for path in self._infos if path.hash_part == part), None)

    def read_derivation(self, path: StorePath) -> Derivation:
        return aterm.parse(to_str(self.read_file(path)), path.name.removesuffix(DRV_SUFFIX))

    def read_file(self, path: StorePath) -> bytes:
        """The bytes of a valid object that is one regular file. Raises InvalidPathError, NotAFileError."""
        self._require((path,))
        return self._file_bytes(path, self._nars[path])

    def dump_nar(self, path: StorePath, sink: Callable[[bytes], object]) -> None:
        self._require((path,))
        nar = self._nars[path]
        for start in range(0, len(nar), CHUNK):
            sink(nar[start : start + CHUNK])

    # -- adding

    def add_text(self, name: str, data: bytes, references: Iterable[StorePath] = ()) -> StorePath:
        return self.add_texts((TextObject(name, data, tuple(references)),))[0]

    def add_texts(self, items: Sequence[TextObject]) -> list[StorePath]:
        paths = [resolve(self._dir, item) for item in items]
        with self._guard:
            new = {path: item for path, item in zip(paths, items, strict=True) if path not in self._infos}
            for batch in batches(new):
                self._require({reference for item in batch.values() for reference in item.references} - set(batch))
                infos = [text_info(path, item, 1) for path, item in batch.items()]
                outputs = {
                    path: item.outputs or outputs_of(path, item.data) for path, item in batch.items() if path.is_derivation
                }
                self._register(infos, {path: file_nar(item.data) for path, item in batch.items()}, outputs)
        self.temp_roots.update(paths)
        return paths

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
        nar = bytearray()
        info = Source(physical, name, method, algo, filter, references).read(self._dir, nar.extend, 1)
        self.temp_roots.add(info.path)
        with self._guard:
            if info.path not in self._infos:
                self._register((info,), {info.path: bytes(nar)}, {})
        return info.path

    @contextmanager
    def making(self) -> Iterator[str]:
        with tempfile.TemporaryDirectory() as folder:
            yield os.path.join(folder, "tree")

    def move_in(self, tree: str, name: str) -> StorePath:
        return self.add_source(tree, name)

    def import_nar(self, info: PathInfo, chunks: Iterable[bytes], *, locked: bool = False) -> None:
        self.temp_roots.add(info.path)
        with ExitStack() as stack:
            if not locked:
                stack.enter_context(self.lock((info.path,)))
            if info.path in self._infos:
                return
            self._require(reference for reference in info.references if reference != info.path)
            pieces = bytearray()
            read_checked(self._dir, info, chunks, pieces.extend)
            nar = bytes(pieces)
            for _ in events((nar,)):
                pass

            def hash_of(method: str, algo: str) -> Hash:
                return digest(algo, nar if method == "nar" else self._file_bytes(info.path, nar))

            check_address(self._dir, info, hash_of)
            outputs: dict[StorePath, Outputs] = {}
            if info.path.is_derivation:
                outputs[info.path] = outputs_of(info.path, self._file_bytes(info.path, nar))
            self._register((info,), {info.path: nar}, outputs)

    def put_tree(self, path: StorePath, nar: bytes) -> None:
        """Lay a built tree where ``register_built`` looks for it."""
        self._nars[path] = nar

    def register_built(self, outputs: Sequence[BuiltOutput]) -> None:
        for output in outputs:
            if output.path not in self._nars:
                raise InvalidPathError(self._dir.join(output.path), "it was not built")
        check_cycles(self._dir, outputs)
        self._register([output.info(1) for output in outputs], {}, {})

    # -- living together

    @contextmanager
    def lock(self, paths: Iterable[StorePath], on_wait: Callable[[StorePath], object] | None = None) -> Iterator[None]:
        with ExitStack() as stack:
            for path in sorted(set(paths)):
                lock = self._lock_of(path)
                if not lock.acquire(blocking=False):
                    if on_wait is not None:
                        on_wait(path)
                    lock.acquire()
                stack.callback(lock.release)
            yield

    def try_lock(self, paths: Iterable[StorePath]) -> AbstractContextManager[None] | None:
        with ExitStack() as stack:
            for path in sorted(set(paths)):
                lock = self._lock_of(path)
                if not lock.acquire(blocking=False):
                    return None
                stack.callback(lock.release)
            return _Held(stack.pop_all())

    def add_temp_root(self, path: StorePath) -> None:
        self.temp_roots.add(path)

    def add_root(self, link: str, target: StorePath) -> None:
        self._require((target,))
        self.roots[link] = target

    # -- logs

    def open_log(self, drv: StorePath) -> LogWriter:
        return _MemoryLog(self._logs, drv)

    def write_log(self, drv: StorePath, data: bytes) -> None:
        self._logs[drv] = data

    def read_log(self, path: StorePath) -> bytes | None:
        if path.is_derivation:
            return self._logs.get(path)
        info = self._infos.get(path)
        drvs = ([info.deriver] if info is not None and info.deriver is not None else []) + list(self.derivers(path))
        return next((self._logs[drv] for drv in drvs if drv in self._logs), None)

    # -- inside

    def _require(self, paths: Iterable[StorePath]) -> None:
        for path in sorted(set(paths)):
            if path not in self._infos:
                raise InvalidPathError(self._dir.join(path))

    def _register(self, infos: Sequence[PathInfo], nars: dict[StorePath, bytes], outputs: dict[StorePath, Outputs]) -> None:
        with self._guard:
            known = set(self._infos) | {info.path for info in infos}
            for info in infos:
                for reference in info.references:
                    if reference not in known:
                        raise InvalidPathError(self._dir.join(reference), f"'{self._dir.join(info.path)}' refers to it")
            self._nars.update(nars)
            self._outputs.update(outputs)
            self._infos.update((info.path, info) for info in infos)

    def _lock_of(self, path: StorePath) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(path, threading.Lock())

    def _file_bytes(self, path: StorePath, nar: bytes) -> bytes:
        found = list(events((nar,)))
        if not isinstance(found[0], Regular):
            raise NotAFileError(self._dir.join(path))
        return b"".join(event.chunk for event in found if isinstance(event, Data))


class _Held(AbstractContextManager[None]):
    """Locks that are held already and are given back at the end."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __exit__(self, *_: object) -> None:
        self._stack.close()


class _MemoryLog:
    def __init__(self, logs: dict[StorePath, bytes], drv: StorePath) -> None:
        self._logs = logs
        self._drv = drv
        logs[drv] = b""

    def write(self, data: bytes) -> None:
        self._logs[self._drv] += data

    def close(self) -> None:
        pass
