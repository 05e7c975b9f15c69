"""Collections of small stores: what goes, what stays, what comes meanwhile, and what is refused."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.formats.store_path import StorePath
from imagetools.store.gc.collector import Collector, StillAliveError
from imagetools.store.gc.newcomers import Newcomers
from imagetools.store.gc.processes import base_names_in_use
from imagetools.store.local import LocalStore


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "R"


def texts(root: Path, *names: str) -> list[StorePath]:
    """Each refers to the one before it; nothing protects them afterwards."""
    made: list[StorePath] = []
    with LocalStore(str(root), durable=False) as store:
        for name in names:
            made.append(store.add_text(name, name.encode(), made[-1:]))
    return made


def collector(root: Path) -> Collector:
    return LocalStore(str(root), durable=False).collector()


def left(root: Path) -> set[str]:
    with LocalStore(str(root), durable=False) as store:
        valid = {path.name for path in store.all_paths()}
    lying = {name[33:] for name in os.listdir(root / "nix/store") if name != ".links"}
    assert valid == lying
    return valid


def test_what_nothing_keeps_goes(root: Path, tmp_path: Path) -> None:
    low, middle, _ = texts(root, "low", "middle", "top")
    with LocalStore(str(root), durable=False) as store:
        store.add_root(str(tmp_path / "result"), middle)
    state = collector(root).look()
    assert {state.graph.names[number][33:] for number in state.dead()} == {"top"}
    assert left(root) == {"low", "middle", "top"}
    done = collector(root).collect()
    assert [path.name for path in done.paths] == ["top"]
    assert (done.leftovers, done.freed > 0) == (0, True)
    assert left(root) == {"low", "middle"}
    (tmp_path / "result").unlink()
    done = collector(root).collect()
    assert [path.name for path in done.paths] == ["middle", "low"]
    assert low in done.paths
    assert left(root) == set()


def test_an_empty_store_is_not_made_by_looking(root: Path) -> None:
    assert collector(root).collect().paths == ()
    assert collector(root).look().roots == ()
    assert not root.exists()


def test_a_living_process_keeps_what_it_asked_for(root: Path) -> None:
    low, middle, top = texts(root, "low", "middle", "top")
    with LocalStore(str(root), durable=False) as busy:
        busy.add_temp_root(middle)
        assert [path.name for path in collector(root).collect().paths] == ["top"]
    with LocalStore(str(root), durable=False, protecting=True) as busy:
        assert busy.valid_paths([low, middle, top]) == {low, middle}
        assert collector(root).collect().paths == ()
    assert [path.name for path in collector(root).collect().paths] == ["middle", "low"]


def test_an_open_file_and_the_environment_of_a_process_are_roots(root: Path) -> None:
    one, two, _ = texts(root, "one", "two", "three")
    with LocalStore(str(root), durable=False) as store:
        place, layout = store.real_path(one), store.layout
    sleep = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    environment = {"X": f"/nix/store/{two.base_name}/bin"}
    with (
        open(place, "rb") as file,
        subprocess.Popen(sleep, stdin=subprocess.PIPE, stdout=file.fileno(), env=environment) as process,
    ):
        file.close()
        while f"/proc/{process.pid}/" not in base_names_in_use(layout).get(two.base_name, ""):
            assert process.poll() is None
        assert base_names_in_use(layout)[one.base_name] == f"/proc/{process.pid}/fd/1"
        assert [path.name for path in collector(root).collect().paths] == ["three"]
        process.communicate()
    assert [path.name for path in collector(root).collect().paths] == ["two", "one"]


def test_leftovers_go_but_not_those_of_the_living(root: Path) -> None:
    (path,) = texts(root, "text")
    store_folder = root / "nix/store"
    dead = store_folder / ("0" * 32 + "-dead.drv.chroot")
    (dead / "build").mkdir(parents=True)
    (dead / "build/file").write_text("x")
    (store_folder / ("1" * 32 + "-half")).write_text("half")
    living = StorePath.parse("2" * 32 + "-busy.drv")
    with LocalStore(str(root), durable=False) as busy:
        busy.add_temp_root(living)
        (store_folder / f"{living.base_name}.chroot").mkdir()
        with busy.lock([living]):
            done = collector(root).collect()
        assert (len(done.paths), done.leftovers) == (1, 2)
        assert set(os.listdir(store_folder)) == {".links", f"{living.base_name}.chroot"}
    assert path in done.paths
    assert collector(root).collect().leftovers == 1


def test_a_limit(root: Path) -> None:
    texts(root, "a")
    texts(root, "b")
    texts(root, "c")
    assert len(collector(root).collect(max_freed=1).paths) == 1
    assert len(left(root)) == 2
    assert len(collector(root).collect(max_freed=10**9).paths) == 2


def test_deleting_one(root: Path, tmp_path: Path) -> None:
    low, middle, top = texts(root, "low", "middle", "top")
    with LocalStore(str(root), durable=False) as store:
        store.add_root(str(tmp_path / "result"), middle)
    with pytest.raises(StillAliveError) as caught:
        collector(root).collect(only=[low])
    assert caught.value.message == f"cannot delete path '/nix/store/{low.base_name}' since it is still alive"
    assert caught.value.hint == f"kept by: {tmp_path}/result"
    with pytest.raises(StillAliveError, match="still alive") as caught:
        collector(root).collect(only=[middle], ignore_liveness=True)
    assert caught.value.hint == f"kept by: '/nix/store/{top.base_name}', which refers to it"
    assert left(root) == {"low", "middle", "top"}
    assert collector(root).collect(only=[top]).paths == (top,)
    assert collector(root).collect(only=[middle], ignore_liveness=True).paths == (middle,)
    assert collector(root).collect(only=[top]).paths == ()


def test_dead_referrers_go_with_it(root: Path) -> None:
    low, middle, top = texts(root, "low", "middle", "top")
    (other,) = texts(root, "other")
    assert collector(root).collect(only=[middle]).paths == (top, middle)
    assert left(root) == {"low", "other"}
    assert (low, other) == tuple(sorted((low, other), key=lambda path: path.name))


def test_newcomers_are_told_when_it_is_safe(root: Path) -> None:
    """The one that is being deleted waits for its answer, any other has it at once, with all that it needs."""
    low, middle, top = texts(root, "low", "middle", "top")
    store = LocalStore(str(root), durable=False)
    closure = {path.base_name: [path.base_name] for path in (low, top)}
    closure[middle.base_name] = [middle.base_name, low.base_name]
    gc_lock = os.open(store.layout.gc_lock, os.O_RDWR | os.O_CREAT)
    import fcntl

    fcntl.flock(gc_lock, fcntl.LOCK_EX)
    told: list[StorePath] = []

    def protect(path: StorePath) -> None:
        with LocalStore(str(root), durable=False) as own:
            own.add_temp_root(path)
            told.append(path)

    with Newcomers(store.layout, lambda name: closure[name]) as newcomers:
        assert newcomers.claim([top.base_name]) == [top.base_name]
        waiting = threading.Thread(target=protect, args=(top,))
        waiting.start()
        at_once = threading.Thread(target=protect, args=(middle,))
        at_once.start()
        at_once.join()
        assert told == [middle]
        assert newcomers.is_kept(low.base_name)
        newcomers.done()
        waiting.join()
        assert told == [middle, top]
        assert newcomers.claim([path.base_name for path in (low, middle, top)]) == []
    os.close(gc_lock)


def test_what_is_registered_meanwhile_keeps_what_it_refers_to(root: Path) -> None:
    (low,) = texts(root, "low")
    seen: list[str] = []

    class Late(Collector):
        """Somebody registers a referrer after the look, as a process that protects nothing might."""

        def _state(self) -> "object":  # type: ignore[override]
            state = super()._state()
            if not seen:
                seen.append("once")
                database = self._database
                with database.transaction() as connection:
                    connection.execute(
                        "insert into ValidPaths (path, hash, registrationTime) values (?, 'sha256:00', 1)",
                        (f"/nix/store/{'3' * 32}-late",),
                    )
                    connection.execute(
                        "insert into Refs select a.id, b.id from ValidPaths a, ValidPaths b "
                        "where a.path like '%-late' and b.path like '%-low'"
                    )
                (root / f"nix/store/{'3' * 32}-late").write_text("late")
            return state

    store = LocalStore(str(root), durable=False)
    store.all_paths()
    done = Late(store.layout, store.collector()._database).collect()
    assert done.paths == ()
    assert (root / "nix/store" / low.base_name).exists()
