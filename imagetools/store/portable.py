"""A store's database as a file to put into an image: the same path infos give the same bytes, whatever machine and SQLite.

What differs between stores that have the same objects is left out: deriver, signatures, content addresses, who built. All paths
were registered in the first second of 1970. Nix (schema 10) opens it; what else it wants (locks, reserved space) it makes itself.
"""

import os
import sqlite3
import struct
from collections.abc import Collection
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Final

from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash

from .database import SCHEMA_FILE

REGISTERED_AT: Final = 1

_PAGE: Final = 4096
#: secure_delete: what is free between rows holds nothing of old ones.
_SETTINGS: Final = (f"page_size = {_PAGE}", "secure_delete = on", "encoding = 'UTF-8'", "auto_vacuum = none")
#: What a file's header says of the last writer: a counter of changes (at two places), the version of SQLite.
_CHANGES_AT: Final = (24, 92)
_VERSION_AT: Final = 96
_VERSION: Final = 3_034_000
_FILE_HEADER: Final = 100
#: By a page's first byte: inner pages of indexes and tables, leaves of both.
_PAGE_HEADERS: Final = {2: 12, 5: 12, 10: 8, 13: 8}

#: How many of SQLite's steps reading may take, in thousands: a file from elsewhere may be made to keep it busy.
_MOST_STEPS: Final = 1_000_000


def write_database(path: str, store_dir: StoreDir, infos: Collection[PathInfo]) -> None:
    """Write the new file ``path``. References must be among ``infos``. Raises sqlite3.Error, OSError."""
    ordered = sorted(infos, key=lambda info: info.path)
    numbers = {info.path: number for number, info in enumerate(ordered, 1)}
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for setting in _SETTINGS:
            connection.execute(f"pragma {setting}").fetchone()
        with open(SCHEMA_FILE, encoding="utf-8") as file:
            connection.executescript(f"begin; {file.read()}")
        connection.executemany(
            "insert into ValidPaths (id, path, hash, registrationTime, narSize) values (?, ?, ?, ?, ?)",
            (
                (numbers[info.path], store_dir.join(info.path), f"sha256:{info.nar_hash.base16()}", REGISTERED_AT, info.nar_size)
                for info in ordered
            ),
        )
        connection.executemany(
            "insert into Refs (referrer, reference) values (?, ?)",
            ((numbers[info.path], numbers[reference]) for info in ordered for reference in sorted(info.references)),
        )
        connection.execute("commit")
        connection.execute("vacuum into ?", (path,))
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        _tidy(data)
        file.seek(0)
        file.write(data)


def _tidy(data: bytearray) -> None:
    """Overwrite what differs between versions of SQLite: the header's words about the last writer, and what is left of old rows
    in the free middle of each page (the file format, 1.6). No row is so long that it would need a page of another form.
    """
    for offset in _CHANGES_AT:
        struct.pack_into(">I", data, offset, 1)
    struct.pack_into(">I", data, _VERSION_AT, _VERSION)
    for page in range(0, len(data), _PAGE):
        head = page or _FILE_HEADER
        kind, rows, rows_at = struct.unpack_from(">B2xHH", data, head)
        free = head + _PAGE_HEADERS[kind] + 2 * rows
        data[free : page + rows_at] = bytes(page + rows_at - free)


def read_database(path: str, store_dir: StoreDir) -> dict[StorePath, PathInfo]:
    """What a database from elsewhere says, as far as it makes sense: paths, NAR hashes and sizes, references. Changes nothing.

    Raises sqlite3.Error.
    """
    uri = Path(os.path.abspath(path)).as_uri() + "?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.execute("pragma trusted_schema = off").fetchall()
        connection.execute("pragma cell_size_check = on").fetchall()
        steps = count()
        connection.set_progress_handler(lambda: next(steps) > _MOST_STEPS, 1000)
        tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
        if not {"ValidPaths", "Refs"} <= tables:
            raise sqlite3.DatabaseError("it is no database of a store")
        infos: dict[int, PathInfo] = {}
        for number, text, nar_hash, size in connection.execute("select id, path, hash, narSize from ValidPaths"):
            try:
                info = PathInfo(
                    store_dir.parse(str(text)), Hash.parse(str(nar_hash)), size if type(size) is int and size > 0 else 0
                )
            except ImagetoolsError:
                continue
            infos[number] = info
        references: dict[int, set[StorePath]] = {}
        unknown: set[int] = set()
        for referrer, reference in connection.execute("select referrer, reference from Refs"):
            if reference in infos:
                references.setdefault(referrer, set()).add(infos[reference].path)
            else:
                unknown.add(referrer)
    return {
        info.path: info._replace(references=tuple(sorted(references.get(number, ()))))
        for number, info in infos.items()
        if number not in unknown
    }
