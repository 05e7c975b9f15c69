"""One suite over every implementation of ``store.ports.Store``."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imagetools.formats import aterm
from imagetools.formats.addressing import text_path
from imagetools.formats.content_address import ContentAddress
from imagetools.formats.derivation import Derivation, InputAddressed
from imagetools.formats.nar.reader import NarError
from imagetools.formats.nar.writer import file_nar
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreNameError, StorePath
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.hashes import Hash, digest
from imagetools.store.fs_nar import UnsupportedFileError, restore
from imagetools.store.incoming import ReferenceCycleError
from imagetools.store.local import LocalStore
from imagetools.store.memory import MemoryStore
from imagetools.store.ports import BuiltOutput, ImportMismatchError, InvalidPathError, Store, TextObject
from tests.unit.store.trees import SAMPLE, make, nar_of


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    with LocalStore(str(tmp_path / "root")) as local:
        yield local


def sha256(data: bytes) -> Hash:
    return digest("sha256", data)


def place(store: Store, path: StorePath, nar: bytes) -> None:
    """What realise does before ``register_built``."""
    if isinstance(store, MemoryStore):
        store.put_tree(path, nar)
    else:
        with store.lock([path]):
            restore((nar,), store.real_path(path))


def path_named(name: str) -> StorePath:
    return StorePath(hashlib.sha256(name.encode()).digest()[:20], name)


def built(store: Store, name: str, *references: StorePath, deriver: StorePath | None = None) -> BuiltOutput:
    path = path_named(name)
    nar = file_nar(name.encode())
    place(store, path, nar)
    return BuiltOutput(path, sha256(nar), len(nar), references, deriver)


def dumped(store: Store, path: StorePath) -> bytes:
    pieces = bytearray()
    store.dump_nar(path, pieces.extend)
    return bytes(pieces)


def info_for(nar: bytes, name: str = "thing", references: tuple[StorePath, ...] = ()) -> PathInfo:
    return PathInfo(path_named(name), sha256(nar), len(nar), references)


# -- nothing there yet


def test_an_empty_store_knows_nothing(store: Store) -> None:
    path = path_named("nothing")
    assert not store.is_valid(path)
    assert store.query(path) is None
    assert store.all_paths() == []
    assert store.referrers(path) == ()
    assert store.derivers(path) == ()
    assert store.find_by_hash_part(path.hash_part) is None
    assert store.read_log(path) is None
    calls: list[Callable[[], object]] = [
        lambda: store.closure([path]),
        lambda: store.derivation_outputs(path),
        lambda: store.read_derivation(path),
        lambda: dumped(store, path),
        lambda: store.add_root("/nowhere", path),
    ]
    for call in calls:
        with pytest.raises(InvalidPathError) as caught:
            call()
        assert caught.value.message == f"path '/nix/store/{path.base_name}' is not valid"


# -- texts


def test_a_text_has_the_path_that_nix_gives_it(store: Store) -> None:
    path = store.add_text("hello.txt", b"hello\n")
    assert store.store_dir.join(path) == "/nix/store/qa1w9gdfrba6jl2r57mb3c43863gqywp-hello.txt"
    info = store.query(path)
    nar = file_nar(b"hello\n")
    assert info is not None
    assert (info.nar_hash, info.nar_size, info.references, info.deriver) == (sha256(nar), len(nar), (), None)
    assert info.content_address == ContentAddress("text", sha256(b"hello\n"))
    assert info.registered_at > 0
    assert not info.ultimate
    assert dumped(store, path) == nar
    assert store.add_text("hello.txt", b"hello\n") == path
    assert store.all_paths() == [path]


def test_a_text_keeps_its_references(store: Store) -> None:
    one = store.add_text("one", b"1")
    two = store.add_text("two", b"2", [one])
    assert two == text_path(store.store_dir, "two", b"2", [one])
    info = store.query(two)
    assert info is not None
    assert info.references == (one,)
    assert store.referrers(one) == (two,)
    assert store.find_by_hash_part(two.hash_part) == two


def test_a_reference_must_be_valid(store: Store) -> None:
    missing = path_named("missing")
    with pytest.raises(InvalidPathError):
        store.add_texts([TextObject("good", b""), TextObject("bad", b"", (missing,))])
    assert store.all_paths() == []


def test_many_texts_in_any_order_and_twice(store: Store) -> None:
    items = [TextObject("base", b"base")]
    for number in range(450):
        before = text_path(store.store_dir, items[-1].name, items[-1].data, items[-1].references)
        items.append(TextObject(f"text-{number}", b"x" * number, (before,)))
    paths = store.add_texts([*reversed(items), items[0]])
    assert paths[-1] == paths[-2]
    assert store.valid_paths([*paths, path_named("other")]) == set(paths)
    assert len(store.closure([paths[0]])) == 451
    assert store.closure([paths[0]]).topological() == list(reversed(paths[:-1]))


@pytest.mark.parametrize("name", ["", ".", "a/b", "x" * 212, "ü"])
def test_bad_names_are_refused(store: Store, name: str, tmp_path: Path) -> None:
    with pytest.raises(StoreNameError):
        store.add_text(name, b"")
    with pytest.raises(StoreNameError):
        store.add_source(str(tmp_path), name)


# -- derivations


def derivation(name: str, **outputs: str) -> Derivation:
    made = {output: InputAddressed("/nix/store/" + path) for output, path in outputs.items()}
    return Derivation(name, made, {}, (), "x86_64-linux", "/bin/sh", ("-c", "true"), {"bytes": "\xe4\xff"})


def test_a_derivation_knows_its_outputs(store: Store) -> None:
    out, dev = path_named("thing"), path_named("thing-dev")
    drv = derivation("thing", out=out.base_name, dev=dev.base_name)
    path = store.add_text("thing.drv", to_bytes(aterm.serialise(drv)))
    assert store.derivation_outputs(path) == {"out": out, "dev": dev}
    assert store.derivers(dev) == (path,)
    assert store.read_derivation(path) == drv


def test_given_outputs_and_path_are_believed(store: Store) -> None:
    out = path_named("given")
    data = to_bytes(aterm.serialise(derivation("given", out=out.base_name)))
    path = text_path(store.store_dir, "given.drv", data)
    assert store.add_texts([TextObject("given.drv", data, (), path, {"out": store.store_dir.join(out)})]) == [path]
    assert store.derivation_outputs(path) == {"out": out}


def test_a_broken_derivation_does_not_become_valid(store: Store) -> None:
    with pytest.raises(aterm.ATermError):
        store.add_text("broken.drv", b"Derive(")
    assert store.all_paths() == []


# -- sources


def test_a_tree_is_copied(store: Store, tmp_path: Path) -> None:
    make(tmp_path / "tree", SAMPLE)
    path = store.add_source(str(tmp_path / "tree"), "tree")
    nar = nar_of(SAMPLE)
    info = store.query(path)
    assert info is not None
    assert (info.nar_hash, info.nar_size, info.references) == (sha256(nar), len(nar), ())
    assert info.content_address == ContentAddress("nar", sha256(nar))
    assert dumped(store, path) == nar
    assert store.add_source(os.fsencode(tmp_path / "tree"), "tree") == path


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_tree_that_was_made_for_the_store_is_moved(kind: str, store: Store, tmp_path: Path) -> None:
    def fill(place: Path) -> None:
        if kind == "folder":
            make(place, SAMPLE)
        elif kind == "file":
            place.write_text("x")
        else:
            place.symlink_to("nowhere")

    with store.making() as first:
        fill(Path(first))
        path = store.move_in(first, "moved")
    assert not os.path.lexists(first)
    fill(tmp_path / "copied")
    info = store.query(path)
    assert store.add_source(str(tmp_path / "copied"), "moved") == path
    assert store.query(path) == info
    with store.making() as second:
        fill(Path(second))
        assert store.move_in(second, "moved") == path
    assert not os.path.lexists(second)
    with store.making() as third:
        fill(Path(third))
        with pytest.raises(StoreNameError):
            store.move_in(third, "a/b")
    assert store.all_paths() == [path]


def test_known_vectors_of_sources(store: Store, tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "world").write_bytes(b"hello\n")
    assert store.add_source(str(tmp_path / "test"), "test").base_name == "5ixwbbddbh3xb74079ky6ahkwz5bik58-test"
    flat = store.add_source(str(tmp_path / "test/world"), "world", method="flat")
    info = store.query(flat)
    assert info is not None
    assert info.content_address == ContentAddress("flat", sha256(b"hello\n"))
    assert flat.base_name == "4zgwlq1qmv8hg1kb3lx0f4j8i9g0zipx-world"


@pytest.mark.parametrize("algo", ["md5", "sha1", "sha512"])
@pytest.mark.parametrize("method", ["flat", "nar"])
def test_other_algorithms(store: Store, tmp_path: Path, method: str, algo: str) -> None:
    (tmp_path / "file").write_bytes(b"hello\n")
    path = store.add_source(str(tmp_path / "file"), "file", method=method, algo=algo)
    info = store.query(path)
    assert info is not None
    assert info.content_address is not None
    assert info.content_address.hash == digest(algo, b"hello\n" if method == "flat" else file_nar(b"hello\n"))
    assert info.nar_hash == sha256(file_nar(b"hello\n"))


def test_flat_is_never_executable_and_follows_a_link(store: Store, tmp_path: Path) -> None:
    make(tmp_path / "tool", (b"x", True))
    (tmp_path / "link").symlink_to("tool")
    path = store.add_source(str(tmp_path / "link"), "tool", method="flat")
    assert dumped(store, path) == file_nar(b"x")


def test_a_filter_is_asked_once_for_each_member_in_order(store: Store, tmp_path: Path) -> None:
    make(tmp_path / "t", {b"a": {b"x": b""}, b"b": {b"y": b""}, b"c": "a", b"d": b"", b"\xff": b""})
    os.mkfifo(tmp_path / "t" / "fifo")
    asked: list[tuple[str, str]] = []

    def accept(path: str, kind: str) -> bool:
        asked.append((path, kind))
        return not path.endswith(("/b", "/fifo"))

    path = store.add_source(str(tmp_path / "t"), "t", filter=accept)
    base = str(tmp_path / "t")
    assert asked == [
        (f"{base}/a", "directory"),
        (f"{base}/a/x", "regular"),
        (f"{base}/b", "directory"),
        (f"{base}/c", "symlink"),
        (f"{base}/d", "regular"),
        (f"{base}/fifo", "unknown"),
        (f"{base}/\xff", "regular"),
    ]
    assert dumped(store, path) == nar_of({b"a": {b"x": b""}, b"c": "a", b"d": b"", b"\xff": b""})


def test_a_fifo_is_refused_by_name(store: Store, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    os.mkfifo(tmp_path / "t" / "pipe")
    with pytest.raises(UnsupportedFileError, match=r"/t/pipe' is a fifo; a store object holds only"):
        store.add_source(str(tmp_path / "t"), "t")
    assert store.all_paths() == []


# -- imports


def test_import_and_dump(store: Store) -> None:
    nar = nar_of(SAMPLE)
    info = info_for(nar)
    store.import_nar(info, [nar[start : start + 1] for start in range(len(nar))])
    assert store.query(info.path) == info
    assert dumped(store, info.path) == nar


def test_what_is_valid_is_not_read_again(store: Store) -> None:
    nar = file_nar(b"x")
    info = info_for(nar)
    store.import_nar(info, [nar])

    def never() -> Iterator[bytes]:
        raise AssertionError
        yield b""

    store.import_nar(info, never())


@pytest.mark.parametrize("what", ["hash", "size"])
def test_a_wrong_nar_leaves_nothing(store: Store, what: str) -> None:
    nar = file_nar(b"x")
    wrong = PathInfo(path_named("thing"), sha256(b"") if what == "hash" else sha256(nar), len(nar) + (what == "size"))
    with pytest.raises(ImportMismatchError, match=f"{what} mismatch importing path '/nix/store/.*-thing'") as caught:
        store.import_nar(wrong, [nar])
    assert caught.value.what == what
    assert not store.is_valid(wrong.path)
    store.import_nar(info_for(nar), [nar])
    assert store.is_valid(wrong.path)


@pytest.mark.parametrize("damage", [lambda nar: nar[:-1], lambda nar: nar + b"\0" * 8, lambda nar: b"", lambda nar: b"x" * 100])
def test_a_damaged_nar_leaves_nothing(store: Store, damage: Callable[[bytes], bytes]) -> None:
    nar = nar_of(SAMPLE)
    info = info_for(nar)
    bad = damage(nar)
    with pytest.raises((NarError, ImportMismatchError)):
        store.import_nar(PathInfo(info.path, sha256(bad), len(bad)), [bad])
    assert store.all_paths() == []


def test_an_import_that_stops_leaves_nothing(store: Store) -> None:
    nar = nar_of(SAMPLE)
    info = info_for(nar)

    def broken() -> Iterator[bytes]:
        yield nar[:100]
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        store.import_nar(info, broken())
    assert not store.is_valid(info.path)
    store.import_nar(info, [nar])


def test_imported_references_must_be_valid_but_for_itself(store: Store) -> None:
    nar = file_nar(b"x")
    own = path_named("thing")
    with pytest.raises(InvalidPathError):
        store.import_nar(info_for(nar, references=(path_named("other"),)), [nar])
    store.import_nar(info_for(nar, references=(own,)), [nar])
    info = store.query(own)
    assert info is not None
    assert info.references == (own,)
    assert store.referrers(own) == (own,)


def test_a_false_content_address_is_refused(store: Store) -> None:
    nar = file_nar(b"hello\n")
    path = text_path(store.store_dir, "hello.txt", b"hello\n")
    false = PathInfo(path_named("hello.txt"), sha256(nar), len(nar), content_address=ContentAddress("text", sha256(b"hello\n")))
    with pytest.raises(ImportMismatchError, match="content address"):
        store.import_nar(false, [nar])
    lying = text_path(store.store_dir, "hello.txt", b"other")
    wrong = PathInfo(lying, sha256(nar), len(nar), content_address=ContentAddress("text", sha256(b"other")))
    with pytest.raises(ImportMismatchError, match="content address"):
        store.import_nar(wrong, [nar])
    right = PathInfo(path, sha256(nar), len(nar), content_address=ContentAddress("text", sha256(b"hello\n")))
    store.import_nar(right, [nar])
    assert store.all_paths() == [path]


def test_an_imported_derivation_knows_its_outputs(store: Store) -> None:
    out = path_named("imported")
    nar = file_nar(to_bytes(aterm.serialise(derivation("imported", out=out.base_name))))
    info = info_for(nar, "imported.drv")
    store.import_nar(info, [nar])
    assert store.derivation_outputs(info.path) == {"out": out}


# -- built outputs


def test_built_outputs_may_refer_to_each_other_and_themselves(store: Store) -> None:
    drv = path_named("d.drv")
    lib = built(store, "lib", path_named("lib"), deriver=drv)
    out = built(store, "out", lib.path, deriver=drv)
    store.register_built([out, lib])
    info = store.query(lib.path)
    assert info is not None
    assert (info.references, info.deriver, info.ultimate) == ((lib.path,), drv, True)
    assert set(store.closure([out.path]).members) == {out.path, lib.path}


def test_built_outputs_are_valid_together_or_not_at_all(store: Store) -> None:
    good = built(store, "good")
    with pytest.raises(InvalidPathError, match="refers to it"):
        store.register_built([good, built(store, "bad", path_named("missing"))])
    with pytest.raises(InvalidPathError, match="it was not built"):
        store.register_built([good, BuiltOutput(path_named("absent"), sha256(b""), 1)])
    assert not store.is_valid(good.path)
    store.register_built([good])
    assert store.is_valid(good.path)


def test_a_circle_of_outputs_is_refused(store: Store) -> None:
    one, two = path_named("one"), path_named("two")
    with pytest.raises(ReferenceCycleError, match=r"cycle detected in the references of '/nix/store/.*-(one|two)' -> ") as caught:
        store.register_built([built(store, "one", two), built(store, "two", one)])
    assert len(caught.value.members) == 2
    assert store.all_paths() == []


# -- living together


def test_a_lock_excludes_other_threads(store: Store) -> None:
    path = path_named("locked")
    heard: list[StorePath] = []
    waiting = threading.Event()
    done = threading.Event()

    def told(waited_for: StorePath) -> None:
        heard.append(waited_for)
        waiting.set()

    def other() -> None:
        with store.lock([path], told):
            done.set()

    with store.lock([path, path_named("another")]):
        assert store.try_lock([path]) is None
        thread = threading.Thread(target=other)
        thread.start()
        assert waiting.wait(10)
        assert not done.is_set()
    thread.join(10)
    assert done.is_set()
    assert heard == [path]
    held = store.try_lock([path])
    assert held is not None
    with held:
        assert store.try_lock([path_named("free"), path]) is None
        free = store.try_lock([path_named("free")])
        assert free is not None
        with free:
            pass
    with store.lock([path]):
        pass


def test_an_import_under_the_callers_lock(store: Store) -> None:
    nar = file_nar(b"x")
    info = info_for(nar)
    with store.lock([info.path]):
        store.import_nar(info, [nar], locked=True)
    assert store.is_valid(info.path)


def test_logs(store: Store) -> None:
    drv = path_named("d.drv")
    log = store.open_log(drv)
    log.write(b"first\n")
    assert store.read_log(drv) == b"first\n"
    log.write(b"\xff second\n")
    log.close()
    log.close()
    assert store.read_log(drv) == b"first\n\xff second\n"
    store.write_log(drv, b"again\n")
    assert store.read_log(drv) == b"again\n"
    output = built(store, "thing", deriver=drv)
    store.register_built([output])
    assert store.read_log(output.path) == b"again\n"
