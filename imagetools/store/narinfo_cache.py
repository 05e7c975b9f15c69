"""What remote caches said about paths, remembered on disk for a while (row 7.009): so that a build asks each thing once.

One SQLite file in the user's cache folder, a hint and nothing more: where it cannot be read, written or understood, the caches
are asked again. Nix's times: what is there is remembered for 30 days, what is not for an hour, what a cache says of itself for a
week; and for ten minutes that a cache did not answer.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

POSITIVE: Final = 30 * 24 * 3600
NEGATIVE: Final = 3600
ABOUT: Final = 7 * 24 * 3600
UNREACHABLE: Final = 600
_TABLE: Final = """create table if not exists Answers (
  cache text not null, name text not null, text text, at integer not null, primary key (cache, name))"""


class NarInfoCache:
    """Answers by cache and name; ``now`` is the clock in seconds. All methods may be called from any thread."""

    def __init__(self, path: str, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._useless = False

    def get(self, cache: str, names: Iterable[str]) -> dict[str, str | None]:
        """The fresh answers: a text, or None for what was not there."""
        now = int(self._now())
        found: dict[str, str | None] = {}
        with self._lock, suppress(sqlite3.Error, OSError):
            connection = self._open()
            if connection is None:
                return {}
            for name in names:
                row = connection.execute("select text, at from Answers where cache = ? and name = ?", (cache, name)).fetchone()
                if row is not None and 0 <= now - row[1] < _lifetime(name, row[0]):
                    found[name] = row[0]
        return found

    def put(self, cache: str, answers: Iterable[tuple[str, str | None]]) -> None:
        """Remember answers; may forget them."""
        now = int(self._now())
        with self._lock, suppress(sqlite3.Error, OSError):
            connection = self._open()
            if connection is not None:
                rows = [(cache, name, text, now) for name, text in answers]
                connection.executemany("insert or replace into Answers values (?, ?, ?, ?)", rows)
                connection.commit()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._useless = True

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and not self._useless:
            self._useless = True  # unless all goes well
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            try:
                self._connection = self._connect()
            except sqlite3.DatabaseError:
                os.unlink(self._path)  # damaged: it only remembers
                self._connection = self._connect()
            self._useless = False
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=5, check_same_thread=False)
        try:
            connection.execute("pragma journal_mode = wal").fetchone()
            connection.execute("pragma synchronous = off")
            connection.execute(_TABLE)
            connection.execute("select count(*) from Answers").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection


def _lifetime(name: str, text: str | None) -> int:
    about_a_path = name.endswith(".narinfo")
    if text is None:
        return NEGATIVE if about_a_path else UNREACHABLE
    return POSITIVE if about_a_path else ABOUT
