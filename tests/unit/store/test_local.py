"""What only the store on disk has: its places, leftovers, several openers, forks."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.formats.addressing import text_path
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.hashes import digest
from imagetools.store.disk import DiskFullError
from imagetools.store.local import LocalStore
from imagetools.store.objects import clear_leftovers, working_path
from imagetools.store.sources import GrowingSourceError
from tests.unit.store.test_fs_restore import check_canonical
from tests.unit.store.trees import SAMPLE, make, nar_of, read


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore(str(tmp_path / "R")) as local:
        yield local


def objects(store: LocalStore) -> list[str]:
    return sorted(name for name in os.listdir(store.layout.store) if name != ".links")


def test_objects_lie_canonical_at_their_real_place(store: LocalStore, tmp_path: Path) -> None:
    make(tmp_path / "t", SAMPLE)
    tree = store.add_source(str(tmp_path / "t"), "t")
    text = store.add_text("x", b"x")
    assert store.real_path(tree) == f"{tmp_path}/R/nix/store/{tree.base_name}"
    assert read(Path(store.real_path(tree))) == SAMPLE
    check_canonical(Path(store.real_path(tree)))
    check_canonical(Path(store.real_path(text)))
    store.close()
    assert objects(store) == sorted([tree.base_name, text.base_name])


def test_another_store_directory(tmp_path: Path) -> None:
    with LocalStore(str(tmp_path / "R"), "/gnu/store") as store:
        path = store.add_text("hello.txt", b"hello\n")
        assert path == text_path(StoreDir("/gnu/store"), "hello.txt", b"hello\n")
        assert store.real_path(path) == f"{tmp_path}/R/gnu/store/{path.base_name}"


def test_a_root_behind_a_symlink_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with LocalStore(str(tmp_path / "link" / "R")) as store:
        assert store.real_path(StorePath(bytes(20), "x")).startswith(f"{tmp_path}/real/R/")


@pytest.mark.parametrize("leftover", [b"half", {b"sub": {b"f": b"x"}}, "nowhere"])
def test_what_a_crash_left_at_the_place_is_replaced(store: LocalStore, tmp_path: Path, leftover: bytes) -> None:
    text = text_path(store.store_dir, "x", b"x")
    nar = nar_of(SAMPLE)
    info = PathInfo(StorePath(b"i" * 20, "imported"), digest("sha256", nar), len(nar))
    with store.lock([text]):
        for path in (text, info.path):
            make(Path(store.real_path(path)), leftover)
    store.add_text("x", b"x")
    store.import_nar(info, [nar])
    assert read(Path(store.real_path(text))) == b"x"
    assert read(Path(store.real_path(info.path))) == SAMPLE


def test_the_folders_of_dead_processes_are_cleared(store: LocalStore) -> None:
    store.add_text("x", b"x")
    dead, other = (Path(store.real_path(working_path(pid, 0))) for pid in (4000000, 4000001))
    for folder in (dead, other):
        make(folder, {b"1": {b"f": b"x"}})
    assert clear_leftovers(store.layout) == []
    Path(store.layout.temp_roots, "4000000").write_bytes(b"")
    with LocalStore(store.layout.root) as second:
        second.add_text("y", b"y")
    assert not dead.exists()
    assert other.exists()
    assert list(Path(store.layout.store).glob(f"*-imagetools-tmp-{os.getpid()}-*"))


def test_two_openers_see_each_other(store: LocalStore) -> None:
    with LocalStore(store.layout.root) as other:
        path = store.add_text("x", b"x")
        assert other.is_valid(path)
        assert other.query(path) == store.query(path)
        mine = other.add_text("y", b"y", [path])
        assert store.closure([mine]).size == other.closure([mine]).size


def test_a_forked_child_works_on_its_own(store: LocalStore) -> None:
    before = store.add_text("before", b"")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            made = store.add_text("child", b"", [before])
            code = 0 if store.is_valid(made) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    after = store.add_text("after", b"", [before])
    assert len(store.referrers(before)) == 2
    assert store.is_valid(after)


def test_a_source_that_changes_between_the_passes_gets_the_path_of_what_was_copied(store: LocalStore, tmp_path: Path) -> None:
    make(tmp_path / "t", {b"a": b"old", b"b": b""})
    asked: list[str] = []

    def accept(path: str, kind: str) -> bool:
        asked.append(path)
        if path.endswith("/b"):
            (tmp_path / "t/a").write_bytes(b"new")
        return True

    path = store.add_source(str(tmp_path / "t"), "t", filter=accept)
    assert read(Path(store.real_path(path))) == {b"a": b"new", b"b": b""}
    info = store.query(path)
    assert info is not None
    assert info.nar_hash == digest("sha256", nar_of({b"a": b"new", b"b": b""}))
    assert len(asked) == 2


def test_a_tree_that_holds_the_store_is_not_copied_for_ever(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "A").write_bytes(bytes(1 << 20))
    for number in range(8):  # some come before the temporary folder, so that this has something by then
        store.add_text(f"t{number}", bytes(1 << 20))
    before = objects(store)
    with pytest.raises(GrowingSourceError, match=f"'{tmp_path}' grows while it is copied") as caught:
        store.add_source(str(tmp_path), "x")
    assert "--store" in (caught.value.hint or "")
    assert objects(store) == before
    without = store.add_source(str(tmp_path), "x", filter=lambda path, _: not path.endswith("/R"))
    assert read(Path(store.real_path(without))) == {b"A": bytes(1 << 20)}


def test_a_full_disk_leaves_the_old_state(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    before = store.add_text("before", b"")
    real_write = os.write

    def full(fd: int, data: bytes) -> int:
        if len(data) > 1000:
            raise OSError(28, "No space left on device")
        return real_write(fd, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(DiskFullError, match="No space left on device"):
            store.add_text("large", b"x" * 2000)
    assert store.all_paths() == [before]
    assert store.add_text("large", b"x" * 2000) in store.all_paths()


def test_without_durability_nothing_else_changes(tmp_path: Path) -> None:
    with LocalStore(str(tmp_path / "R"), durable=False) as store:
        path = store.add_text("x", b"x")
        assert stat.S_IMODE(os.stat(store.real_path(path)).st_mode) == 0o444


def test_waiting_is_told_for_adding_too(tmp_path: Path) -> None:
    heard: list[StorePath] = []
    with LocalStore(str(tmp_path / "R")) as holder, LocalStore(str(tmp_path / "R")) as store:
        path = text_path(store.store_dir, "x", b"x")
        held = holder.try_lock([path])
        assert held is not None

        def told(waited_for: StorePath) -> None:
            heard.append(waited_for)
            held.__exit__(None, None, None)

        store.on_lock_wait = told
        store.add_text("x", b"x")
    assert heard == [path]
