"""Layers that an earlier build measured: not read again, and only where all that they follow from is the same."""

import os
from pathlib import Path

import pytest

from imagetools.builtin.api import LEDGER
from imagetools.bundled.builders.docker_tools.known_layers import runs_commands
from imagetools.bundled.builders.oci_tools.oci_image_layout import OciImageLayout
from imagetools.image_io.compressors import codec
from imagetools.image_io.ledger import LayerFacts, LayerLedger
from imagetools.kernel.hashes import digest

from .build import build, environment, stream
from .fakes import FakeContext, FakeStore

BYTES = os.urandom(200_000)


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    made = FakeStore(tmp_path / "store")
    made.add("libc", {"lib": {"libc.so": BYTES}})
    made.add("hello", {"bin": {"hello": b"#!elf"}}, [made.logical("libc")])
    return made


def take_over(scratch: Path, ledger: Path) -> set[str]:
    """What a build left becomes what the next one finds, as realise does it; the names of the entries."""
    new, old = LayerLedger(str(scratch / LEDGER)), LayerLedger(str(ledger))
    names = set(new.names())
    for name in names:
        facts = new.entry(name)
        assert facts is not None
        old.record_entry(name, facts)
        os.unlink(os.path.join(new.folder, name))
    return names


def spoil(store: FakeStore) -> None:
    """Other bytes, so that whoever reads them has another diff ID."""
    path = store.root / store.path_of("libc").base_name / "lib/libc.so"
    path.chmod(0o644)
    path.write_bytes(bytes(len(BYTES)))
    path.chmod(0o444)


def diff_ids(store: FakeStore, folder: Path, **attributes: str) -> list[str]:
    made = build(store, folder / "out", "layered", contents=[store.logical("hello")], compressor="none", **attributes)
    found: list[str] = made.config["rootfs"]["diff_ids"]
    return found


def test_a_script_is_made_without_reading_what_is_known(store: FakeStore, tmp_path: Path) -> None:
    def script() -> str:
        made = stream(store, tmp_path, contents=[store.logical("hello")])
        text = made.read_text()
        made.unlink()
        return text

    before = script()
    assert len(take_over(tmp_path, store.root / ".ledger")) == 2, "the layer of the customisation is made each time"
    spoil(store)
    assert script() == before
    LayerLedger(str(store.root / ".ledger")).tidy(0)
    assert script() != before


def test_an_archive_has_the_same_bytes_either_way(store: FakeStore, tmp_path: Path) -> None:
    first = build(store, tmp_path / "out", "layered", contents=[store.logical("hello")])
    assert take_over(tmp_path, tmp_path / ".ledger")
    assert build(store, tmp_path / "out", "layered", contents=[store.logical("hello")]).archive == first.archive
    assert not take_over(tmp_path, tmp_path / ".ledger"), "nothing is measured twice"


def test_other_bytes_of_a_path_are_another_layer(store: FakeStore, tmp_path: Path) -> None:
    before = diff_ids(store, tmp_path)
    take_over(tmp_path, tmp_path / ".ledger")
    spoil(store)
    path = store.path_of("libc")
    store.infos[path] = store.infos[path]._replace(nar_hash=digest("sha256", b"other bytes"))
    after = diff_ids(store, tmp_path)
    assert [one == other for one, other in zip(before, after, strict=True)].count(False) == 1


@pytest.mark.parametrize("change", [{"mtime": "1980-01-01T00:00:00Z"}, {"uid": "7"}, {"gname": "staff"}])
def test_another_stamp_is_another_layer(store: FakeStore, tmp_path: Path, change: dict[str, str]) -> None:
    names = (diff_ids(store, tmp_path), take_over(tmp_path, tmp_path / ".ledger"))
    others = (diff_ids(store, tmp_path, **change), take_over(tmp_path, tmp_path / ".ledger"))
    assert not set(names[0][:-1]) & set(others[0][:-1])
    assert not names[1] & others[1]


def test_names_with_blanks_are_not_mixed_up(store: FakeStore, tmp_path: Path) -> None:
    names = []
    for uname, gname in (("a b", "c"), ("a", "b c")):
        diff_ids(store, tmp_path, uname=uname, gname=gname)
        names.append(take_over(tmp_path, tmp_path / ".ledger"))
    assert not names[0] & names[1]


def test_a_size_that_does_not_fit_is_not_believed(store: FakeStore, tmp_path: Path) -> None:
    before = diff_ids(store, tmp_path)
    ledger = LayerLedger(str(tmp_path / ".ledger"))
    for name in take_over(tmp_path, tmp_path / ".ledger"):
        ledger.record_entry(name, LayerFacts(digest("sha256", b"a lie"), 512))
    assert diff_ids(store, tmp_path) == before


def test_commands_are_seen() -> None:
    assert not runs_commands(environment("layered", {}))
    assert runs_commands(environment("layered", {"extraCommands": "true"}))
    for name in ("fakeRootCommands", "runAsRoot"):
        assert runs_commands({name: "true"})


@pytest.mark.parametrize("compressor", ["none", "gz", "zstd"])
def test_a_layout_is_the_same_either_way(store: FakeStore, tmp_path: Path, compressor: str) -> None:
    def digests(name: str) -> str:
        out = tmp_path / name
        attributes = {"contents": [store.logical("hello")], "compressor": compressor, "format": "dir", "annotations": {}}
        ctx = FakeContext(store, out, environment("layered", attributes), "oci-layout")
        ctx.outputs["digests"] = str(tmp_path / "digests")
        OciImageLayout().build(ctx)
        return (tmp_path / "digests").read_text()

    first = digests("one")
    names = take_over(tmp_path, tmp_path / ".ledger")
    assert digests("two") == first
    ledger = LayerLedger(str(tmp_path / ".ledger"))
    facts = [ledger.entry(name) for name in names]
    assert all(fact is not None and list(fact.blobs) == [codec(compressor)] for fact in facts)


def test_layouts_for_machines_may_have_commands_of_their_own() -> None:
    assert not OciImageLayout().runs_commands({})
    assert OciImageLayout().runs_commands({"machines": "[]"})
