"""The garbage collector: finds what nothing keeps and deletes it, beside running builds (rows 6.057, 8.024-8.030).

Nix's shape: ``gc.lock`` is held alone, so that temporary roots cannot change unseen; those that come meanwhile come through a
socket (``newcomers``). What goes is first made invalid, then removed from the disk, referrers first and some at a time: a kill
at any moment leaves only whole objects valid, and trees that the next collection removes.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from imagetools.formats.store_path import StorePath
from imagetools.store.database import Database, reserve
from imagetools.store.disk import delete_tree, tree_size, writing
from imagetools.store.gc.liveness import ObjectGraph, graph_of
from imagetools.store.gc.newcomers import Newcomers
from imagetools.store.gc.processes import base_names_in_use
from imagetools.store.layout import Layout
from imagetools.store.ports import StoreError
from imagetools.store.roots import all_roots, prune
from imagetools.store.temp_roots import living_roots

BATCH: Final = 400
BELONGINGS: Final = (".lock", ".chroot", ".check", ".tmp")  # names beside an object that live and go with it


class StillAliveError(StoreError):
    """A path that should be deleted, but something keeps it."""

    def __init__(self, path: str, keeper: str) -> None:
        super().__init__(f"cannot delete path '{path}' since it is still alive", f"kept by: {keeper}")
        self.path = path
        self.keeper = keeper


_OBJECTS: Final = "select v.id, substr(v.path, ?), d.id from ValidPaths v left join ValidPaths d on d.path = v.deriver"
_EDGES: Final = "select referrer, reference from Refs"
_OUTPUTS: Final = "select o.drv, v.id from DerivationOutputs o join ValidPaths v on v.path = o.path"


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection deleted (or would delete): valid objects and other things in the store directory; bytes on the disk."""

    paths: tuple[StorePath, ...]
    leftovers: int
    freed: int


@dataclass(frozen=True, slots=True)
class State:
    """What was found: ``roots`` (where they stand, what they name), the objects, who is alive."""

    roots: tuple[tuple[str, str], ...]
    graph: ObjectGraph
    alive: set[int]

    def dead(self) -> set[int]:
        return set(self.graph.names) - self.alive

    def live_names(self) -> set[str]:
        """Base names that must stay, valid or not."""
        return {self.graph.names[number] for number in self.alive} | {name for _, name in self.roots}


class Collector:
    """Collections of one store. ``keep_derivations`` and ``keep_outputs`` are Nix's settings of those names."""

    def __init__(self, layout: Layout, database: Database, *, keep_derivations: bool = True, keep_outputs: bool = False) -> None:
        self._layout = layout
        self._database = database
        self._keep_derivations = keep_derivations
        self._keep_outputs = keep_outputs

    def look(self) -> State:
        """What is alive now, without deleting anything."""
        with self._alone(lambda: None):
            return self._state()

    def collect(
        self,
        *,
        only: Sequence[StorePath] | None = None,
        ignore_liveness: bool = False,
        max_freed: int | None = None,
        on_wait: Callable[[], object] = lambda: None,
        on_delete: Callable[[StorePath, int], object] = lambda path, freed: None,
    ) -> Collected:
        """Delete what is dead; with ``only`` nothing but these paths and what refers to them. Stops after ``max_freed`` bytes.

        ``on_wait`` is called where another collection runs; ``on_delete`` hears each path and the bytes freed until then.
        Raises StillAliveError for a path of ``only`` that is alive (with ``ignore_liveness``: that something else refers to).
        """
        if not self._database.exists():
            return Collected((), 0, 0)
        with self._alone(on_wait):
            with suppress(OSError):
                os.unlink(self._layout.reserved)  # room for the database's log on a full disk (row 8.029)
            try:
                prune(self._layout)
                state = self._state()
                numbers = {name: number for number, name in state.graph.names.items()}

                def expand(name: str) -> Iterable[str]:
                    number = numbers.get(name)
                    if number is None:
                        return (name,)
                    return [state.graph.names[each] for each in state.graph.closure((number,))]

                with Newcomers(self._layout, expand) as newcomers:
                    run = _Run(self._layout, self._database, state, newcomers, max_freed, on_delete)
                    if only is None:
                        run.delete(state.dead())
                        run.delete_leftovers()
                    else:
                        run.delete(self._wanted(state, only, ignore_liveness))
                    run.unlink_unused()
                return Collected(tuple(run.deleted), run.leftovers, run.freed)
            finally:
                with suppress(OSError):
                    reserve(self._layout.reserved)

    def _wanted(self, state: State, only: Sequence[StorePath], ignore_liveness: bool) -> set[int]:
        """The objects named, and what refers to them, which must be dead too."""
        graph = state.graph
        names = {path.base_name for path in only}
        wanted = {number for number, name in graph.names.items() if name in names}
        closure = graph.users_closure(wanted)
        for number in sorted(wanted):
            if not ignore_liveness and number in state.alive:
                raise StillAliveError(self._path(state, number), self._keeper(state, number))
            others = closure - wanted if ignore_liveness else set()
            user = next((other for other in sorted(others) if number in graph.references.get(other, ())), None)
            if user is not None:
                raise StillAliveError(self._path(state, number), f"'{self._path(state, user)}', which refers to it")
        return closure

    def _keeper(self, state: State, number: int) -> str:
        """Something that keeps an object alive, for a person: the root above it."""
        above = state.graph.users_closure({number})
        for where, name in state.roots:
            if any(state.graph.names[each] == name for each in above):
                return where
        return "the derivation or the output that belongs to it"

    def _path(self, state: State, number: int) -> str:
        return f"{self._layout.store_dir.path}/{state.graph.names[number]}"

    def _state(self) -> State:
        start_of_name = len(self._layout.store_dir.path) + 2
        graph = graph_of(
            self._database.stream(_OBJECTS, (start_of_name,)), self._database.stream(_EDGES), self._database.stream(_OUTPUTS)
        )
        valid = set(graph.names.values())
        roots = [(where, path.base_name) for where, path in all_roots(self._layout)]
        roots += [("{temp}", name) for name in living_roots(self._layout)]
        roots += [(f"{{{place}}}", name) for name, place in base_names_in_use(self._layout).items() if name in valid]
        named = {name for _, name in roots}
        start = [number for number, name in graph.names.items() if name in named]
        alive = graph.alive(start, keep_derivations=self._keep_derivations, keep_outputs=self._keep_outputs)
        return State(tuple(roots), graph, alive)

    @contextmanager
    def _alone(self, on_wait: Callable[[], object]) -> Iterator[None]:
        if not self._database.exists():
            yield
            return
        with writing(self._layout.gc_lock):
            fd = os.open(self._layout.gc_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                on_wait()
                fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


class _Run:
    """One collection at work."""

    def __init__(
        self,
        layout: Layout,
        database: Database,
        state: State,
        newcomers: Newcomers,
        max_freed: int | None,
        on_delete: Callable[[StorePath, int], object],
    ) -> None:
        self._layout = layout
        self._database = database
        self._state = state
        self._newcomers = newcomers
        self._max_freed = max_freed
        self._on_delete = on_delete
        self.deleted: list[StorePath] = []
        self.leftovers = 0
        self.freed = 0

    def delete(self, numbers: set[int]) -> None:
        """Valid objects, referrers first, some at a time; with a limit one at a time."""
        order = self._state.graph.referrers_first(numbers)
        step = BATCH if self._max_freed is None else 1
        for start in range(0, len(order), step):
            if self._enough():
                return
            self._delete_some(order[start : start + step])

    def _delete_some(self, numbers: Sequence[int]) -> None:
        names = {self._state.graph.names[number]: number for number in numbers}
        free = self._newcomers.claim(names)
        try:
            for name in self._forget({name: names[name] for name in free}):
                self.freed += self._remove(name)
                path = StorePath.parse(name)
                self.deleted.append(path)
                self._on_delete(path, self.freed)
        finally:
            self._newcomers.done()

    def _forget(self, names: dict[str, int]) -> list[str]:
        """Make objects invalid in one transaction; one by one where something new refers to some of them."""
        try:
            with self._database.transaction() as connection:
                connection.executemany("delete from ValidPaths where id = ?", [(number,) for number in names.values()])
            return list(names)
        except StoreError as error:
            if not isinstance(error.__cause__, sqlite3.IntegrityError):
                raise
        gone: list[str] = []
        for name, number in names.items():
            with suppress(StoreError), self._database.transaction() as connection:
                connection.execute("delete from ValidPaths where id = ?", (number,))
                gone.append(name)
        return gone

    def delete_leftovers(self) -> None:
        """What lies in the store directory, is not valid, and belongs to nobody who lives: of crashes and failed builds."""
        live = self._state.live_names()
        known = set(self._state.graph.names.values())
        for name in sorted(os.listdir(self._layout.store)):
            if self._enough():
                return
            if name in known or name.startswith("."):
                continue
            owner = name
            for suffix in BELONGINGS:
                owner = owner.removesuffix(suffix)
            if owner in live or name in live:
                continue
            if self._newcomers.is_kept(owner) or not self._newcomers.claim([name]):
                continue
            try:
                if self._is_still_invalid(owner) and not _is_locked(f"{self._layout.store}/{name}"):
                    self.freed += self._remove(name)
                    self.leftovers += 1
            finally:
                self._newcomers.done()

    def _is_still_invalid(self, name: str) -> bool:
        path = f"{self._layout.store_dir.path}/{name}"
        return not self._database.fetch("select 1 from ValidPaths where path = ?", (path,))

    def unlink_unused(self) -> None:
        """Entries of ``.links`` that only that folder still has (a store that Nix has optimised)."""
        with suppress(OSError), os.scandir(self._layout.links) as entries:
            for entry in entries:
                state = entry.stat(follow_symlinks=False)
                if state.st_nlink == 1:
                    os.unlink(entry.path)
                    self.freed += state.st_blocks * 512

    def _remove(self, name: str) -> int:
        place = f"{self._layout.store}/{name}"
        with writing(place):
            size = tree_size(place)
            delete_tree(place)
        return size

    def _enough(self) -> bool:
        return self._max_freed is not None and self.freed >= self._max_freed


def _is_locked(path: str) -> bool:
    """Whether somebody holds a flock on a file or folder: a builder without a temporary root, of whatever program."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
