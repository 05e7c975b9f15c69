"""Binary caches that lie, break and disagree, played by a real server; and what is fetched from them, checked by a real store."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imagetools.formats.narinfo import NarInfo
from imagetools.formats.path_info import PathInfo
from imagetools.formats.signing import SecretKey, sign
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.hashes import digest
from imagetools.net.http import HttpTransport
from imagetools.net.policy import RetryPolicy
from imagetools.net.pool import TransportPool
from imagetools.store.cache_reader import CacheReader, Trust
from imagetools.store.cache_writer import CacheWriter
from imagetools.store.compression import Compressor
from imagetools.store.local import LocalStore
from imagetools.store.narinfo_cache import NarInfoCache
from imagetools.store.substituters import NotSubstitutedError, Substituters
from tests.unit.net.faults import reset, stall_after
from tests.unit.net.server import Answer, Server, cut, status

KEY = SecretKey.from_seed("good-1", bytes(32))
QUICK = RetryPolicy(attempts=2, first_delay=0.0, longest_delay=0.0, connect_timeout=2.0, stall_timeout=0.5)


class World:
    """A store to fill, one to copy from, a server with the cache's files, and what was warned of."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.server = server
        self.said: list[str] = []
        self.target = LocalStore(str(folder / "target"), durable=False)
        with LocalStore(str(folder / "origin"), durable=False) as origin:
            low = origin.add_text("low", b"low " * 5000)
            self.paths = [low, origin.add_text("top", low.base_name.encode(), [low])]
            self.infos = [self.known(origin, path) for path in self.paths]
            writer = CacheWriter(str(folder / "cache"), StoreDir(), "zstd")
            writer.open()
            for info in self.infos:
                path = info.path
                writer.add(info, lambda sink, path=path: origin.dump_nar(path, sink))  # type: ignore[misc]
        self.serve()

    @staticmethod
    def known(store: LocalStore, path: StorePath) -> PathInfo:
        info = store.query(path)
        assert info is not None
        return sign(info._replace(content_address=None), StoreDir(), [KEY])

    def serve(self, at: str = "") -> None:
        for file in (self.folder / "cache").rglob("*"):
            if file.is_file():
                self.server.script[f"{at}/{file.relative_to(self.folder / 'cache')}"] = [status(200, file.read_bytes())]

    def narinfo(self, index: int) -> NarInfo:
        file = self.folder / "cache" / f"{self.paths[index].hash_part}.narinfo"
        return NarInfo.parse(file.read_text(), StoreDir())

    def change(self, index: int, **fields: object) -> None:
        """What the server says of a path from now on."""
        self.say(index, str(self.narinfo(index)._replace(**fields)))  # type: ignore[arg-type]

    def say(self, index: int, text: str) -> None:
        self.server.script[f"/{self.paths[index].hash_part}.narinfo"] = [status(200, text.encode())]

    def answer(self, index: int, *answers: Answer) -> None:
        """What the server sends for a path's NAR."""
        self.server.script["/" + self.narinfo(index).url] = list(answers)

    def cache(self, at: str = "", trust: Trust | None = None) -> CacheReader:
        transports = TransportPool(lambda: HttpTransport(policy=QUICK, sleep=lambda seconds: None))
        return CacheReader(self.server.url(at), transports, StoreDir(), trust or Trust((KEY.public,)))

    def substituters(self, *caches: CacheReader, memory: NarInfoCache | None = None) -> Substituters:
        return Substituters(self.target, caches or (self.cache(),), self.said.append, memory)

    def fetch(self, *caches: CacheReader) -> None:
        """Everything, as a realisation does it."""
        substituters = self.substituters(*caches)
        offers, lacking = substituters.closure([self.paths[1]])
        assert not lacking
        for path in self.paths:
            substituters.fetch(path, offers[path])

    def valid(self) -> list[str]:
        with LocalStore(str(self.folder / "target")) as fresh:
            return sorted(path.name for path in fresh.all_paths())


@pytest.fixture
def world(tmp_path: Path, server: Server) -> Iterator[World]:
    made = World(tmp_path, server)
    yield made
    made.target.close()
    left = (
        {path.name for path in (tmp_path / "target/nix/store").glob("*")} if (tmp_path / "target/nix/store").exists() else set()
    )
    assert len(left - {".links"}) == len(made.valid())


def test_a_closure(world: World) -> None:
    world.fetch()
    assert world.valid() == ["low", "top"]
    assert world.said == []
    info = world.target.query(world.paths[1])
    assert info is not None
    assert (info.references, info.ultimate) == ((world.paths[0],), False)
    assert info.signatures == world.infos[1].signatures
    asked = [path for path, _ in world.server.seen]
    assert len(asked) == len(set(asked)) == 5


def bomb(world: World) -> None:
    """A NAR that is small on its way and without end when unpacked, from a cache that keeps quiet about file hashes."""
    pieces: list[bytes] = []
    compressor = Compressor("zstd", pieces.append)
    for _ in range(64):
        compressor.write(bytes(1 << 20))
    compressor.close()
    world.change(0, file_hash=None, file_size=None)
    world.answer(0, status(200, b"".join(pieces)))


OTHER = digest("sha256", b"other")
FAULTS: dict[str, tuple[Callable[[World], object], str]] = {
    "the file is another": (lambda w: w.answer(0, status(200, b"\x28\xb5\x2f\xfd" + b"other" * 5)), "mismatch of 'nar/"),
    "the file hash is another": (lambda w: w.change(0, file_hash=OTHER), f"file hash mismatch of '.*'(?s:.*){OTHER.nix()}"),
    "the file size is another": (lambda w: w.change(0, file_size=7), "size mismatch of '.*'(?s:.*)7 bytes"),
    "the NAR hash is another": (
        lambda w: w.say(0, str(signed(w.narinfo(0)._replace(info=w.narinfo(0).info._replace(nar_hash=OTHER))))),
        "hash mismatch importing path '/nix/store/.*-low'",
    ),
    "the NAR size is another": (
        lambda w: w.say(0, str(signed(w.narinfo(0)._replace(info=w.narinfo(0).info._replace(nar_size=99))))),
        "unpacked size mismatch of '.*'(?s:.*)99 bytes",
    ),
    "it is the NAR of another path": (lambda w: w.change(0, url=w.narinfo(1).url, file_hash=None, file_size=None), "mismatch"),
    "a bomb": (bomb, "unpacked size mismatch of '.*'(?s:.*)more than that"),
    "it is not compressed as it says": (lambda w: w.change(0, compression="xz"), "said to be compressed by xz, but it is zstd"),
    "it is not there": (lambda w: w.answer(0, status(404)), "HTTP 404"),
    "it is forbidden": (lambda w: w.answer(0, status(403)), "HTTP 403"),
    "the connection breaks, again and again": (lambda w: w.answer(0, cut(b"x" * 5000, 10)), "cannot download"),
    "it stalls": (lambda w: w.answer(0, stall_after(b"x" * 5000, 10)), "the connection broke"),
    "it is reset": (lambda w: w.answer(0, reset), "cannot download"),
}


def signed(narinfo: NarInfo) -> NarInfo:
    return narinfo._replace(info=sign(narinfo.info._replace(signatures=()), StoreDir(), [KEY]))


@pytest.mark.parametrize("fault", FAULTS)
def test_lies_about_a_nar(world: World, fault: str) -> None:
    """Refused with both values, nothing is left; the next cache serves."""
    spoil, sentence = FAULTS[fault]
    spoil(world)
    with pytest.raises(NotSubstitutedError, match=sentence) as caught:
        world.fetch()
    assert caught.value.hint == "build it instead: --fallback"
    assert caught.value.vanished == (fault == "it is not there")
    assert world.valid() == []
    world.serve("/second")
    world.fetch(world.cache(), world.cache("/second"))
    assert world.valid() == ["low", "top"]


def test_a_connection_that_broke_once(world: World) -> None:
    """The server cannot go on in the middle, so it is asked again."""
    whole = world.server.script["/" + world.narinfo(0).url][0]
    world.answer(0, cut(b"x" * 5000, 10), whole, whole)
    world.fetch()
    assert world.valid() == ["low", "top"]
    assert world.said == []


UNBELIEVED: dict[str, tuple[Callable[[World], object], str]] = {
    "nobody signed it": (
        lambda w: w.change(0, info=w.narinfo(0).info._replace(signatures=())),
        "ignoring substitute for '.*-low' from 'http.*', as it's not signed",
    ),
    "signed for other references": (
        lambda w: w.change(0, info=w.narinfo(0).info._replace(references=(w.paths[1],))),
        "as it's not signed",
    ),
    "signed for another hash": (lambda w: w.change(0, info=w.narinfo(0).info._replace(nar_hash=OTHER)), "as it's not signed"),
    "of another path": (lambda w: w.say(0, str(w.narinfo(1))), "is of another path(?s:.*)asked for:.*-low(?s:.*)got:.*-top"),
    "no narinfo at all": (lambda w: w.say(0, "<html>hello"), "NAR info file"),
    "without a NAR hash": (lambda w: w.say(0, str(w.narinfo(0)).replace("NarHash", "NarHush")), "NarHash missing"),
    "an unknown compression": (lambda w: w.change(0, compression="br"), "compression 'br' is not supported"),
    "of another store directory": (
        lambda w: w.say(0, str(w.narinfo(0)).replace("/nix/store", "/gnu/store")),
        "is not in the store|not in",
    ),
    "too long": (lambda w: w.say(0, "x" * (2 << 20)), "larger than"),
}


@pytest.mark.parametrize("fault", UNBELIEVED)
def test_narinfo_files_that_nobody_believes(world: World, fault: str) -> None:
    """As if the path were not there, with one warning."""
    spoil, sentence = UNBELIEVED[fault]
    spoil(world)
    offers, lacking = world.substituters().closure([world.paths[1]])
    assert lacking >= {world.paths[0]}
    assert world.paths[0] not in offers
    assert len(world.said) == 1

    assert re.search(sentence, world.said[0]), world.said


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (status(404), "it is no binary cache, since it has no 'nix-cache-info'"),
        (status(200, b"StoreDir: /gnu/store\n"), "it is for the store directory '/gnu/store', not '/nix/store'"),
        (status(200, b"hello\n"), "binary cache info file"),
        (status(500), "HTTP 500"),
        (reset, "cannot download"),
    ],
)
def test_caches_that_cannot_be_used(world: World, answer: Answer, sentence: str) -> None:
    """One warning, and the next one serves."""
    world.serve("/second")
    world.server.script["/nix-cache-info"] = [answer]
    world.fetch(world.cache(), world.cache("/second"))
    assert world.valid() == ["low", "top"]
    assert len(world.said) == 1
    assert sentence in world.said[0]
    assert world.said[0].endswith("; going on without it")


def test_a_cache_that_nobody_named_is_left_out_in_silence(world: World, tmp_path: Path) -> None:
    world.server.script["/nix-cache-info"] = [reset]
    memory = NarInfoCache(str(tmp_path / "memory"))
    for asked in (1, 1):  # the second time it is remembered
        cache = world.cache()
        cache.optional = True
        assert world.substituters(cache, memory=memory).find(world.paths) == {}
        assert len(world.server.seen) == asked
    assert world.said == []


def test_priorities(world: World) -> None:
    world.serve("/second")
    world.server.script["/second/nix-cache-info"] = [status(200, b"StoreDir: /nix/store\nPriority: 10\n")]
    found = world.substituters(world.cache(), world.cache("/second")).find([world.paths[0]])
    assert [offer.cache.url.endswith("/second") for offer in found[world.paths[0]]] == [True, False]


def test_answers_are_remembered(world: World, tmp_path: Path) -> None:
    now = 1000.0
    memory = NarInfoCache(str(tmp_path / "memory.sqlite"), lambda: now)
    nowhere = StorePath(bytes(20), "nowhere")
    wanted = [*world.paths, nowhere]
    assert set(world.substituters(memory=memory).find(wanted)) == set(world.paths)
    asked = len(world.server.seen)
    assert set(world.substituters(memory=memory).find(wanted)) == set(world.paths)
    assert len(world.server.seen) == asked
    now += 3700
    world.substituters(memory=memory).find(wanted)
    assert [path for path, _ in world.server.seen[asked:]] == [f"/{nowhere.hash_part}.narinfo"]
    memory.close()
    (tmp_path / "memory.sqlite").write_bytes(b"damaged" * 1000)
    again = NarInfoCache(str(tmp_path / "memory.sqlite"), lambda: now)
    assert set(world.substituters(memory=again).find(wanted)) == set(world.paths)


def test_what_needs_no_signature(world: World) -> None:
    """What is content-addressed proves itself; and everything, where signatures are switched off."""
    with LocalStore(str(world.folder / "origin"), durable=False) as origin:
        address = origin.query(world.paths[0])
    assert address is not None
    world.change(0, info=address._replace(signatures=()))
    assert world.paths[0] in world.substituters().find([world.paths[0]])
    world.change(0, info=address._replace(signatures=(), content_address=None))
    assert world.substituters().find([world.paths[0]]) == {}
    assert world.substituters(world.cache(trust=Trust(required=False))).find([world.paths[0]])


def test_a_cache_in_a_folder(world: World) -> None:
    cache = CacheReader(f"file://{world.folder}/cache", HttpTransport(policy=QUICK), StoreDir(), Trust((KEY.public,)))
    world.fetch(cache)
    assert world.valid() == ["low", "top"]
    assert world.server.seen == []


def test_no_secret_is_shown(world: World) -> None:
    world.server.script["/nix-cache-info"] = [status(403)]
    cache = CacheReader(world.server.url("", "me:s3cret@"), HttpTransport(policy=QUICK), StoreDir(), Trust())
    assert world.substituters(cache).find(world.paths) == {}
    assert len(world.said) == 1
    assert "s3cret" not in world.said[0]
    assert "***" in cache.url
