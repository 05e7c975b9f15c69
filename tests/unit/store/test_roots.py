"""Result links and what they protect."""

import os
from pathlib import Path

import pytest

from imagetools.formats.store_path import StorePath
from imagetools.store.local import LocalStore
from imagetools.store.ports import InvalidPathError, RootExistsError, RootInStoreError
from imagetools.store.roots import all_roots, prune, roots


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path / "R"))


def test_a_link_leads_to_the_object_and_has_two_roots(store: LocalStore, tmp_path: Path) -> None:
    path = store.add_text("x", b"x")
    link = tmp_path / "result"
    store.add_root(str(link), path)
    assert link.read_bytes() == b"x"
    assert os.readlink(link) == store.real_path(path)
    (mark,) = os.listdir(store.layout.auto_roots)
    assert os.readlink(f"{store.layout.auto_roots}/{mark}") == str(link)
    assert os.readlink(f"{store.layout.logical_roots}/{mark}") == f"/nix/store/{path.base_name}"
    assert roots(store.layout) == {str(link): path}
    assert prune(store.layout) == []


def test_a_link_may_be_made_again_for_something_else(store: LocalStore, tmp_path: Path) -> None:
    one, two = store.add_text("one", b""), store.add_text("two", b"")
    link = str(tmp_path / "result")
    for path in (one, two, two):
        store.add_root(link, path)
    assert roots(store.layout) == {link: two}
    assert len(os.listdir(store.layout.auto_roots)) == len(os.listdir(store.layout.logical_roots)) == 1


def test_a_link_to_the_logical_path_may_be_replaced(store: LocalStore, tmp_path: Path) -> None:
    path = store.add_text("one", b"")
    (tmp_path / "result").symlink_to(store.store_dir.join(path) + "/bin")
    store.add_root(str(tmp_path / "result"), path)
    assert os.readlink(tmp_path / "result") == store.real_path(path)


@pytest.mark.parametrize("end", ["delete", "rename", "replace"])
def test_protection_ends_with_the_link(store: LocalStore, tmp_path: Path, end: str) -> None:
    path = store.add_text("x", b"x")
    link = tmp_path / "result"
    store.add_root(str(link), path)
    if end == "rename":
        link.rename(tmp_path / "other")
    else:
        link.unlink()
    if end == "replace":
        link.symlink_to("/etc")
    assert roots(store.layout) == {}
    assert len(prune(store.layout)) == 1
    assert os.listdir(store.layout.auto_roots) == os.listdir(store.layout.logical_roots) == []


def test_adding_a_root_clears_dead_ones(store: LocalStore, tmp_path: Path) -> None:
    path = store.add_text("x", b"x")
    store.add_root(str(tmp_path / "one"), path)
    (tmp_path / "one").unlink()
    store.add_root(str(tmp_path / "two"), path)
    assert len(os.listdir(store.layout.logical_roots)) == 1


@pytest.mark.parametrize("what", ["file", "directory", "link"])
def test_nothing_else_is_replaced(store: LocalStore, tmp_path: Path, what: str) -> None:
    path = store.add_text("x", b"x")
    link = tmp_path / "result"
    if what == "file":
        link.write_bytes(b"mine")
    elif what == "directory":
        link.mkdir()
    else:
        link.symlink_to("/etc/hostname")
    with pytest.raises(RootExistsError) as caught:
        store.add_root(str(link), path)
    assert caught.value.message == f"cannot create symlink '{link}'; it already exists and is not a link into the store"
    assert roots(store.layout) == {}


def test_no_root_in_the_store(store: LocalStore) -> None:
    path = store.add_text("x", b"x")
    for link in (store.layout.store + "/result", "/nix/store/result"):
        with pytest.raises(RootInStoreError, match="in the store is forbidden"):
            store.add_root(link, path)


def test_only_what_is_valid(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidPathError):
        store.add_root(str(tmp_path / "result"), StorePath(bytes(20), "none"))
    assert not (tmp_path / "result").is_symlink()


def test_a_relative_link_is_meant_from_here(store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = store.add_text("x", b"x")
    store.add_root("result", path)
    assert roots(store.layout) == {str(tmp_path / "result"): path}


def test_all_roots_are_those_that_real_nix_finds_too(store: LocalStore, tmp_path: Path) -> None:
    one, two = store.add_text("one", b""), store.add_text("two", b"")
    store.add_root(str(tmp_path / "result"), one)
    layout = store.layout
    os.symlink(f"/nix/store/{two}", f"{layout.gc_roots}/direct")
    os.makedirs(f"{layout.gc_roots}/deep/er")
    Path(f"{layout.gc_roots}/deep/er/{two}").touch()
    Path(f"{layout.gc_roots}/nothing").touch()
    os.symlink(f"/nix/store/{two}/bin", tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", f"{layout.auto_roots}/indirect")
    os.symlink("/nowhere", f"{layout.auto_roots}/stale")
    os.symlink("profile-1", f"{layout.profiles}/profile")
    os.symlink(f"/nix/store/{one}", f"{layout.profiles}/profile-1")
    assert all_roots(layout) == sorted(
        [
            (str(tmp_path / "result"), one),
            (f"{layout.gc_roots}/direct", two),
            (f"{layout.gc_roots}/deep/er/{two}", two),
            (str(tmp_path / "elsewhere"), two),
            (f"{layout.profiles}/profile-1", one),
        ]
    )
    os.unlink(tmp_path / "result")
    assert (str(tmp_path / "result"), one) not in all_roots(layout)


def test_no_roots_where_no_store_is(tmp_path: Path) -> None:
    assert all_roots(LocalStore(str(tmp_path / "nothing")).layout) == []
