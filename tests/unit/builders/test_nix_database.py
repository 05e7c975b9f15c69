"""``includeNixDB``: what the database says is what the image holds, whatever commands do."""

import gzip
import hashlib
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imagetools.bundled.builders.docker_tools.root_tree import CollisionError
from imagetools.store.portable import write_database
from tests.unit.image_io.archives import archive, file, folder, image, tar

from .build import Built, build, stream
from .fakes import FakeStore

DATABASE = "nix/var/nix/db/db.sqlite"


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    made = FakeStore(tmp_path / "store")
    libc = made.add("libc", {"lib": {"libc.so": b"code"}})
    bash = made.add("bash", {"bin": {"bash": b"#!elf"}}, [libc])
    made.add("hello", {"bin": {"hello": b"#!" + bash.encode()}}, [libc, bash])
    made.add("late", {"late": b"late"}, [])
    return made


def paths_of(built: Built) -> set[str]:
    names = [name for layer in built.layers for name in layer if name.startswith("nix/store/") and name.count("/") == 2]
    assert len(names) == len(set(names))
    return {f"/{name}" for name in names}


def registered(built: Built, tmp_path: Path) -> set[str]:
    """The paths in the database, whose references are among them."""
    place = tmp_path / "read.sqlite"
    place.write_bytes(built.read(-1, DATABASE))
    with sqlite3.connect(place) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        assert {row[0] for row in connection.execute("select registrationTime from ValidPaths")} <= {1}
        return {row[0] for row in connection.execute("select path from ValidPaths")}


def logical(store: FakeStore, *names: str) -> set[str]:
    return {store.logical(name) for name in names}


@pytest.mark.parametrize("layout", ["single", "layered"])
def test_contents_and_config_are_in_it_and_kept(store: FakeStore, tmp_path: Path, layout: str) -> None:
    late = store.logical("late")
    contents = [store.logical("hello")]
    built = build(store, tmp_path / "out", layout, contents=contents, config={"Env": [f"L={late}"]}, includeNixDB="1")
    assert registered(built, tmp_path) == paths_of(built) == logical(store, "libc", "bash", "hello", "late")
    top = built.layers[-1]
    assert built.read(-1, "nix/var/nix/db/schema") == b"10"
    for path in (*contents, late):
        assert top[f"nix/var/nix/gcroots/docker/{Path(path).name}"].linkname == path
    assert [oct(top[name].mode) for name in ("nix/var", "nix/var/nix/db", DATABASE)] == ["0o755", "0o755", "0o644"]
    assert "Generating the Nix database..." in built.log
    assert top["bin/hello"].issym() == (layout == "layered")


@pytest.mark.parametrize("layout", ["single", "layered"])
def test_its_bytes_follow_from_the_paths(store: FakeStore, tmp_path: Path, layout: str) -> None:
    for place in ("one", "two", "three"):
        (tmp_path / place).mkdir()
    one = build(store, tmp_path / "one/out", layout, contents=[store.logical("hello")], includeNixDB="1")
    two = build(store, tmp_path / "two/out", layout, contents=[store.logical("hello")], includeNixDB="1")
    assert one.archive == two.archive
    other = build(store, tmp_path / "three/out", layout, contents=[store.logical("bash")], includeNixDB="1")
    assert other.read(-1, DATABASE) != one.read(-1, DATABASE)


def test_what_commands_bring_is_in_it(store: FakeStore, tmp_path: Path) -> None:
    contents = [store.logical("bash")]
    commands = f"ln -s {store.logical('late')}/late late; test -s {DATABASE}; chmod 600 {DATABASE}"
    built = build(store, tmp_path / "out", "layered", contents=contents, extraCommands=commands, includeNixDB="1")
    assert registered(built, tmp_path) == paths_of(built) == logical(store, "libc", "bash", "late")
    assert oct(built.layers[-1][DATABASE].mode) == "0o600"


def test_what_commands_do_to_it_stays(store: FakeStore, tmp_path: Path) -> None:
    contents = [store.logical("bash")]
    link = f"ln -s {store.logical('late')}/late late"
    for number, commands in enumerate([f"{link}; echo x > {DATABASE}", f"{link}; rm -r nix"]):
        built = build(store, tmp_path / f"out{number}", "layered", contents=contents, extraCommands=commands, includeNixDB="1")
        assert "note: the commands have changed the Nix database; it stays as they left it" in built.log
        assert (DATABASE in built.layers[-1]) == (number == 0)
        assert paths_of(built) == logical(store, "libc", "bash", "late")


def test_a_stream_has_it_too(store: FakeStore, tmp_path: Path) -> None:
    plain = build(store, tmp_path / "out", "layered", contents=[store.logical("hello")], includeNixDB="1")
    script = stream(store, tmp_path, contents=[store.logical("hello")], includeNixDB="1")
    written = subprocess.run([script], capture_output=True, check=True).stdout
    assert hashlib.sha256(written).digest() == hashlib.sha256(plain.archive).digest()


def test_no_room_for_it(store: FakeStore, tmp_path: Path) -> None:
    content = store.add("file", {"nix": {"var": b"text"}})
    with pytest.raises(CollisionError) as caught:
        build(store, tmp_path / "out", "single", contents=[content], includeNixDB="1")
    assert (
        str(caught.value)
        == f"the contents of the image collide: '/nix/var' is a folder in 'includeNixDB', but not in '{content}/nix/var'"
    )
    place = store.add("folder", {"nix": {"var": {"nix": {"db": {"schema": {"x": b""}}}}}})
    with pytest.raises(CollisionError) as caught:
        build(store, tmp_path / "out2", "single", contents=[place], includeNixDB="1")
    assert str(caught.value).endswith(f"is a folder in '{place}/nix/var/nix/db/schema', but not in 'includeNixDB'")


def on_base(store: FakeStore, tmp_path: Path, base: bytes, layout: str = "layered") -> Built:
    """An image with libc and late on an image whose archive is ``base``."""
    contents = [store.logical("late"), store.logical("libc")]
    (tmp_path / "own").mkdir()
    path = store.add("base.tar", base)
    return build(store, tmp_path / "own" / "out", layout, fromImage=path, contents=contents, includeNixDB="1")


@pytest.mark.parametrize("layout", ["single", "layered"])
@pytest.mark.parametrize("compressed", [False, True])
def test_what_the_base_knows_is_in_it(store: FakeStore, tmp_path: Path, layout: str, compressed: bool) -> None:
    base = build(store, tmp_path / "out", layout, contents=[store.logical("hello")], includeNixDB="1")
    data = base.archive
    if compressed:
        data = archive(image(base.tars, stored=[gzip.compress(layer, mtime=0) for layer in base.tars]))
    built = on_base(store, tmp_path, data, layout)
    assert registered(built, tmp_path) == paths_of(built) == logical(store, "libc", "bash", "hello", "late")


NONE = "note: the base image has store paths, but no Nix database: a Nix in the image will not know them"
BROKEN = "warning: the Nix database of the base image cannot be read ({}): its store paths will not be known"


def other_tables() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create view ValidPaths as select 1")
    connection.commit()
    return connection.serialize()


@pytest.mark.parametrize(
    ("database", "said"),
    [
        (None, NONE),
        (b"", NONE),
        (b"x" * 9000, BROKEN.format("file is not a database")),
        (other_tables(), BROKEN.format("it is no database of a store")),
    ],
    ids=["none", "empty", "no SQLite", "other tables"],
)
def test_bases_whose_database_says_nothing(store: FakeStore, tmp_path: Path, database: bytes | None, said: str) -> None:
    name = f"nix/store/{store.path_of('bash').base_name}"
    members: list[Any] = [folder("nix"), folder("nix/store"), folder(name)]
    if database is not None:
        members += [folder("nix/var"), folder("nix/var/nix"), folder("nix/var/nix/db"), file(DATABASE, database)]
    built = on_base(store, tmp_path, archive(image([tar(*members)])))
    assert said in built.log
    assert registered(built, tmp_path) == logical(store, "libc", "late")


def test_of_the_base_only_what_is_whole(store: FakeStore, tmp_path: Path) -> None:
    """bash is gone from the base, so hello, which refers to it, is no valid path; nonsense counts for nothing."""
    database = tmp_path / "db"
    infos = [store.infos[store.path_of(name)] for name in ("libc", "bash", "hello")]
    write_database(str(database), store.dir, infos)
    with sqlite3.connect(database) as connection:
        connection.execute("insert into ValidPaths (path, hash, registrationTime, narSize) values ('/x', 'y', 1, 'z')")
        connection.execute("insert into Refs values (77, 1)")
    parts = [folder(f"nix/store/{store.path_of(name).base_name}") for name in ("libc", "hello")]
    parents = [folder(name) for name in ("nix/var", "nix/var/nix", "nix/var/nix/db")]
    layer = tar(folder("nix"), folder("nix/store"), *parts, *parents, file(DATABASE, database.read_bytes()))
    built = on_base(store, tmp_path, archive(image([layer])))
    assert registered(built, tmp_path) == logical(store, "libc", "late")
