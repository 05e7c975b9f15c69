"""mkBinaryCache's builder: what lies in the cache, the same bytes each time, and what it refuses."""

from pathlib import Path

import pytest

from imagetools.builtin.api import MissingAttributeError
from imagetools.bundled.builders.binary_cache.make_cache import BinaryCache
from imagetools.formats.narinfo import NarInfo
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir
from imagetools.store.cache_writer import CacheWriter, ChangedObjectError, WrongCacheError
from imagetools.store.compression import UnknownCompressionError, decompressed
from imagetools.store.fs_nar import dump, nar_hash

from .fakes import FakeContext, FakeStore

SIGNATURE = "k:" + "A" * 86 + "=="
OTHER = "other:" + "A" * 86 + "=="


def store_with_two(folder: Path) -> tuple[FakeStore, str]:
    store = FakeStore(folder / "store")
    library = store.add("lib", {"lib": {"lib.so": b"code" * 50_000, "link": "lib.so"}})
    program = store.add("program", {"bin": {"run": b"#!/bin/sh\n" + library.encode()}}, [library])
    for path, info in store.infos.items():
        found, size = nar_hash(store.root / path.base_name)
        store.infos[path] = PathInfo(path, found, size, info.references, deriver=path, signatures=(SIGNATURE,))
    return store, program


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def build(store: FakeStore, out: Path, root: str, compression: str) -> dict[str, bytes]:
    BinaryCache().build(FakeContext(store, out, {"rootPaths": root, "compression": compression}, "binary-cache"))
    return files(out)


@pytest.mark.parametrize(("compression", "suffix"), [("none", ""), ("xz", ".xz"), ("zstd", ".zst")])
def test_a_closure(tmp_path: Path, compression: str, suffix: str) -> None:
    store, program = store_with_two(tmp_path)
    made = build(store, tmp_path / "cache", program, compression)
    assert made.pop("nix-cache-info") == b"StoreDir: /nix/store\n"
    assert {path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()} == {"nar", "realisations", "debuginfo", "log"}
    assert len(made) == 4
    for path, info in store.infos.items():
        narinfo = NarInfo.parse(made[f"{path.hash_part}.narinfo"].decode(), StoreDir())
        assert (narinfo.info.path, narinfo.info.nar_hash, narinfo.info.references) == (path, info.nar_hash, info.references)
        assert (narinfo.info.deriver, narinfo.info.signatures, narinfo.compression) == (None, (), compression)
        assert narinfo.file_hash is not None
        assert narinfo.url == f"nar/{narinfo.file_hash.base32()}.nar{suffix}"
        pieces: list[bytes] = []
        dump(store.root / path.base_name, pieces.append)
        assert b"".join(decompressed(compression, [made[narinfo.url]])) == b"".join(pieces)
    again = build(store, tmp_path / "again", program, compression)
    assert again.items() >= made.items()


def test_nothing_to_pack(tmp_path: Path) -> None:
    with pytest.raises(MissingAttributeError, match="needs the attribute 'rootPaths'"):
        BinaryCache().build(FakeContext(FakeStore(tmp_path / "store"), tmp_path / "out", {}, "binary-cache"))


def writer_of(tmp_path: Path) -> tuple[CacheWriter, PathInfo, Path]:
    store, _ = store_with_two(tmp_path)
    writer = CacheWriter(str(tmp_path / "cache"), StoreDir(), "zstd")
    writer.open()
    info = min(store.infos.values(), key=lambda item: item.path)
    return writer, info, store.root / info.path.base_name


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    writer, info, place = writer_of(tmp_path)
    first = writer.add(info, lambda sink: dump(place, sink))
    before = files(tmp_path / "cache")
    assert writer.add(info, lambda sink: pytest.fail("read again")) == first
    assert files(tmp_path / "cache") == before
    signed = writer.add(info.with_signatures([OTHER]), lambda sink: pytest.fail("read again"))
    assert signed.info.signatures == (SIGNATURE, OTHER)
    assert f"Sig: {OTHER}\n".encode() in files(tmp_path / "cache")[f"{info.path.hash_part}.narinfo"]


def test_a_narinfo_without_its_nar_is_not_believed(tmp_path: Path) -> None:
    writer, info, place = writer_of(tmp_path)
    made = writer.add(info, lambda sink: dump(place, sink))
    (tmp_path / "cache" / made.url).unlink()
    assert writer.add(info, lambda sink: dump(place, sink)) == made
    assert (tmp_path / "cache" / made.url).is_file()


def test_a_changed_object_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    writer, info, _ = writer_of(tmp_path)
    (tmp_path / "other").write_bytes(b"something else")
    before = files(tmp_path / "cache")
    with pytest.raises(ChangedObjectError, match="has been changed since it was registered"):
        writer.add(info, lambda sink: dump(tmp_path / "other", sink))
    assert files(tmp_path / "cache") == before


def test_folders_that_are_no_cache_for_us(tmp_path: Path) -> None:
    (tmp_path / "nix-cache-info").write_text("StoreDir: /gnu/store\n")
    with pytest.raises(WrongCacheError, match="it is for the store directory '/gnu/store'"):
        CacheWriter(str(tmp_path), StoreDir(), "none").open()
    (tmp_path / "nix-cache-info").write_text("hello\n")
    with pytest.raises(WrongCacheError, match="cannot be used as a binary cache"):
        CacheWriter(str(tmp_path), StoreDir(), "none").open()
    with pytest.raises(UnknownCompressionError):
        CacheWriter(str(tmp_path), StoreDir(), "br")
