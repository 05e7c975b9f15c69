"""The NAR reader: any chunking gives the same, one NAR for each tree, and each kind of damage has its sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.formats.nar.events import Close, Data, Directory, Entry, Regular, Symlink
from imagetools.formats.nar.reader import NarError, NarReader, events, read_nar
from imagetools.formats.nar.writer import NarWriter
from tests.unit.formats.nar.trees import Collector, File, Folder, Link, Tree, encode, s, trees

HEAD = s("nix-archive-1")
EMPTY = s("(", "type", "regular", "contents", "", ")")


def read(data: bytes, size: int = 1 << 30) -> Collector:
    collector = Collector()
    assert read_nar((data[start : start + size] for start in range(0, len(data), size)), collector) == len(data)
    return collector


@given(trees(), st.integers(1, 40))
def test_any_chunking_gives_the_tree(tree: Tree, size: int) -> None:
    data = encode(tree)
    assert read(data).root == tree
    assert read(data, 1).root == tree
    assert read(data, size).root == tree


def test_small_files_come_whole_and_large_ones_in_pieces() -> None:
    tree = Folder({b"big": File(bytes(100_000)), b"small": File(b"x" * 1000), b"void": File(b"")})
    data = encode(tree)
    at_once, piecewise = read(data), read(data, 10)
    assert at_once.root == piecewise.root == tree
    assert (at_once.whole, at_once.streamed) == (2, 1)
    assert (piecewise.whole, piecewise.streamed) == (1, 2)


def test_events() -> None:
    tree = Folder({b"a": File(b"xy", True), b"b": Folder({b"c": Link(b"t")})})
    assert list(events([encode(tree)])) == [
        Directory(),
        Entry(b"a"),
        Regular(2, True),
        Data(b"xy"),
        Entry(b"b"),
        Directory(),
        Entry(b"c"),
        Symlink(b"t"),
        Close(),
        Close(),
    ]


def test_depth_and_length_are_no_problem() -> None:
    tree: Tree = File(b"")
    for _ in range(100):
        tree = Folder({b"d": tree})
    data = encode(tree)
    assert read(data).root == tree
    many = Folder({b"%05d" % number: File(b"") for number in range(3000)})
    assert read(encode(many), 1000).root == many


HERE = b"<here>"  # stands where the error is reported
REGULAR = s("(", "type", "regular")
NODE = "expected a file, directory or symbolic link"
ITEM = "expected an entry or the end of the directory"
HUGE = b"\xff" * 8


def folder(*entries: bytes) -> bytes:
    return HEAD + s("(", "type", "directory") + b"".join(entries) + s(")")


def entry(name: str | bytes, here: bytes = b"") -> bytes:
    return s("entry", "(", "name") + here + s(name, "node") + EMPTY + s(")")


def wrong(name: str | bytes) -> bytes:
    return entry(name, HERE)


def link(target: str | bytes) -> bytes:
    return HEAD + s("(", "type", "symlink", "target") + HERE + s(target, ")")


REFUSED = {
    "no bytes": (HERE, "it ends too early"),
    "other magic": (s("nix-archive-2").replace(b"nix-arch", b"nix-arch" + HERE), "expected the magic of a Nix archive"),
    "text": (HERE + b"hello world, this is no archive", "expected the magic of a Nix archive"),
    "only the magic": (HEAD + HERE, "it ends too early"),
    "truncated": (folder(entry("a"))[:-1] + HERE, "it ends too early"),
    "truncated contents": (HEAD + REGULAR + s("contents") + b"\5" + bytes(7) + b"abc" + HERE, "it ends too early"),
    "bytes after the end": (HEAD + EMPTY + HERE + b"\0", "bytes after the end"),
    "a second archive": (HEAD + EMPTY + HERE + HEAD + EMPTY, "bytes after the end"),
    "unknown kind": (HEAD + s("(", "type") + HERE + s("fifo", ")"), NODE),
    "kind twice": (HEAD + REGULAR + HERE + s("type", "regular", "contents", "", ")"), NODE),
    "no contents": (HEAD + REGULAR + HERE + s(")"), NODE),
    "executable marker with a value": (HEAD + REGULAR + s("executable") + HERE + s("x", "contents", "", ")"), NODE),
    "executable twice": (HEAD + REGULAR + s("executable", "") + HERE + s("executable"), NODE),
    "contents twice": (HEAD + REGULAR + s("contents", "") + HERE + s("contents", "", ")"), "expected ')'"),
    "padding of contents": (
        HEAD + REGULAR + s("contents", "abc", ")").replace(b"c\0", b"c" + HERE + b"\1"),
        "padding that is not zero",
    ),
    "padding of a token": (HEAD + EMPTY.replace(b"(\0", HERE + b"(\1"), NODE),
    "padding of a name": (folder(entry("a").replace(b"a\0\0\0", b"a" + HERE + b"\0\0\1")), "padding that is not zero"),
    "unsorted names": (folder(entry("b"), wrong("a")), "the name 'a' is not sorted: it comes after 'b'"),
    "names sorted by letters": (folder(entry("a"), wrong("B")), "the name 'B' is not sorted: it comes after 'a'"),
    "duplicate name": (folder(entry("a"), wrong("a")), "the name 'a' comes twice"),
    "empty name": (folder(wrong("")), "the name '' is empty"),
    "the name .": (folder(wrong(".")), "the name '.' stands for a directory itself"),
    "the name ..": (folder(wrong("..")), "the name '..' stands for a directory itself"),
    "a slash in a name": (folder(wrong("a/b")), "the name 'a/b' contains a slash"),
    "an absolute name": (folder(wrong("/etc")), "the name '/etc' contains a slash"),
    "a zero byte in a name": (folder(wrong(b"a\0b")), "the name 'a\0b' contains a zero byte"),
    "a long name": (folder(wrong("x" * 256)), "a name of 256 bytes (at most 255)"),
    "a huge name": (folder(s("entry", "(", "name") + HERE + HUGE), f"a name of {2**64 - 1} bytes (at most 255)"),
    "an entry without name": (folder(s("entry", "(") + HERE + s("node") + EMPTY + s(")")), ITEM),
    "an entry without node": (folder(s("entry", "(", "name", "a") + HERE + s(")")), NODE),
    "two nodes in an entry": (folder(s("entry", "(", "name", "a", "node") + EMPTY + HERE + EMPTY + s(")")), "expected ')'"),
    "a file in place of an entry": (folder(HERE + EMPTY), ITEM),
    "an entry after a file": (HEAD + EMPTY[:-16] + HERE + entry("a") + s(")"), "expected ')'"),
    "an empty target": (link(""), "the link target '' is empty"),
    "a zero byte in a target": (link(b"a\0b"), "the link target 'a\0b' contains a zero byte"),
    "a long target": (link("x" * 4096), "a link target of 4096 bytes (at most 4095)"),
    "an impossible size": (HEAD + REGULAR + s("contents") + HERE + HUGE, f"a file of {2**64 - 1} bytes"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_refused(case: str) -> None:
    marked, reason = REFUSED[case]
    data = marked.replace(HERE, b"")
    with pytest.raises(NarError) as caught:
        read(data)
    assert caught.value.reason == reason
    assert 0 <= caught.value.offset - marked.index(HERE) // 8 * 8 <= 8  # a wrong word may show only after its length
    assert caught.value.message == f"bad archive: {reason} (at byte {caught.value.offset})"
    with pytest.raises(NarError) as again:
        read(data, 1)
    assert again.value.reason == reason


@given(trees(), st.data())
def test_damage_is_refused_or_was_none(tree: Tree, data: st.DataObject) -> None:
    """What the reader takes, the writer writes back byte for byte: there is no second NAR for any tree."""
    whole = encode(tree)
    at = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.sampled_from([0, 1, 8, 16]))
    put = data.draw(st.one_of(st.binary(max_size=9), st.sampled_from([s(")"), s("("), s("entry"), s("x"), bytes(8)])))
    damaged = whole[:at] + put + whole[at + cut :]
    out: list[bytes] = []
    writer = NarWriter(out.append)
    reader = NarReader(writer)
    try:
        for start in range(0, len(damaged), 13):
            reader.feed(damaged[start : start + 13])
        reader.finish()
    except NarError:
        return
    writer.finish()
    assert b"".join(out) == damaged


def test_progress_is_visible() -> None:
    reader = NarReader(Collector())
    data = HEAD + EMPTY
    reader.feed(data[:30])
    assert (reader.offset, reader.complete) == (24, False)
    reader.feed(data[30:])
    assert (reader.offset, reader.complete) == (len(data), True)
    reader.feed(b"")
    reader.finish()
    with pytest.raises(NarError):
        reader.feed(b"x")
