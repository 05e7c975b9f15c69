"""What is copied from a binary cache: asked for side by side, as a real server sees it."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.net.http import HttpTransport
from imagetools.net.pool import TransportPool
from imagetools.store.cache_reader import CacheReader, Trust
from imagetools.store.cache_writer import CacheWriter
from imagetools.store.copying import CacheOrigin, StoreDestination, closure_of, copy
from imagetools.store.local import LocalStore
from imagetools.store.ports import InvalidPathError
from tests.unit.net.server import Answer, Handler, Server, status

LEAVES = 12


def together(barrier: threading.Barrier, answer: Answer) -> Answer:
    """Answers when as many wait as the barrier is for; who asks alone gets a 404 in the end."""

    def wait(handler: Handler) -> None:
        try:
            barrier.wait(20)
        except threading.BrokenBarrierError:
            status(404)(handler)
        else:
            answer(handler)

    return wait


@pytest.fixture
def paths(tmp_path: Path, server: Server) -> list[StorePath]:
    """Leaves, then what refers to them all, served as a cache."""
    with LocalStore(str(tmp_path / "origin"), durable=False) as store:
        leaves = [store.add_text(f"leaf-{number}", b"leaf") for number in range(LEAVES)]
        top = store.add_text("top", b" ".join(leaf.base_name.encode() for leaf in leaves), leaves)
        writer = CacheWriter(str(tmp_path / "cache"), StoreDir(), "none")
        writer.open()
        for path in (*leaves, top):
            info = store.query(path)
            assert info is not None
            writer.add(info, lambda sink, path=path: store.dump_nar(path, sink))  # type: ignore[misc]
    for file in (tmp_path / "cache").rglob("*"):
        if file.is_file():
            server.script[f"/{file.relative_to(tmp_path / 'cache')}"] = [status(200, file.read_bytes())]
    return [*leaves, top]


@pytest.fixture
def origin(server: Server) -> CacheOrigin:
    cache = CacheReader(server.url(""), TransportPool(HttpTransport), StoreDir(), Trust(required=False))
    return CacheOrigin(cache, StoreDir())


def asked(server: Server) -> list[str]:
    return [path for path, _ in server.seen if path.endswith(".narinfo")]


def names(paths: Sequence[StorePath]) -> list[str]:
    return sorted(f"/{path.hash_part}.narinfo" for path in paths)


def test_a_closure_is_asked_for_in_generations(
    paths: list[StorePath], origin: CacheOrigin, server: Server, tmp_path: Path
) -> None:
    barrier = threading.Barrier(LEAVES)
    for name in names(paths[:-1]):
        server.script[name] = [together(barrier, server.script[name][0])]
    infos = closure_of(origin, [paths[-1]])
    assert set(infos) == set(paths)
    assert asked(server)[0] == names(paths[-1:])[0]
    assert sorted(asked(server)[1:]) == names(paths[:-1])
    with LocalStore(str(tmp_path / "target"), durable=False) as target:
        assert copy(infos, origin, StoreDestination(target, None), jobs=2) == len(paths)
        assert target.valid_paths(paths) == set(paths)
    assert len(asked(server)) == len(paths)


def test_only_the_roots(paths: list[StorePath], origin: CacheOrigin, server: Server) -> None:
    assert set(closure_of(origin, [paths[-1]], recursive=False)) == {paths[-1]}
    assert asked(server) == names(paths[-1:])


def test_what_the_cache_has_not(paths: list[StorePath], origin: CacheOrigin, server: Server) -> None:
    gone = paths[0]
    del server.script[f"/{gone.hash_part}.narinfo"]
    with pytest.raises(InvalidPathError, match=rf"{gone.base_name}.*it is not there to be copied"):
        closure_of(origin, paths)
