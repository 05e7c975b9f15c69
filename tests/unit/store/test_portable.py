"""The database for an image: the same bytes each time, read back as it was."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.hashes import digest
from imagetools.store.database import Database
from imagetools.store.layout import Layout
from imagetools.store.portable import write_database
from imagetools.store.records import Records

DIR = StoreDir()


def closure(count: int) -> list[PathInfo]:
    """Each path refers to itself and to every seventh before it."""
    paths = [StorePath(hashlib.sha256(b"%d" % number).digest()[:20], f"p{number}") for number in range(count)]
    return [
        PathInfo(path, digest("sha256", path.name.encode()), number + 1, tuple(sorted({path, *paths[number % 7 : number : 7]})))
        for number, path in enumerate(paths)
    ]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "2af81b6a406d8957a3e3cee63455718598391d29b76fa7aefaa68dbfababcaab"),
        (3, "e25e92c799a288d04124c19369b64200a535a7040072a18c2e66eb1e64b09079"),
        (300, "977a1c801658031ccf5aef288e957cc032a43e15f826ebe19eecbaca85d81dfc"),
    ],
)
def test_its_bytes_are_the_same_everywhere(tmp_path: Path, count: int, expected: str) -> None:
    """Other bytes than these: raise builderVersion in builders/docker_tools/arguments.nix and BUILDER_VERSION in request.py."""
    write_database(str(tmp_path / "db"), DIR, closure(count)[::-1])
    data = (tmp_path / "db").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["db"]
    assert hashlib.sha256(data).hexdigest() == expected


def test_a_store_reads_it(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), DIR)
    Path(layout.db_dir).mkdir(parents=True)
    infos = closure(400)
    write_database(layout.db, DIR, infos)
    Path(layout.schema).write_text("10")
    with sqlite3.connect(layout.db) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.execute("pragma foreign_key_check").fetchall() == []
    records = Records(Database(layout), DIR)
    assert records.all_paths() == sorted(info.path for info in infos)
    for info in infos:
        found = records.info(info.path)
        assert found is not None
        assert (found.nar_hash, found.nar_size, found.references) == (info.nar_hash, info.nar_size, info.references)
        assert (found.deriver, found.signatures, found.content_address, found.registered_at) == (None, (), None, 1)
