"""Temporary roots: the file, dead processes, and a collector that runs."""

import fcntl
import os
import socket
import threading
from pathlib import Path

import pytest

from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.store.layout import Layout
from imagetools.store.temp_roots import TempRoots, bury

PATHS = [StorePath(bytes([number]) * 20, f"p{number}") for number in range(3)]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path), StoreDir())
    os.makedirs(layout.temp_roots)
    return layout


def buried(layout: Layout) -> set[int]:
    found: set[int] = set()
    bury(layout, found.update)
    return found


def contents(layout: Layout) -> dict[str, bytes]:
    return {name: Path(layout.temp_roots, name).read_bytes() for name in os.listdir(layout.temp_roots)}


def test_paths_are_written_once_and_go_with_us(layout: Layout) -> None:
    roots = TempRoots(layout)
    roots.add(PATHS[:2])
    roots.add(PATHS)
    written = b"".join(f"/nix/store/{path.base_name}".encode() + b"\0" for path in PATHS)
    assert contents(layout) == {str(os.getpid()): written}
    assert buried(layout) == set()
    roots.close()
    assert contents(layout) == {}


def test_two_stores_in_one_process(layout: Layout) -> None:
    one, two = TempRoots(layout), TempRoots(layout)
    one.add(PATHS[:1])
    two.add(PATHS[1:2])
    assert set(contents(layout)) == {str(os.getpid()), f"{os.getpid()}-1"}
    one.close()
    two.close()
    assert contents(layout) == {}


def test_the_file_of_a_dead_process_with_our_number_is_replaced(layout: Layout) -> None:
    Path(layout.temp_roots, str(os.getpid())).write_bytes(b"/nix/store/old\0")
    roots = TempRoots(layout)
    roots.add(PATHS[:1])
    assert contents(layout) == {str(os.getpid()): f"/nix/store/{PATHS[0].base_name}".encode() + b"\0"}
    roots.close()


def test_the_dead_are_buried(layout: Layout) -> None:
    Path(layout.temp_roots, "4000000").write_bytes(b"/nix/store/old\0")
    Path(layout.temp_roots, ".keep").write_bytes(b"")
    assert buried(layout) == {4000000}
    assert set(contents(layout)) == {".keep"}


def test_a_running_collector_is_told(layout: Layout) -> None:
    os.makedirs(os.path.dirname(layout.gc_socket))
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as server, open(layout.gc_lock, "w") as gc_lock:
        fcntl.flock(gc_lock, fcntl.LOCK_EX)
        server.bind(layout.gc_socket)
        server.listen()

        def collect() -> None:
            peer, _ = server.accept()
            with peer, peer.makefile("rb") as lines:
                for line in lines:
                    heard.append(line)
                    peer.sendall(b"1")

        thread = threading.Thread(target=collect)
        thread.start()
        roots = TempRoots(layout)
        roots.add(PATHS[:2])
        thread.join(10)
    assert heard == [f"/nix/store/{path.base_name}\n".encode() for path in PATHS[:2]]
    roots.close()


def test_a_collector_without_a_socket_is_waited_for(layout: Layout) -> None:
    roots = TempRoots(layout)
    done = threading.Event()
    with open(layout.gc_lock, "w") as gc_lock:
        fcntl.flock(gc_lock, fcntl.LOCK_EX)

        def add() -> None:
            roots.add(PATHS[:1])
            done.set()

        thread = threading.Thread(target=add)
        thread.start()
        assert not done.wait(0.15)
        fcntl.flock(gc_lock, fcntl.LOCK_UN)
        assert done.wait(10)
    thread.join(10)
    roots.close()
