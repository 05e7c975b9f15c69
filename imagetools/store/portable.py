"""A store's database as a file to put into an image: the same path infos give the same bytes, whatever machine and SQLite.

What differs between stores that have the same objects is left out: deriver, signatures, content addresses, who built. All paths
were registered in the first second of 1970. Nix (schema 10) opens it; what else it wants (locks, reserved space) it makes itself.
"""

import os
import sqlite3
import struct
from collections.abc import Collection
from typing import Final

from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir

from .database import SCHEMA_FILE

REGISTERED_AT: Final = 1

_PAGE: Final = 4096
#: What a file's header says of the last writer: a counter of changes (at two places), the version of SQLite.
_CHANGES_AT: Final = (24, 92)
_VERSION_AT: Final = 96
_VERSION: Final = 3_034_000


def write_database(path: str, store_dir: StoreDir, infos: Collection[PathInfo]) -> None:
    """Write the new file ``path``. References must be among ``infos``. Raises sqlite3.Error, OSError."""
    ordered = sorted(infos, key=lambda info: info.path)
    numbers = {info.path: number for number, info in enumerate(ordered, 1)}
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for setting in (
            f"page_size = {_PAGE}",
            "journal_mode = off",
            "synchronous = off",
            "encoding = 'UTF-8'",
            "auto_vacuum = none",
        ):
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
    finally:
        connection.close()
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for offset in _CHANGES_AT:
            os.pwrite(handle, struct.pack(">I", 1), offset)
        os.pwrite(handle, struct.pack(">I", _VERSION), _VERSION_AT)
    finally:
        os.close(handle)
