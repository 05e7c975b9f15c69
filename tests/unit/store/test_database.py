"""The database: creation, and clear words where it cannot be used."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.hashes import Hash
from imagetools.store.database import DamagedDatabaseError, Database, StoreDatabaseError, StoreSchemaError
from imagetools.store.disk import StoreAccessError
from imagetools.store.layout import Layout
from imagetools.store.local import LocalStore
from imagetools.store.ports import StoreError
from imagetools.store.records import Records


def layout_of(tmp_path: Path) -> Layout:
    return Layout(str(tmp_path / "R"), StoreDir())


def test_asking_creates_nothing(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path / "R"))
    assert store.all_paths() == []
    assert not store.is_valid(StorePath(bytes(20), "x"))
    assert os.listdir(tmp_path) == []


def test_creation(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    database = Database(layout)
    database.create()
    assert Path(layout.schema).read_bytes() == b"10"
    assert os.stat(layout.reserved).st_size == 8 << 20
    assert {row[0] for row in database.fetch("select name from sqlite_master where type = 'table'")} >= {
        "ValidPaths",
        "Refs",
        "DerivationOutputs",
    }
    assert database.fetch("pragma journal_mode") == [("wal",)]
    assert database.fetch("pragma foreign_keys") == [(1,)]
    assert database.fetch("pragma synchronous") == [(1,)]
    database.close()
    database.close()


def test_creation_that_stopped_half_way_is_begun_again(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    os.makedirs(layout.db_dir)
    Path(layout.db).write_bytes(b"")
    database = Database(layout)
    database.create()
    assert database.fetch("select count(*) from ValidPaths") == [(0,)]
    database.close()


def test_a_path_with_signs_that_mean_something_in_uris(tmp_path: Path) -> None:
    root = tmp_path / "a?b#c%41 d"
    with LocalStore(str(root)) as store:
        path = store.add_text("x", b"x")
        assert os.path.exists(root / "nix/var/nix/db/db.sqlite")
        assert store.is_valid(path)


@pytest.mark.parametrize("version", ["9", "11", "", "x"])
def test_another_schema_is_refused(tmp_path: Path, version: str) -> None:
    layout = layout_of(tmp_path)
    os.makedirs(layout.db_dir)
    Path(layout.schema).write_text(version)
    with pytest.raises(StoreSchemaError) as caught:
        LocalStore(layout.root).all_paths()
    assert caught.value.message == (
        f"the store's database '{layout.db}' cannot be used: its schema is '{version}', and imagetools knows only 10"
    )


@pytest.mark.parametrize("damage", ["rubbish", "truncated", "empty"])
def test_a_damaged_database_is_named(tmp_path: Path, damage: str) -> None:
    layout = layout_of(tmp_path)
    with LocalStore(layout.root) as store:
        for number in range(100):
            store.add_text(f"x{number}", b"")
    for name in (layout.db + "-wal", layout.db + "-shm"):
        if os.path.exists(name):
            os.unlink(name)
    data = Path(layout.db).read_bytes()
    Path(layout.db).write_bytes({"rubbish": b"rubbish " * 1000, "truncated": data[:8192], "empty": b""}[damage])
    with pytest.raises(StoreDatabaseError) as caught:
        LocalStore(layout.root).all_paths()
    assert caught.value.message.startswith(f"the store's database '{layout.db}' cannot be used: it is damaged (")
    assert caught.value.hint == "put back a copy of the file, or move the whole store folder away and build again"


def test_a_database_that_disappeared(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    LocalStore(layout.root).add_text("x", b"")
    for name in os.listdir(layout.db_dir):
        if name.startswith("db.sqlite"):
            os.unlink(f"{layout.db_dir}/{name}")
    with pytest.raises(StoreError, match=r"it is damaged \(the file is gone\)$"):
        LocalStore(layout.root).all_paths()


@pytest.mark.parametrize(
    "column, value, words",
    [
        ("hash", "sha256:nonsense", "has wrong length"),
        ("deriver", "/elsewhere/x.drv", "is not in the store directory"),
        ("ca", "strange:x", "is not a content address"),
        ("path", "/nix/store/short", "is too short"),
        ("hash", b"\xff", "another kind"),
        ("deriver", b"\xff", r"entry b'\\xff' is damaged \(it is no text\)"),
        ("narSize", "large", "another kind"),
        ("narSize", 1.5, "another kind"),
        ("registrationTime", "soon", "another kind"),
        ("sigs", b"\xff", "another kind"),
        ("ca", b"\xff", "another kind"),
    ],
)
def test_a_damaged_entry_is_named(tmp_path: Path, column: str, value: object, words: str) -> None:
    layout = layout_of(tmp_path)
    with LocalStore(layout.root) as store:
        path = store.add_text("x", b"")
    with sqlite3.connect(layout.db) as connection:
        connection.execute(f"update ValidPaths set {column} = ?", (value,))
    connection.close()
    with pytest.raises(DamagedDatabaseError, match=words):
        fresh = LocalStore(layout.root)
        fresh.all_paths()
        fresh.query(path)


def test_an_entry_that_others_refer_to_is_gone(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    with LocalStore(layout.root) as store:
        path = store.add_text("x", b"", [store.add_text("y", b"")])
    with sqlite3.connect(layout.db) as connection:
        connection.execute("delete from ValidPaths where path like '%-y'")  # nobody has asked for foreign keys here
    connection.close()
    with pytest.raises(DamagedDatabaseError, match=r"there is no entry \d+, and others refer to it"):
        LocalStore(layout.root).closure([path])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_of_somebody_else(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    with LocalStore(layout.root) as store:
        store.add_text("x", b"")
    os.chmod(layout.store, stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(StoreAccessError, match="Permission denied"):
        LocalStore(layout.root).add_text("y", b"")


def test_what_is_raised_within_a_registration_undoes_it(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    database = Database(layout)
    database.create()
    records = Records(database, layout.store_dir)
    info = PathInfo(StorePath(bytes(20), "x"), Hash.zero("sha256"), 1)

    def fail() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        records.register([info], {}, fail)
    assert records.all_paths() == []
    records.register([info], {})
    records.invalidate(info.path)
    assert records.all_paths() == []
    database.close()


def test_a_path_in_use_stays(tmp_path: Path) -> None:
    with LocalStore(str(tmp_path / "R")) as store:
        one = store.add_text("one", b"")
        store.add_text("two", b"", [one])
    database = Database(store.layout)
    with pytest.raises(StoreDatabaseError, match="FOREIGN KEY constraint failed"):
        Records(database, store.store_dir).invalidate(one)
    assert len(Records(database, store.store_dir).all_paths()) == 2
    database.close()


def test_registering_again_updates(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    database = Database(layout)
    database.create()
    records = Records(database, layout.store_dir)
    path = StorePath(bytes(20), "x")
    records.register([PathInfo(path, Hash.zero("sha256"), 1, registered_at=5)], {})
    records.register([PathInfo(path, Hash.zero("sha256"), 2, (path,), signatures=("k:sig",), registered_at=6)], {})
    assert records.info(path) == PathInfo(path, Hash.zero("sha256"), 2, (path,), signatures=("k:sig",), registered_at=5)
    database.close()
