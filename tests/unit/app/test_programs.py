"""Which program a store path means, with symlinks between objects followed where the objects really lie."""

import os
from pathlib import Path

import pytest

from imagetools.app.paths import place_of, store_path_of
from imagetools.app.programs import NoProgramError, physical, program_in
from imagetools.formats.store_path import StorePath, StorePathError
from imagetools.store.local import LocalStore

A = "a" * 32 + "-hello-1.2"
B = "b" * 32 + "-many"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    objects = tmp_path / "data/nix/store"
    for name in ("hello", "other"):
        program(objects / A / "bin" / name)
    (objects / A / "bin/text").write_text("no program")
    (objects / A / "bin/hidden").symlink_to(f"/nix/store/{B}/bin/two")
    program(objects / B / "bin/one")
    program(objects / B / "bin/two")
    (objects / A / "all").symlink_to(f"/nix/store/{B}")
    (objects / A / "round").symlink_to("round")
    return LocalStore(str(tmp_path / "data"), durable=False)


def program(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o555)


def test_a_package_means_the_program_of_its_name_without_version(store: LocalStore) -> None:
    assert program_in(store, f"/nix/store/{A}") == f"/nix/store/{A}/bin/hello"


def test_the_preferred_name_comes_first(store: LocalStore) -> None:
    assert program_in(store, f"/nix/store/{A}", ("missing", "text", "other")) == f"/nix/store/{A}/bin/other"
    assert program_in(store, f"/nix/store/{A}", ("hidden",)) == f"/nix/store/{A}/bin/hidden"


def test_a_file_is_itself_the_program(store: LocalStore) -> None:
    assert program_in(store, f"/nix/store/{A}/all/bin/one") == f"/nix/store/{A}/all/bin/one"


def test_the_only_program(store: LocalStore) -> None:
    os.unlink(f"{store.layout.store}/{B}/bin/two")
    assert program_in(store, f"/nix/store/{B}") == f"/nix/store/{B}/bin/one"
    assert program_in(store, f"/nix/store/{A}/all") == f"/nix/store/{A}/all/bin/one"


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        (f"{B}", "which of those in its folder bin?", "name one of them, such as bin/one: one, two"),
        (f"{A}/nothing", "it does not exist", None),
        (f"{A}/round", "it does not exist", None),
        (f"{A}/bin/text", "it is not an executable file", None),
        (f"{A}/bin", "it has no folder bin", "name the program, such as: imagetools run RESULT/libexec/PROGRAM"),
    ],
)
def test_no_program(store: LocalStore, path: str, message: str, hint: str | None) -> None:
    with pytest.raises(NoProgramError) as caught:
        program_in(store, f"/nix/store/{path}")
    assert caught.value.message == f"no program to run in '/nix/store/{path}': {message}"
    assert (caught.value.hint, caught.value.exit_code) == (hint, 127)


def test_links_out_of_the_store_and_up(store: LocalStore) -> None:
    os.symlink("/usr/../usr", f"{store.layout.store}/{A}/out")
    assert physical(store, f"/nix/store/{A}/out/.") == "/usr"
    assert physical(store, f"/nix/store/{A}/bin/../all/bin/one") == f"{store.layout.store}/{B}/bin/one"


def test_places_in_every_spelling(store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = StorePath.parse(A)
    os.symlink(f"{store.layout.store}/{A}", "result")
    os.symlink("result", "again")
    os.symlink(f"{store.layout.store}/{A}/bin", "programs")
    os.symlink("data", "moved")
    for text, rest in (
        (A, ""),
        (f"/nix/store/{A}/bin/x", "/bin/x"),
        (f"{store.layout.store}/{A}/", ""),
        ("result", ""),
        ("result/", ""),
        ("./again/bin/hidden", "/bin/hidden"),
        ("programs/hidden", "/bin/hidden"),
        (f"moved/nix/store/{A}", ""),
        (f"data/../data/./nix/store//{A}//all", "/all"),
    ):
        assert place_of(store, text) == (path, rest), text
    assert store_path_of(store, "result/all/bin") == path


def test_places_that_are_none(store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.symlink("loop", "loop")
    for text, message in (
        ("data", "path 'data' is not in the store"),
        ("loop", "path 'loop' is not in the store"),
        ("nothing", "path 'nothing' does not exist, and it is not the name of a store object"),
        ("./nothing", "path './nothing' does not exist"),
        ("/nix/store/short", "path '/nix/store/short' is too short to be a valid store path"),
    ):
        with pytest.raises(StorePathError) as caught:
            place_of(store, text)
        assert caught.value.message == message
