"""What an evaluation sees of files, the store and its cache."""

import os
from pathlib import Path

import pytest

from imagetools.lang.runtime.errors import EvalError, InvalidPath
from tests.unit.instantiate.session import Session


def test_files_folders_and_links_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    (tmp_path / "l").symlink_to("a")
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "p")
    io = Session(tmp_path).io
    assert io.read_file(f"{tmp_path}/l") == b"text"
    assert io.read_link(f"{tmp_path}/l") == "a"
    assert {name: kind for name, kind in io.read_dir(str(tmp_path)).items() if len(name) == 1} == {
        "a": "regular",
        "l": "symlink",
        "d": "directory",
        "p": "unknown",
    }
    assert [io.kind(f"{tmp_path}/{name}") for name in ("a", "l", "d", "p", "missing", "a/below")] == [
        "regular",
        "symlink",
        "directory",
        "unknown",
        None,
        None,
    ]


def test_names_are_bytes(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff\xfe", "wb") as file:
        file.write(b"x")
    io = Session(tmp_path).io
    assert "\xff\xfe" in io.read_dir(str(tmp_path))
    assert io.read_file(f"{tmp_path}/\xff\xfe") == b"x"


def test_links_in_the_store_are_followed_where_the_store_is(tmp_path: Path) -> None:
    session = Session(tmp_path)
    (tmp_path / "source").mkdir()
    (tmp_path / "source/file").write_text("inside")
    first = session.io.copy_to_store(f"{tmp_path}/source")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/way").symlink_to(first)
    (tmp_path / "linked/up").symlink_to("way/../way/file")
    second = session.io.copy_to_store(f"{tmp_path}/linked")
    assert session.io.read_file(f"{second}/way/file") == b"inside"
    assert session.io.read_dir(f"{second}/way") == {"file": "regular"}
    assert session.io.kind(f"{second}/way") == "symlink"
    assert session.io.kind(f"{second}/way/file") == "regular"


def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    session = Session(tmp_path)
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop/me").symlink_to("me")
    stored = session.io.copy_to_store(f"{tmp_path}/loop")
    with pytest.raises(InvalidPath, match="too many symbolic links"):
        session.io.read_file(f"{stored}/me")


@pytest.mark.parametrize("size", [0, 1, 5000, 3 << 20])
def test_files_are_read_whole(size: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * (size // 256 + 1))
    assert Session(tmp_path).io.read_file(f"{tmp_path}/file") == (tmp_path / "file").read_bytes()


@pytest.mark.parametrize("path", ["/proc/self/cmdline", "/proc/cpuinfo", "/dev/null"])
def test_files_that_do_not_know_their_size_are_read_whole(path: str, tmp_path: Path) -> None:
    read = Session(tmp_path).io.read_file(path)
    assert (read == b"") == (path == "/dev/null")
    assert len(read.split(b"\n")) == len(Path(path).read_bytes().split(b"\n"))


@pytest.mark.parametrize("path", ["/missing", "/proc/self/mem"])
def test_what_cannot_be_read_is_named(path: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidPath, match=path):
        Session(tmp_path).io.read_file(path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "path '{0}/missing' does not exist"),
        ("folder", "file '{0}/folder/pipe' is a fifo; a store object holds only regular files, directories and symbolic links"),
    ],
)
def test_what_cannot_be_copied_is_an_error_of_the_evaluation(path: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder/pipe")
    with pytest.raises(EvalError) as raised:
        Session(tmp_path).io.add_path(f"{tmp_path}/{path}", "x", "nar")
    assert raised.value.message == message.format(tmp_path)


def test_reading_only_writes_nothing_and_finds_the_same_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    path = Session(tmp_path, read_only=True).io.copy_to_store(f"{tmp_path}/file")
    assert not (tmp_path / "root/nix/store").exists()
    assert Session(tmp_path).io.copy_to_store(f"{tmp_path}/file") == path
    assert (tmp_path / "root" / path[1:]).read_text() == "x"


def test_the_parse_cache_keeps_and_forgets(tmp_path: Path) -> None:
    io = Session(tmp_path).io
    assert io.parse_cache_get("ab" * 32) is None
    io.parse_cache_put("ab" * 32, b"tree")
    assert Session(tmp_path).io.parse_cache_get("ab" * 32) == b"tree"
    assert [path.name for path in (tmp_path / "cache/parse/ab").iterdir()] == ["ab" * 31]


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    (tmp_path / "x.nix").write_text("1 + 1")
    assert Session(tmp_path).shown("import ./x.nix") == "2"


def test_a_damaged_cache_entry_is_parsed_again(tmp_path: Path) -> None:
    (tmp_path / "x.nix").write_text("[ 1 ]")
    assert Session(tmp_path).shown("import ./x.nix") == "[ 1 ]"
    entries = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert entries
    for damage in (b"", b"garbage", entries[0].read_bytes()[:-1], entries[0].read_bytes()[:-1] + b"?"):
        entries[0].write_bytes(damage)
        assert Session(tmp_path).shown("import ./x.nix") == "[ 1 ]"


def test_contexts_must_be_there(tmp_path: Path) -> None:
    session = Session(tmp_path)
    with pytest.raises(EvalError, match=r"cannot build '/nix/store/.*-x\.drv' during evaluation"):
        session.value('builtins.readFile (derivation { name = "x"; system = "s"; builder = "b"; })')
    assert session.shown('builtins.readFile (builtins.toFile "x" "y")') == '"y"'


def test_the_person_and_the_machine(tmp_path: Path) -> None:
    session = Session(tmp_path)
    assert (
        session.shown('[ (builtins.getEnv "USER") (builtins.getEnv "NONE") builtins.currentTime ]') == '[ "ann" "" 1700000000 ]'
    )
    session.value('builtins.trace "seen" 1')
    assert session.said == ["trace: seen"]


def test_a_url_where_nothing_can_be_downloaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match=r"https://example\.org/x\.tar\.gz"):
        Session(tmp_path).io.find_file_download("https://example.org/x.tar.gz")


def test_what_no_store_object_can_be_called_is_not_there(tmp_path: Path) -> None:
    session = Session(tmp_path)
    assert session.shown("map builtins.pathExists [ /nix/store/foo /nix/store/foo/bar /nix/store ]") == "[ false false true ]"
    assert session.shown("builtins.readDir builtins.storeDir") == "{ }"
    with pytest.raises(InvalidPath, match="path '/nix/store/foo' does not exist"):
        session.io.read_file("/nix/store/foo")
    (tmp_path / "x").write_text("x")
    name = session.io.copy_to_store(f"{tmp_path}/x").rpartition("/")[2]
    assert session.io.read_dir("/nix/store")[name] == "regular"


def test_a_failed_assertion_of_a_file_in_the_cache_is_shown(tmp_path: Path) -> None:
    (tmp_path / "x.nix").write_text("let f = x: x; in assert [ (f 1 2) ] != [ (f 1 2) ] || { a = f { b = 1; }; } == { }; 1")
    said = []
    for _ in range(2):
        with pytest.raises(EvalError) as caught:
            Session(tmp_path).shown("import ./x.nix")
        said.append(caught.value.message)
    assert said[0] == said[1]
