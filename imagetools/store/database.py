"""The metadata of a store: one SQLite file, opened at the first question, shared by all threads of the process.

It speaks logical paths as text and rows as PathInfo; it knows no trees and takes no path locks. Nix quirks: write-ahead log,
``synchronous = normal``, an hour of busy timeout, foreign keys on, and a shared flock on ``big-lock`` for as long as the
database is open (a newer Nix that migrates the schema takes it alone). A forked child opens its own connection: SQLite's must
not be shared.
"""

import fcntl
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from imagetools.store.disk import DiskFullError, StoreAccessError, show, writing
from imagetools.store.layout import SCHEMA_VERSION, Layout
from imagetools.store.ports import StoreError

if TYPE_CHECKING:
    import sqlite3

SCHEMA_FILE = os.path.join(os.path.dirname(__file__), "schema.sql")
BUSY_SECONDS = 3600.0
CHECKPOINT_PAGES = 40000
RESERVED_BYTES = 8 << 20
BATCH = 500
"""How many paths go into one question; SQLite allows 999 parameters in its oldest builds."""

Row = tuple[Any, ...]


class StoreDatabaseError(StoreError):
    """The database cannot be used; the trees in the store are untouched."""

    fault: ClassVar[str] = "host"

    def __init__(self, path: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"the store's database '{path}' cannot be used: {reason}", hint)
        self.path = path
        self.reason = reason


class DamagedDatabaseError(StoreDatabaseError):
    """The file, or one ``entry`` in it, makes no sense."""

    def __init__(self, path: str, reason: str, entry: str = "") -> None:
        super().__init__(
            path,
            f"{f'its entry {entry}' if entry else 'it'} is damaged ({reason})",
            "put back a copy of the file, or move the whole store folder away and build again",
        )
        self.entry = entry


class StoreSchemaError(StoreDatabaseError):
    """A database of another version than ours."""

    def __init__(self, path: str, version: str) -> None:
        super().__init__(
            path, f"its schema is '{version}', and imagetools knows only {SCHEMA_VERSION}", "choose another store with --store"
        )
        self.version = version


def explain(error: "sqlite3.Error", path: str) -> StoreError:
    """The store's own error for one of SQLite's."""
    reason = str(error)
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and _no_space(path)):
        return DiskFullError(path, "No space left on device")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreAccessError(path, reason)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or reason.startswith("no such"):
        return DamagedDatabaseError(path, reason)
    return StoreDatabaseError(path, reason)


def _no_space(path: str) -> bool:
    try:
        found = os.statvfs(os.path.dirname(path))
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < 1 << 20


class Database:
    """Connection, creation and transactions. What is asked and told stands in ``records``."""

    def __init__(self, layout: Layout, *, durable: bool = True) -> None:
        self._layout = layout
        self._durable = durable
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self._big_lock = -1

    @property
    def path(self) -> str:
        return self._layout.db

    def exists(self) -> bool:
        """Whether the store has been created; asking creates nothing."""
        return self._connection is not None or os.path.exists(self._layout.schema)

    def create(self) -> None:
        """Open it, making the folders and the file where they are not there yet."""
        with self._lock, self._explained():
            self._open()

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a question; none where the store has not been created.

        Raises StoreDatabaseError, StoreAccessError, DiskFullError.
        """
        if not self.exists():
            return []
        with self._lock, self._explained():
            return self._open().execute(sql, parameters).fetchall()

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """The same, a row at a time: for questions about everything. Nothing else of this process asks meanwhile."""
        if not self.exists():
            return
        with self._lock, self._explained():
            yield from self._open().execute(sql, parameters)

    def fetch_for(self, before: str, texts: Iterable[str], after: str = ")") -> Iterator[Row]:
        """The rows of ``before (?, ?, ...`` for any number of texts, in as few questions as possible."""
        every = list(texts)
        for start in range(0, len(every), BATCH):
            part = every[start : start + BATCH]
            yield from self.fetch(f"{before}({','.join('?' * len(part))}{after}", part)

    @contextmanager
    def transaction(self) -> "Iterator[sqlite3.Connection]":
        """One write transaction: all of it or nothing. Nothing else of this process runs in between."""
        with self._lock, self._explained():
            connection = self._open()
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise

    def close(self) -> None:
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
                os.close(self._big_lock)
            self._connection = None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            import sqlite3  # noqa: PLC0415  (see _connect)

            if isinstance(error, sqlite3.Error):
                raise explain(error, self._layout.db) from error
            raise

    def _open(self) -> "sqlite3.Connection":
        if self._connection is not None and self._pid == os.getpid():
            return self._connection
        layout = self._layout
        with writing(layout.db_dir):
            for folder in layout.folders():
                os.makedirs(folder, exist_ok=True)
            big_lock = os.open(layout.big_lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(big_lock, fcntl.LOCK_SH)
            if not os.path.exists(layout.schema):
                fcntl.flock(big_lock, fcntl.LOCK_EX)
                self._create()
                fcntl.flock(big_lock, fcntl.LOCK_SH)
            self._check_schema()
            if not os.path.exists(layout.db):
                raise DamagedDatabaseError(layout.db, "the file is gone")
            connection = _connect(layout.db, self._durable)
        except BaseException:
            os.close(big_lock)
            raise
        self._connection, self._pid, self._big_lock = connection, os.getpid(), big_lock
        return connection

    def _create(self) -> None:
        """Tables first, the schema file last: without it the next opener starts again."""
        layout = self._layout
        if os.path.exists(layout.schema):
            return
        with writing(layout.db):
            open(layout.db, "ab").close()
        with open(SCHEMA_FILE, encoding="ascii") as file:
            tables = file.read()
        connection = _connect(layout.db, self._durable)
        try:
            connection.executescript(f"begin immediate; {tables} commit;")
        finally:
            connection.close()
        with writing(layout.schema):
            reserve(layout.reserved)
            temporary = f"{layout.schema}.{os.getpid()}"
            with open(temporary, "w", encoding="ascii") as version:
                version.write(str(SCHEMA_VERSION))
                version.flush()
                if self._durable:
                    os.fsync(version.fileno())
            os.rename(temporary, layout.schema)

    def _check_schema(self) -> None:
        with open(self._layout.schema, "rb") as file:
            version = file.read(20).strip()
        if version != str(SCHEMA_VERSION).encode():
            raise StoreSchemaError(self._layout.db, show(version))


def _connect(path: str, durable: bool) -> "sqlite3.Connection":
    import sqlite3  # noqa: PLC0415  (2 ms that an evaluation which asks nothing of the store need not spend)

    connection = sqlite3.connect(
        f"file:{_quote(path)}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"pragma synchronous = {'normal' if durable else 'off'}")
        if connection.execute("pragma main.journal_mode").fetchone()[0] != "wal":
            connection.execute("pragma main.journal_mode = wal").fetchone()
        connection.execute("pragma foreign_keys = 1")
        connection.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _quote(path: str) -> str:
    """A path inside an SQLite URI."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def reserve(path: str) -> None:
    """Keep some space back, to be freed when a collection must run on a full disk (row 6.004). No space for that is no error."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(fd, 0, RESERVED_BYTES)
    except OSError:
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)
