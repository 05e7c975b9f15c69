"""What is asked of the database and told to it: path infos, references, referrers, derivers, outputs.

Only rows become values here and values rows; whether a tree lies on the disk is not its business. Nix quirks: a NAR hash is
kept in base 16, a size of 0 and an empty list of signatures as null, registering a valid path again updates it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from imagetools.formats.content_address import ContentAddress
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash
from imagetools.store.database import DamagedDatabaseError, Database, Row, StoreDatabaseError
from imagetools.store.ports import InvalidPathError

if TYPE_CHECKING:
    import sqlite3

Outputs = Mapping[str, str]

_COLUMNS = "id, path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca"
_REACHED = (
    "with recursive reached(id) as (select id from ValidPaths where path in",
    ") union select r.reference from Refs r join reached on r.referrer = reached.id)",
)
_INSERT = (
    "insert into ValidPaths (path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca) values (?, ?, ?, ?, ?, ?, ?, ?) "
    "on conflict (path) do update set hash = excluded.hash, narSize = excluded.narSize, ultimate = excluded.ultimate, "
    "sigs = excluded.sigs, ca = excluded.ca"
)


class Records:
    """Questions and one way to tell: ``register``."""

    def __init__(self, database: Database, store_dir: StoreDir) -> None:
        self._database = database
        self._dir = store_dir

    def valid(self, paths: Iterable[StorePath]) -> set[StorePath]:
        names = {self._dir.join(path): path for path in paths}
        return {names[row[0]] for row in self._database.fetch_for("select path from ValidPaths where path in ", names)}

    def all_paths(self) -> list[StorePath]:
        return sorted(self._paths(self._database.fetch("select path from ValidPaths")))

    def info(self, path: StorePath) -> PathInfo | None:
        rows = self._database.fetch(f"select {_COLUMNS} from ValidPaths where path = ?", (self._dir.join(path),))
        if not rows:
            return None
        references = self._database.fetch(
            "select path from Refs join ValidPaths on reference = id where referrer = ?", (rows[0][0],)
        )
        return self._info(rows[0], self._paths(references))

    def infos(self, roots: Iterable[StorePath]) -> dict[StorePath, PathInfo]:
        """The path infos of everything that the valid ones among the roots reach, themselves included."""
        rows: dict[int, Row] = {}
        references: dict[int, set[int]] = {}
        names = [self._dir.join(root) for root in roots]
        columns = ", ".join("v." + name for name in _COLUMNS.split(", "))
        before, after = _REACHED
        for row in self._database.fetch_for(
            before, names, f"{after} select {columns} from ValidPaths v join reached on v.id = reached.id"
        ):
            rows[row[0]] = row
            references.setdefault(row[0], set())
        edges = f"{after} select r.referrer, r.reference from Refs r join reached on r.referrer = reached.id"
        paths = {identity: self._path(row[1]) for identity, row in rows.items()}
        try:
            for referrer, reference in self._database.fetch_for(before, names, edges):
                references[referrer].add(reference)
            return {paths[key]: self._info(row, [paths[other] for other in references[key]]) for key, row in rows.items()}
        except KeyError as error:
            raise DamagedDatabaseError(self._database.path, f"there is no entry {error}, and others refer to it") from None

    def referrers(self, path: StorePath) -> tuple[StorePath, ...]:
        return self._sorted(
            "select v.path from Refs r join ValidPaths v on r.referrer = v.id "
            "where r.reference = (select id from ValidPaths where path = ?)",
            self._dir.join(path),
        )

    def derivers(self, path: StorePath) -> tuple[StorePath, ...]:
        return self._sorted(
            "select v.path from DerivationOutputs d join ValidPaths v on d.drv = v.id where d.path = ?", self._dir.join(path)
        )

    def derivation_outputs(self, drv: StorePath) -> dict[str, StorePath]:
        rows = self._database.fetch(
            "select d.id, d.path from DerivationOutputs d join ValidPaths v on d.drv = v.id where v.path = ? order by d.id",
            (self._dir.join(drv),),
        )
        return {name: self._path(path) for name, path in rows}

    def find_by_hash_part(self, part: str) -> StorePath | None:
        start = f"{self._dir.path}/{part}"
        rows = self._database.fetch("select path from ValidPaths where path >= ? order by path limit 1", (start,))
        return self._path(rows[0][0]) if rows and rows[0][0].startswith(start + "-") else None

    def register(
        self,
        infos: Sequence[PathInfo],
        outputs: Mapping[StorePath, Outputs],
        within: Callable[[], object] = lambda: None,
    ) -> None:
        """Make all valid in one transaction; references may be among them. ``outputs`` are those of the derivations among them.

        ``within`` runs last inside the transaction; what it raises undoes everything. Raises InvalidPathError for a reference
        that is neither valid nor among them.
        """
        join = self._dir.join
        with self._database.transaction() as connection:
            connection.executemany(_INSERT, [self._row(info) for info in infos])
            needed = {join(path) for info in infos for path in (info.path, *info.references)}
            known = _identities(connection, needed)
            for info in infos:
                for reference in info.references:
                    if join(reference) not in known:
                        raise InvalidPathError(join(reference), f"'{join(info.path)}' refers to it")
            connection.executemany(
                "insert or ignore into Refs (referrer, reference) values (?, ?)",
                [(known[join(info.path)], known[join(reference)]) for info in infos for reference in info.references],
            )
            connection.executemany(
                "insert or replace into DerivationOutputs (drv, id, path) values (?, ?, ?)",
                [(known[join(drv)], name, path) for drv, made in outputs.items() for name, path in made.items()],
            )
            within()

    def invalidate(self, path: StorePath) -> None:
        """Forget a path that nothing else refers to; SQLite refuses one that is still referred to."""
        with self._database.transaction() as connection:
            connection.execute("delete from ValidPaths where path = ?", (self._dir.join(path),))

    def _row(self, info: PathInfo) -> Row:
        return (
            self._dir.join(info.path),
            f"{info.nar_hash.algo}:{info.nar_hash.base16()}",
            info.registered_at,
            self._dir.join(info.deriver) if info.deriver is not None else None,
            info.nar_size or None,
            1 if info.ultimate else None,
            " ".join(info.signatures) or None,
            str(info.content_address) if info.content_address is not None else None,
        )

    def _info(self, row: Row, references: Iterable[StorePath]) -> PathInfo:
        _, path, nar_hash, registered_at, deriver, nar_size, ultimate, signatures, address = row
        texts, numbers = (nar_hash, signatures or "", address or ""), (registered_at, nar_size or 0)
        if any(type(text) is not str for text in texts) or any(type(number) is not int for number in numbers):
            raise self._damaged(f"for '{path}'", "a value of another kind")  # SQLite keeps anything in any column
        try:
            return PathInfo(
                path=self._path(path),
                nar_hash=Hash.parse(nar_hash),
                nar_size=nar_size or 0,
                references=tuple(sorted(references)),
                deriver=self._path(deriver) if deriver else None,
                signatures=tuple(sorted((signatures or "").split())),
                content_address=ContentAddress.parse(address) if address else None,
                registered_at=registered_at,
                ultimate=ultimate == 1,
            )
        except StoreDatabaseError:
            raise
        except ImagetoolsError as error:
            raise self._damaged(f"for '{path}'", error.message) from error

    def _path(self, text: object) -> StorePath:
        if not isinstance(text, str):
            raise self._damaged(f"{text!r}", "it is no text")
        try:
            return self._dir.parse(text)
        except ImagetoolsError as error:
            raise self._damaged(f"'{text}'", error.message) from error

    def _damaged(self, entry: str, reason: str) -> DamagedDatabaseError:
        return DamagedDatabaseError(self._database.path, reason, entry)

    def _paths(self, rows: Iterable[Row]) -> list[StorePath]:
        return [self._path(row[0]) for row in rows]

    def _sorted(self, sql: str, text: str) -> tuple[StorePath, ...]:
        return tuple(sorted(self._paths(self._database.fetch(sql, (text,)))))


def _identities(connection: "sqlite3.Connection", paths: Iterable[str]) -> dict[str, int]:
    every = sorted(paths)
    found: dict[str, int] = {}
    for start in range(0, len(every), 500):
        part = every[start : start + 500]
        marks = ",".join("?" * len(part))
        found.update(connection.execute(f"select path, id from ValidPaths where path in ({marks})", part).fetchall())
    return found
