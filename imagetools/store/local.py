"""The store on disk: objects, their metadata, locks, roots and logs of one folder, joined to what ``ports.Store`` promises.

Opening it does nothing; the first question opens the database, the first object makes the folders. Valid means registered: an
object is made under another name, hashed while it is written, made durable, renamed into place and only then registered, all
under its lock. What Nix's shape forces: temporary root before the look whether a path is valid, and a second look once its lock
is held.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from imagetools.formats import aterm
from imagetools.formats.closure import Closure
from imagetools.formats.derivation import Derivation
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import DRV_SUFFIX, StoreDir, StorePath
from imagetools.kernel.bytestr import to_str
from imagetools.store.closures import closure_from, missing_members
from imagetools.store.database import Database
from imagetools.store.disk import sync_objects
from imagetools.store.fs_nar import dump
from imagetools.store.fs_restore import restoring
from imagetools.store.incoming import check_cycles, outputs_of, read_text, restore_checked
from imagetools.store.layout import Layout
from imagetools.store.locks import PathLocks
from imagetools.store.logs import LogFile, read_log
from imagetools.store.objects import Workplace
from imagetools.store.ports import BuiltOutput, InvalidPathError, LogWriter, PathFilter, TextObject
from imagetools.store.records import Outputs, Records
from imagetools.store.roots import add_root, prune
from imagetools.store.sources import Source, made_source, make_movable
from imagetools.store.temp_roots import TempRoots
from imagetools.store.texts import batches, resolve, text_info

if TYPE_CHECKING:
    from imagetools.store.gc.collector import Collector


class LocalStore:
    """The store whose root folder is ``root``. ``durable=False`` leaves out every fsync (for tests and throw-away stores).

    ``on_lock_wait`` hears of each path for which an adding method must wait. With ``protecting`` every path that is asked about
    becomes a temporary root first, so that no answer can grow old: for whoever builds on what it hears, beside collections.
    ``sign`` adds signatures to what is built here (row 7.013).
    """

    def __init__(
        self,
        root: str,
        store_dir: str | StoreDir = "/nix/store",
        *,
        durable: bool = True,
        on_lock_wait: Callable[[StorePath], object] | None = None,
        protecting: bool = False,
        sign: Callable[[PathInfo], PathInfo] | None = None,
    ) -> None:
        self._sign = sign
        self._protecting = protecting
        self._dir = store_dir if isinstance(store_dir, StoreDir) else StoreDir(store_dir)
        self.layout = Layout(root, self._dir)
        self.on_lock_wait = on_lock_wait
        self._durable = durable
        self._database = Database(self.layout, durable=durable)
        self._records = Records(self._database, self._dir)
        self._temp_roots = TempRoots(self.layout)
        self._work = Workplace(self.layout, self.add_temp_root)
        self._infos: dict[StorePath, PathInfo] = {}
        self._valid: set[StorePath] = set()

    @property
    def store_dir(self) -> StoreDir:
        return self._dir

    # -- asking

    def real_path(self, path: StorePath) -> str:
        return self.layout.real_path(path)

    def is_valid(self, path: StorePath) -> bool:
        return path in self._valid or bool(self.valid_paths((path,)))

    def valid_paths(self, paths: Iterable[StorePath]) -> set[StorePath]:
        wanted = set(paths)
        found = wanted & self._valid
        self._protect(wanted - found)
        if len(found) < len(wanted):
            new = self._records.valid(wanted - found)
            self._valid |= new
            found |= new
        return found

    def all_paths(self) -> list[StorePath]:
        return self._records.all_paths()

    def query(self, path: StorePath) -> PathInfo | None:
        info = self._infos.get(path)
        if info is None:
            self._protect((path,))
            info = self._records.info(path)
            if info is not None:
                self._remember((info,))
        return info

    def closure(self, roots: Iterable[StorePath]) -> Closure:
        wanted = list(roots)
        missing = missing_members(wanted, self._infos)
        if missing:
            self._protect(missing)
            self._remember(self._records.infos(missing).values())
        return closure_from(self._dir, wanted, self._infos)

    def referrers(self, path: StorePath) -> tuple[StorePath, ...]:
        return self._records.referrers(path)

    def derivers(self, path: StorePath) -> tuple[StorePath, ...]:
        return self._records.derivers(path)

    def derivation_outputs(self, drv: StorePath) -> dict[str, StorePath]:
        self._require((drv,))
        return self._records.derivation_outputs(drv)

    def find_by_hash_part(self, part: str) -> StorePath | None:
        return self._records.find_by_hash_part(part)

    def read_derivation(self, path: StorePath) -> Derivation:
        self._require((path,))
        return aterm.parse(to_str(read_text(self.real_path(path))), path.name.removesuffix(DRV_SUFFIX))

    def dump_nar(self, path: StorePath, sink: Callable[[bytes], object]) -> None:
        self._require((path,))
        dump(self.real_path(path), sink)

    # -- adding

    def add_text(self, name: str, data: bytes, references: Iterable[StorePath] = ()) -> StorePath:
        return self.add_texts((TextObject(name, data, tuple(references)),))[0]

    def add_texts(self, items: Sequence[TextObject]) -> list[StorePath]:
        paths = [resolve(self._dir, item) for item in items]
        unknown = {path: item for path, item in zip(paths, items, strict=True) if path not in self._valid}
        if unknown:
            self._prepare(unknown)
            for path in self.valid_paths(unknown):
                del unknown[path]
        for batch in batches(unknown):
            self._add_batch(batch)
        return paths

    def _add_batch(self, batch: dict[StorePath, TextObject]) -> None:
        with self.lock(batch, self.on_lock_wait):
            new = [path for path in batch if path not in self.valid_paths(batch)]
            self._require({reference for path in new for reference in batch[path].references} - set(new))
            outputs = {path: batch[path].outputs or outputs_of(path, batch[path].data) for path in new if path.is_derivation}
            for path in new:
                self._work.place_text(path, batch[path].data)
            self._register([text_info(path, batch[path], self._now()) for path in new], outputs)

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
        source = Source(physical, name, method, algo, filter, references)
        path = source.path(self._dir)
        self._prepare((path,))
        if self.is_valid(path):
            return path
        temporary = self._work.new_name()
        try:
            with restoring(temporary) as feed:
                info = source.read(self._dir, feed, self._now())
            self._prepare((info.path,))
            with self.lock((info.path,), self.on_lock_wait):
                if not self.is_valid(info.path):
                    self._work.place_tree(temporary, info.path)
                    self._register((info,), {})
            return info.path
        finally:
            self._work.discard(temporary)

    @contextmanager
    def making(self) -> Iterator[str]:
        place = self._work.new_name()
        try:
            yield place
        finally:
            self._work.discard(place)

    def move_in(self, tree: str, name: str) -> StorePath:
        info = made_source(self._dir, tree, name, self._now())
        self._prepare((info.path,))
        if self.is_valid(info.path):
            return info.path
        make_movable(tree)
        with self.lock((info.path,), self.on_lock_wait):
            if not self.is_valid(info.path):
                self._work.place_tree(tree, info.path)
                self._register((info,), {})
        return info.path

    def import_nar(self, info: PathInfo, chunks: Iterable[bytes], *, locked: bool = False) -> None:
        self._prepare((info.path,))
        if self.is_valid(info.path):
            return
        with PathLocks() if locked else self.lock((info.path,), self.on_lock_wait):
            if self.is_valid(info.path):
                return
            self._require(reference for reference in info.references if reference != info.path)
            temporary = self._work.new_name()
            try:
                restore_checked(self._dir, info, chunks, temporary)
                self._work.place_tree(temporary, info.path)
            finally:
                self._work.discard(temporary)
            outputs: dict[StorePath, Outputs] = {}
            if info.path.is_derivation:
                outputs[info.path] = outputs_of(info.path, read_text(self.real_path(info.path)))
            self._register((info,), outputs)

    def register_built(self, outputs: Sequence[BuiltOutput]) -> None:
        for output in outputs:
            if not os.path.lexists(self.real_path(output.path)):
                raise InvalidPathError(self._dir.join(output.path), "it was not built")
        check_cycles(self._dir, outputs)
        self._prepare(output.path for output in outputs)
        now = self._now()
        infos = [output.info(now) for output in outputs]
        self._register(infos if self._sign is None else [self._sign(info) for info in infos], {})

    def add_signatures(self, path: StorePath, signatures: Iterable[str]) -> PathInfo:
        """Add to what is registered of a valid path; what there is now. Raises InvalidPathError."""
        self._prepare((path,))
        info = self._records.info(path)
        if info is None:
            raise InvalidPathError(self._dir.join(path))
        more = info.with_signatures(signatures)
        if more != info:
            self._records.register((more,), {})
            self._remember((more,))
        return more

    # -- living together

    @contextmanager
    def lock(self, paths: Iterable[StorePath], on_wait: Callable[[StorePath], object] | None = None) -> Iterator[None]:
        locks = PathLocks()
        self._database.create()
        locks.acquire(self.layout, paths, wait=True, on_wait=on_wait or self.on_lock_wait)
        with locks:
            yield

    def try_lock(self, paths: Iterable[StorePath]) -> AbstractContextManager[None] | None:
        locks = PathLocks()
        self._database.create()
        return locks if locks.acquire(self.layout, paths, wait=False) else None

    def add_temp_root(self, path: StorePath) -> None:
        self._prepare((path,))

    def add_root(self, link: str, target: StorePath) -> None:
        self._prepare((target,))
        self._require((target,))
        add_root(self.layout, link, target)
        prune(self.layout)

    def collector(self, *, keep_derivations: bool = True, keep_outputs: bool = False) -> "Collector":
        """What deletes the objects that nothing keeps. Use another store object afterwards: this one remembers the dead."""
        from imagetools.store.gc.collector import Collector  # noqa: PLC0415  (few commands delete)

        return Collector(self.layout, self._database, keep_derivations=keep_derivations, keep_outputs=keep_outputs)

    # -- logs

    def open_log(self, drv: StorePath) -> LogWriter:
        return LogFile(self.layout, drv)

    def write_log(self, drv: StorePath, data: bytes) -> None:
        with LogFile(self.layout, drv) as log:
            log.write(data)

    def read_log(self, path: StorePath) -> bytes | None:
        if path.is_derivation:
            return read_log(self.layout, path)
        info = self.query(path)
        drvs = ([info.deriver] if info is not None and info.deriver is not None else []) + list(self.derivers(path))
        return next((log for log in (read_log(self.layout, drv) for drv in drvs) if log is not None), None)

    # -- the end

    def close(self) -> None:
        """Give up temporary roots and temporary files; before ``os._exit`` too, else it looks like a crash to others."""
        self._work.close()
        self._temp_roots.close()
        self._database.close()

    def __enter__(self) -> "LocalStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- inside

    def _now(self) -> int:
        return int(time.time())

    def _prepare(self, paths: Iterable[StorePath]) -> None:
        self._database.create()
        self._temp_roots.add(paths)

    def _protect(self, paths: Iterable[StorePath]) -> None:
        if self._protecting and self._database.exists():
            self._temp_roots.add(paths)

    def _require(self, paths: Iterable[StorePath]) -> None:
        wanted = set(paths)
        for path in sorted(wanted - self.valid_paths(wanted)):
            raise InvalidPathError(self._dir.join(path))

    def _remember(self, infos: Iterable[PathInfo]) -> None:
        for info in infos:
            self._infos[info.path] = info
            self._valid.add(info.path)

    def _register(self, infos: Sequence[PathInfo], outputs: dict[StorePath, Outputs]) -> None:
        if not infos:
            return
        if self._durable:
            sync_objects(self.layout.store, [self.real_path(info.path) for info in infos])
        self._records.register(infos, outputs)
        self._remember(infos)
