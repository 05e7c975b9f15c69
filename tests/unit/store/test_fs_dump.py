"""Reading trees as NARs: the same bytes as the format's own writer, and clear words where a NAR cannot hold something."""

import os
import socket
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.store.disk import delete_tree
from imagetools.store.fs_dump import CHUNK, FLUSH, ChangedWhileReadError, SourceReadError, UnsupportedFileError, dump, read_chunks
from tests.unit.store.trees import SAMPLE, Tree, make, nar_of

NAMES = st.binary(min_size=1, max_size=12).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)
LEAVES = (
    st.binary(max_size=40)
    | st.tuples(st.binary(max_size=20), st.booleans())
    | st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1, max_size=20)
)
TREES: st.SearchStrategy[Tree] = st.recursive(
    LEAVES, lambda children: st.dictionaries(NAMES, children, max_size=5), max_leaves=12
)


def dumped(path: Path | bytes) -> bytes:
    pieces = bytearray()
    dump(path, pieces.extend)
    return bytes(pieces)


def test_a_tree_gives_the_same_nar_as_the_writer(tmp_path: Path) -> None:
    make(tmp_path / "t", SAMPLE)
    assert dumped(tmp_path / "t") == nar_of(SAMPLE)


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_any_tree_gives_the_same_nar_as_the_writer(tmp_path_factory: pytest.TempPathFactory, tree: Tree) -> None:
    root = tmp_path_factory.mktemp("any") / "t"
    make(root, tree)
    assert dumped(root) == nar_of(tree)


@pytest.mark.parametrize("root", [b"file", (b"tool", True), "dangling/link", {}])
def test_the_root_may_be_anything(tmp_path: Path, root: Tree) -> None:
    make(tmp_path / "t", root)
    assert dumped(tmp_path / "t") == nar_of(root)


@pytest.mark.parametrize("size", [FLUSH - 1, FLUSH, FLUSH + 1, CHUNK, 3 * CHUNK + 5])
def test_large_files_come_in_chunks(tmp_path: Path, size: int) -> None:
    data = os.urandom(1000) * (size // 1000 + 1)
    tree: Tree = {b"a": b"before", b"big": (data[:size], True), b"c": b"after"}
    make(tmp_path / "t", tree)
    sizes: list[int] = []
    pieces = bytearray()

    def sink(chunk: bytes) -> None:
        sizes.append(len(chunk))
        pieces.extend(chunk)

    dump(tmp_path / "t", sink)
    assert bytes(pieces) == nar_of(tree)
    assert max(sizes) <= CHUNK + FLUSH


def test_memory_does_not_grow_with_a_file(tmp_path: Path) -> None:
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(200 << 20)
    tracemalloc.start()
    try:
        dump(tmp_path / "huge", len)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 << 20


def test_only_the_owners_executable_bit_counts(tmp_path: Path) -> None:
    make(tmp_path / "t", b"x")
    (tmp_path / "t").chmod(0o655)
    assert dumped(tmp_path / "t") == nar_of(b"x")
    (tmp_path / "t").chmod(0o744)
    assert dumped(tmp_path / "t") == nar_of((b"x", True))


@pytest.mark.parametrize("inside", [False, True])
def test_what_a_nar_cannot_hold_is_named(tmp_path: Path, inside: bool) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    with pytest.raises(UnsupportedFileError) as caught:
        dump(folder if inside else folder / "pipe", len)
    assert (
        caught.value.message
        == f"file '{folder}/pipe' is a fifo; a store object holds only regular files, directories and symbolic links"
    )


def test_a_socket_and_a_device_too(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.bind(str(tmp_path / "s"))
        with pytest.raises(UnsupportedFileError, match="/s' is a socket"):
            dump(tmp_path, len)
    with pytest.raises(UnsupportedFileError, match="'/dev/null' is a character device"):
        dump("/dev/null", len)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceReadError) as caught:
        dump(tmp_path / "missing-\udcff", len)
    assert caught.value.message == f"cannot read '{tmp_path}/missing-\ufffd': No such file or directory"


def test_a_file_that_shrinks_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"12345")
    fd = os.open(tmp_path / "f", os.O_RDONLY)
    try:
        with pytest.raises(ChangedWhileReadError, match="/f' changed while it was read"):
            list(read_chunks(fd, 6, os.fsencode(tmp_path / "f")))
    finally:
        os.close(fd)


def test_errors_of_the_sink_are_its_own(tmp_path: Path) -> None:
    make(tmp_path / "t", SAMPLE)

    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left on device"):
        dump(tmp_path / "t", full)


def test_a_tree_deeper_than_the_stack(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path)
    depth = (4000 - len(path)) // 2
    for _ in range(depth):
        path += b"/d"
        os.mkdir(path)
    sizes: list[int] = []
    try:
        dump(tmp_path, lambda chunk: sizes.append(len(chunk)))
    finally:
        delete_tree(str(tmp_path / "d"))  # what pytest itself would use to tidy up recurses
    assert sum(sizes) > depth * 100
