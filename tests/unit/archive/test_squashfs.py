"""Squashfs images that were made here, honest and not; those of mksquashfs are in tests/oracle."""

import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from imagetools.archive.member import Kind
from imagetools.archive.squashfs import Squashfs, read_squashfs
from imagetools.archive.squashfs.data import TooLate
from imagetools.archive.stream import ArchiveError
from imagetools.archive.unpack import UnpackPolicy, UnsafeMemberError, check, unpack
from tests.unit.archive.squashed import Node, Squash, source

POLICY = UnpackPolicy(absolute_links=True, replace=False)


def contents(raw: bytes) -> dict[bytes, object]:
    found: dict[bytes, object] = {}
    for member in read_squashfs(source(raw)):
        body = b"".join(member.body)
        found[member.name] = body if member.kind is Kind.FILE else (member.kind, member.target)
        assert member.kind is not Kind.FILE or len(body) == member.size
    return found


def refusal(raw: bytes) -> str:
    with pytest.raises(ArchiveError) as caught:
        contents(raw)
    return caught.value.message


def test_a_tree() -> None:
    image = Squash()
    deep = image.folder([(b"file", image.file(b"deep"))])
    part = image.fragment(b"onetwo")
    root = image.folder(
        [
            (b"a", image.file(b"x" * 5000, 0o755)),
            (b"d", deep),
            (b"l", image.link(b"d/file")),
            (b"one", image.ending(part, 0, 3)),
            (b"sparse", image.file(b"", size=9000, words=[0, 0, 0])),
            (b"two", image.ending(part, 3, 3)),
        ]
    )
    assert contents(image.finish(root)) == {
        b"a": b"x" * 5000,
        b"d": (Kind.DIRECTORY, b""),
        b"d/file": b"deep",
        b"l": (Kind.SYMLINK, b"d/file"),
        b"one": b"one",
        b"sparse": bytes(9000),
        b"two": b"two",
    }


def test_it_may_begin_anywhere() -> None:
    image = Squash()
    raw = image.finish(image.folder([(b"f", image.file(b"text"))]))
    assert [member.name for member in Squashfs(source(b"runtime" + raw), 7).members()] == [b"f"]


def test_a_file_with_two_names_is_a_hard_link() -> None:
    image = Squash()
    node = image.long_file(5, [0], links=2)
    raw = image.finish(image.folder([(b"a", node), (b"b", node)]))
    assert contents(raw) == {b"a": bytes(5), b"b": (Kind.HARDLINK, b"a")}


def test_small_files_can_be_looked_up() -> None:
    image = Squash()
    inner = image.folder([(b"f", image.file(b"text"))])
    tree = Squashfs(source(image.finish(image.folder([(b"d", inner)]))))
    assert tree.read(b"d/f", 100) == b"text"
    assert tree.read(b"d/f", 3) is None
    assert tree.read(b"d", 100) is None
    assert tree.read(b"d/f/g", 100) is None
    assert tree.read(b"d/nothing", 100) is None


def empty(**changed: int) -> bytes:
    image = Squash()
    return image.finish(image.folder([]), **changed)


def test_an_empty_image() -> None:
    assert contents(empty()) == {}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "bad squashfs image at byte 0: its magic number is missing"),
        (b"hsqs", "bad squashfs image at byte 4: it ends in its superblock"),
        (b"sqsh" + bytes(100), "bad squashfs image at byte 0: it is big-endian, as before version 4"),
        (empty(major=3), "its version is 3.0, and only 4.0 can be read"),
        (empty(compressor=9), "its compression has the unknown number 9"),
        (empty(block_size=5000), "its block size of 5000 bytes is none"),
        (empty(block_size=1 << 21, block_log=21), "its block size of 2097152 bytes is none"),
        (empty(used=1 << 60), "it ends early"),
        (empty()[:-20], "it ends early"),
        (empty(inodes=0), "it has no inodes"),
        (empty(inodes=4_000_000_000), "it cannot have the 4000000000 inodes that it says"),
        (empty(fragments=5), "it has more fragments (5) than inodes (1)"),
        (empty(fragments=1), "it has fragments, but no table of them"),
        (empty(inode_table=1 << 62), "its tables lie outside of it"),
        (empty(directory_table=50), "its tables lie outside of it"),
        (empty(exports=1 << 50), "its tables lie outside of it"),
        (empty(root=5 << 16), "a damaged block of its metadata"),
        (empty(root=1 << 40), "a reference leads past their end"),
        (empty(root=9000), "a reference leads past the end of its block of metadata"),
    ],
)
def test_superblocks_that_lie(raw: bytes, said: str) -> None:
    assert said in refusal(raw)


def hostile(make: Callable[[Squash], Node]) -> str:
    image = Squash()
    return refusal(image.finish(make(image)))


def test_loops_of_directories() -> None:
    image = Squash()
    inner = image.folder([(b"again", Node(32, 1, 2))])  # the reference of the next inode: the root
    root = image.folder([(b"inner", inner)])
    assert root.reference == 32
    assert "the directory 'inner/again' is in the image twice, or inside of itself" in refusal(image.finish(root))


def test_a_directory_twice() -> None:
    image = Squash()
    inner = image.folder([])
    said = refusal(image.finish(image.folder([(b"a", inner), (b"b", inner)])))
    assert "the directory 'b' is in the image twice" in said


@pytest.mark.parametrize("name", [b"..", b".", b"a/b", b"/etc", b"a\0b", b"x" * 256])
def test_names_that_no_file_has(name: bytes) -> None:
    assert "which no file can have" in hostile(lambda image: image.folder([(name, image.file())]))


def test_names_twice_or_out_of_order() -> None:
    assert "has the name 'a' twice" in hostile(lambda image: image.folder([(b"a", image.file()), (b"a", image.file())]))
    assert "has the name 'a' out of order" in hostile(lambda image: image.folder([(b"b", image.file()), (b"a", image.file())]))


def test_absurd_sizes() -> None:
    assert "a file cannot have the 1152921504606846976 bytes" in hostile(
        lambda image: image.folder([(b"f", image.long_file(1 << 60, []))])
    )
    assert "its metadata end early" in hostile(lambda image: image.folder([(b"f", image.file(b"", size=1 << 22, words=[]))]))
    assert "a block says that it has 65536 bytes" in hostile(
        lambda image: image.folder([(b"f", image.file(b"x" * 5000, size=4096, words=[65536]))])
    )


def test_blocks_and_fragments_outside() -> None:
    assert "would lie outside of its data" in hostile(
        lambda image: image.folder([(b"f", image.file(b"", size=4096, words=[4096 | 1 << 24]))])
    )
    assert "ends in fragment 7, and there are 0" in hostile(lambda image: image.folder([(b"f", image.ending(7, 0, 3))]))

    def past(image: Squash) -> Node:
        return image.folder([(b"f", image.ending(image.fragment(b"abc"), 2, 3))])

    assert "the end of a file lies outside of its fragment" in hostile(past)


def test_a_block_of_another_size() -> None:
    said = hostile(lambda image: image.folder([(b"f", image.file(b"abc", size=4, words=[3 | 1 << 24]))]))
    assert "a block has 3 bytes instead of 4" in said


def test_a_damaged_block() -> None:
    said = hostile(lambda image: image.folder([(b"f", image.file(b"abcdef", size=4096, words=[6]))]))
    assert "bad squashfs image at byte 96: a damaged block" in said


def test_a_listing_that_goes_on() -> None:
    assert "is shorter than its names" in hostile(lambda image: image.folder([(b"name", image.file())], size=20))


@pytest.mark.parametrize("target", [b"", b"x" * 5000])
def test_links_of_no_length(target: bytes) -> None:
    assert "a symbolic link whose target has" in hostile(lambda image: image.folder([(b"l", image.link(target))]))


def test_an_entry_that_says_something_else() -> None:
    def make(image: Squash) -> Node:
        node = image.file(b"x")
        return image.folder([(b"f", Node(node.reference, 3, node.number))])

    assert "'f' is a file, but its directory says symbolic link" in hostile(make)


@pytest.mark.parametrize(("kind", "what"), [(4, "block device"), (5, "character device"), (6, "named pipe"), (7, "socket")])
def test_devices_are_refused_before_anything_is_written(tmp_path: Path, kind: int, what: str) -> None:
    image = Squash()
    raw = image.finish(image.folder([(b"a", image.file(b"x")), (b"dev", image.device(kind))]))
    with pytest.raises(UnsafeMemberError, match=f"member 'dev': it is a {what}"):
        check(Squashfs(source(raw)).listed(), POLICY)
    with pytest.raises(UnsafeMemberError, match=f"member 'dev': it is a {what}"):
        unpack(read_squashfs(source(raw)), str(tmp_path), POLICY)


@pytest.mark.parametrize("links", [{b"l": b"../out"}, {b"l": b"d/../../out"}, {b"l": b".."}])
def test_links_that_lead_out(links: dict[bytes, bytes]) -> None:
    image = Squash()
    inner = image.folder([(b"e", image.folder([]))])
    entries = [(b"d", inner), *((name, image.link(target)) for name, target in sorted(links.items()))]
    raw = image.finish(image.folder(entries))
    with pytest.raises(UnsafeMemberError, match="member 'l': it links out of the archive"):
        check(Squashfs(source(raw)).listed(), POLICY)


def test_what_unpacks_to_too_much() -> None:
    image = Squash()
    raw = image.finish(image.folder([(b"f", image.file(b"", size=9000, words=[0, 0, 0]))]))
    with pytest.raises(UnsafeMemberError, match="unpacks to more than 8999 bytes"):
        check(Squashfs(source(raw)).listed(), UnpackPolicy(max_bytes=8999))


def test_threads_end_whatever_happens() -> None:
    before = threading.active_count()
    image = Squash()
    raw = image.finish(image.folder([(b"a", image.file(b"x" * 5000)), (b"b", image.file(b"zz", size=4096, words=[2]))]))
    with pytest.raises(ArchiveError):
        contents(raw)
    members = read_squashfs(source(raw))
    next(members)
    del members
    assert threading.active_count() == before


def test_a_long_file_comes_in_pieces() -> None:
    image = Squash(block_size=1 << 20)
    node = image.long_file(40 << 20, [0] * 40)
    members = read_squashfs(source(image.finish(image.folder([(b"f", node)]))))
    pieces = [len(piece) for piece in next(members).body]
    assert (sum(pieces), max(pieces)) == (40 << 20, 1 << 20)


def test_a_body_that_is_read_too_late_is_an_error() -> None:
    image = Squash()
    (member,) = read_squashfs(source(image.finish(image.folder([(b"f", image.long_file(40 << 20, [0] * 10240))]))))
    with pytest.raises(TooLate):
        list(member.body)


def test_every_truncation_is_refused() -> None:
    image = Squash()
    part = image.fragment(b"abcdef")
    raw = image.finish(image.folder([(b"a", image.file(b"x" * 300)), (b"b", image.ending(part, 0, 6))]))
    for size in range(len(raw)):
        refusal(raw[:size])


def test_every_changed_byte_is_an_error_or_a_tree() -> None:
    image = Squash()
    part = image.fragment(b"abcdef")
    inner = image.folder([(b"x", image.link(b"../a"))])
    raw = image.finish(image.folder([(b"a", image.file(b"x" * 30)), (b"b", image.ending(part, 0, 6)), (b"d", inner)]))
    for place in range(len(raw)):
        for value in (0, 0xFF, raw[place] ^ 1, raw[place] ^ 0x80):
            changed = raw[:place] + struct.pack("B", value) + raw[place + 1 :]
            try:
                contents(changed)
            except ArchiveError:
                continue
