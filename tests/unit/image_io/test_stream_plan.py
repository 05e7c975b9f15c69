"""The image of a stream script, read without running it: the same bytes, member by member and from any place."""

import gzip
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import pyzstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagetools.image.tags import BrokenImageError
from imagetools.image_io.members import open_members
from imagetools.image_io.stream_plan import RECORD, GoneFromStoreError, OldScriptError, StreamedImage
from tests.unit.builders.build import build, stream
from tests.unit.builders.fakes import FakeStore
from tests.unit.image_io.archives import archive as archived
from tests.unit.image_io.archives import file, folder, image, tar

LARGE = bytes(range(256)) * 9000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FakeStore:
    made = FakeStore(tmp_path_factory.mktemp("a store"))
    libc = made.add("libc", {"lib": {"libc.so": LARGE, "empty": b"", "n" * 120: b"name"}})
    made.add("hello", {"bin": {"hello": b"#!elf", "hi": "hello"}, "share": {"x" * 90: {"y" * 90: b"deep"}}}, [libc])
    return made


@pytest.fixture(scope="module")
def script(store: FakeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stream(
        store,
        tmp_path_factory.mktemp("scratch"),
        contents=[store.logical("hello")],
        extraCommands="head -c 2500000 /dev/zero > zeros",
    )


@pytest.fixture(scope="module")
def archive(store: FakeStore, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("built") / "out"
    commands = "head -c 2500000 /dev/zero > zeros"
    return build(store, out, "layered", contents=[store.logical("hello")], extraCommands=commands).archive


def opened(path: Path) -> StreamedImage:
    image = StreamedImage.open(str(path))
    assert image is not None
    return image


def test_all_of_it(script: Path, archive: bytes) -> None:
    image = opened(script)
    assert image.size == len(archive)
    assert b"".join(image.pieces(0, image.size)) == archive


def test_members(script: Path, archive: bytes, tmp_path: Path) -> None:
    with tarfile.open(fileobj=BytesIO(archive)) as tar, open_members(str(script), str(tmp_path)) as members:
        for member in tar.getmembers():
            file = tar.extractfile(member)
            assert file is not None
            data = file.read()
            assert member.name in members
            assert members.size(member.name) == len(data)
            assert b"".join(members.pieces(member.name)) == data
            assert b"".join(members.pieces(member.name, 700)) == data[700:]
        assert "other" not in members
        with pytest.raises(BrokenImageError, match="it is missing"):
            members.size("other")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.tuples(st.integers(0, 6_000_000), st.integers(0, 3_000_000)))
def test_any_place(script: Path, archive: bytes, place: tuple[int, int]) -> None:
    start = min(place[0], len(archive))
    size = min(place[1], len(archive) - start)
    same = b"".join(opened(script).pieces(start, size)) == archive[start : start + size]
    assert same, "both are too long to show"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, pyzstd.compress])
@pytest.mark.parametrize("inner", [bytes, gzip.compress])
def test_on_a_base(tmp_path: Path, pack: Callable[[bytes], bytes], inner: Callable[[bytes], bytes]) -> None:
    """Parts of the base's file, which may be packed, are read as the script reads them."""
    store = FakeStore(tmp_path / "store")
    store.add("hello", {"bin": {"hello": b"#!elf"}})
    lower = [tar(folder("etc"), file("etc/large", LARGE)), tar(folder("var"), file("var/small", b"small"))]
    base = store.add("base", pack(archived(image(lower, stored=[inner(data) for data in lower]))))
    path = stream(store, tmp_path, contents=[store.logical("hello")], fromImage=base)
    written = subprocess.run([sys.executable, str(path)], capture_output=True, check=True).stdout
    found = opened(path)
    same = b"".join(found.pieces(0, found.size)) == written
    assert same, "both are too long to show"
    for start in (0, 600, 3000, 1_000_000, found.size - 9000):
        assert b"".join(found.pieces(start, 5000)) == written[start : start + 5000]


def test_pieces_are_neither_tiny_nor_huge(script: Path) -> None:
    image = opened(script)
    sizes = [len(piece) for piece in image.pieces(0, image.size)]
    assert max(sizes) <= 1 << 20
    assert len(sizes) < image.size // (1 << 18)


def test_through_a_link(script: Path, tmp_path: Path) -> None:
    link = tmp_path / "result"
    link.symlink_to(script)
    assert opened(link).members == opened(script).members


@pytest.mark.parametrize("text", [b"", b"#!/bin/sh\n", b"#!/bin/sh\nIMAGE = {}\n", b"#!/bin/sh\nIMAGE = [1\n", b"\x7fELF"])
def test_other_files(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(text)
    assert StreamedImage.open(str(path)) is None


def test_an_old_script(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text('#!/bin/sh\nIMAGE = {"plan": "/nix/store/x", "layers": []}\n')
    with pytest.raises(OldScriptError) as caught:
        StreamedImage.open(str(path))
    assert str(caught.value) == f"'{path}' was made by an older imagetools"
    assert caught.value.hint == "build it again, or run it: './result | docker load'"


def test_away_from_its_store(script: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(script.read_bytes())
    with pytest.raises(GoneFromStoreError, match=r"the image of '.*/copy' cannot be read: '.*stream-plan' is not there"):
        StreamedImage.open(str(copy))


def test_a_file_is_gone_or_shorter(tmp_path: Path) -> None:
    store = FakeStore(tmp_path / "store")
    store.add("hello", {"file": LARGE})
    image = opened(stream(store, tmp_path, contents=[store.logical("hello")]))
    path = store.root / store.path_of("hello").base_name / "file"
    path.chmod(0o644)
    os.truncate(path, 1000)
    with pytest.raises(GoneFromStoreError, match=f"has not its {len(LARGE)} bytes any more"):
        list(image.pieces(0, image.size))
    path.unlink()
    with pytest.raises(GoneFromStoreError, match="cannot be opened: No such file or directory"):
        list(image.pieces(0, image.size))


def test_a_damaged_plan(script: Path, tmp_path: Path) -> None:
    image = opened(script)
    plan = Path(image.plan).read_bytes()
    for text in (b"", plan[: len(plan) // 2], plan[:20] + b"XXXX" + plan[24:], b"no gzip", gzip.compress(b"short")):
        copy = tmp_path / Path(image.plan).name
        copy.write_bytes(text)
        (tmp_path / script.name).write_bytes(script.read_bytes())
        with pytest.raises(BrokenImageError, match="it is damaged"):
            list(opened(tmp_path / script.name).pieces(0, image.size))


@pytest.mark.parametrize(
    "name", [b"../outside", b"/etc/passwd", b"a/../../outside", b"@0:plain:../outside", b"@x:plain:y", b"@1"]
)
def test_a_plan_that_names_other_files(tmp_path: Path, name: bytes) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    store = tmp_path / "store"
    store.mkdir()
    (store / "plan").write_bytes(gzip.compress(RECORD.pack(0, 6, len(name)) + name))
    described = {"plan": "/nix/store/plan", "layers": [], "reference": "x", "size": 6, "members": [["m", 0, 6]], "segments": []}
    (store / "script").write_text(f"#!/bin/sh\nIMAGE = {json.dumps(described)}\n")
    with pytest.raises(BrokenImageError, match="it is damaged"):
        list(opened(store / "script").pieces(0, 6))


def test_a_description_that_makes_no_sense(tmp_path: Path) -> None:
    described = {"plan": "/nix/store/plan", "layers": [], "reference": "x", "size": 6, "members": [["m", "x"]], "segments": []}
    (tmp_path / "script").write_text(f"#!/bin/sh\nIMAGE = {json.dumps(described)}\n")
    with pytest.raises(BrokenImageError, match="its description makes no sense"):
        StreamedImage.open(str(tmp_path / "script"))
