"""Locks between processes."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.store.disk import StoreAccessError, StoreWriteError
from imagetools.store.layout import Layout
from imagetools.store.locks import PathLocks

PATHS = [StorePath(bytes([number]) * 20, f"p{number}") for number in range(3)]

HOLD = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(fd, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path), StoreDir())
    os.makedirs(layout.store)
    return layout


def test_lock_files_are_there_while_held_and_gone_afterwards(layout: Layout) -> None:
    locks = PathLocks()
    assert locks.acquire(layout, [*PATHS, PATHS[0]], wait=False)
    assert sorted(os.listdir(layout.store)) == sorted(path.base_name + ".lock" for path in PATHS)
    locks.release()
    assert os.listdir(layout.store) == []


def test_all_or_none(layout: Layout) -> None:
    with PathLocks() as _:
        pass
    first, second = PathLocks(), PathLocks()
    assert first.acquire(layout, PATHS[2:], wait=False)
    assert not second.acquire(layout, PATHS, wait=False)
    assert os.listdir(layout.store) == [PATHS[2].base_name + ".lock"]
    first.release()
    assert second.acquire(layout, PATHS, wait=False)
    second.release()


def test_a_left_over_lock_file_is_no_lock(layout: Layout) -> None:
    open(layout.lock_path(PATHS[0]), "w").close()
    locks = PathLocks()
    assert locks.acquire(layout, PATHS[:1], wait=False)
    locks.release()


def test_a_stale_lock_file_that_was_never_removed_cannot_hang_us(layout: Layout) -> None:
    """Nix marks a removed lock file with a byte; one that is marked but still there must not be waited for without end."""
    locks = PathLocks()
    with open(layout.lock_path(PATHS[0]), "w") as file:
        file.write("d")
    assert locks.acquire(layout, PATHS[:1], wait=False)
    locks.release()


def test_waiting_for_another_process_and_its_stale_file(layout: Layout) -> None:
    """The other process removes the file as Nix does while we wait on it: we must end with a lock on a fresh file."""
    name = layout.lock_path(PATHS[0])
    with subprocess.Popen([sys.executable, "-c", HOLD, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"held\n"
        heard: list[StorePath] = []
        waiting = threading.Event()
        mine = PathLocks()

        def told(path: StorePath) -> None:
            heard.append(path)
            waiting.set()

        thread = threading.Thread(target=lambda: mine.acquire(layout, PATHS[:1], wait=True, on_wait=told))
        thread.start()
        assert waiting.wait(10)
        os.unlink(name)
        with open(name, "w"):
            pass
        os.unlink(name)
        other.stdin.close()
        thread.join(10)
        assert heard == [PATHS[0]]
        assert os.path.exists(name)
        mine.release()
        assert not os.path.exists(name)


def test_a_store_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises((StoreAccessError, StoreWriteError), match=r"cannot write '.*/nix/store/.*-p0.lock': No such file"):
        PathLocks().acquire(Layout(str(tmp_path / "none"), StoreDir()), PATHS[:1], wait=True)
