"""Headers made by hand, read back by Python's ``tarfile`` and by our own reader."""

import io
import tarfile
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.archive.member import Kind
from imagetools.archive.stream import ByteStream
from imagetools.archive.tarball import read_tar
from imagetools.image_io.entries import BLOCK_DEVICE, CHARACTER, FIFO, HARDLINK, REGULAR, Entry, directory, symlink
from imagetools.image_io.stamp import Stamp
from imagetools.image_io.tar_header import END, header, padding


def tar(entries: Iterable[Entry], stamp: Stamp | None = None) -> bytes:
    return b"".join(header(entry, stamp or Stamp()) for entry in entries) + END


def read_back(data: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data), encoding="latin-1") as archive:
        return archive.getmembers()


NAMES = {
    "short": b"a/b",
    "100 bytes": b"d/" + b"x" * 98,
    "101 bytes, splits": b"d/" + b"x" * 99,
    "prefix of 155": b"p" * 155 + b"/" + b"x" * 100,
    "prefix of 156": b"p" * 156 + b"/" + b"x" * 100,
    "no slash": b"x" * 101,
    "long last part": b"d/" + b"x" * 200,
    "very long": b"/".join([b"x" * 100] * 10),
    "no UTF-8": b"caf\xe9/\xff\xfe",
    "no UTF-8, long": b"caf\xe9/" + b"\xff" * 300,
    "spaces and newlines": b"a b\nc\td",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names(name: bytes) -> None:
    data = tar([Entry(name, REGULAR, 0o444), directory(name, 0o555), symlink(name, name)])
    file, folder, link = read_back(data)
    assert file.name.encode("latin-1") == folder.name.encode("latin-1") == link.linkname.encode("latin-1") == name
    assert (file.isreg(), folder.isdir(), link.issym()) == (True, True, True)
    ours = [(member.name.rstrip(b"/"), member.kind, member.target) for member in read_tar(ByteStream.of_chunks([data]))]
    assert ours == [(name, Kind.FILE, b""), (name, Kind.DIRECTORY, b""), (name, Kind.SYMLINK, name)]


def test_short_names_are_plain_ustar() -> None:
    assert len(header(Entry(b"p" * 155 + b"/" + b"x" * 100, REGULAR, 0o444), Stamp())) == 512
    assert header(Entry(b"a", REGULAR, 0o444), Stamp())[257:265] == b"ustar\x0000"
    assert header(Entry(b"x" * 101, REGULAR, 0o444), Stamp())[:13] == b"././@LongLink"


@pytest.mark.parametrize("size", [0, 1, 8**11 - 1, 8**11, 1 << 40])
def test_sizes_over_8_gib(size: int) -> None:
    block = header(Entry(b"big", REGULAR, 0o444, size), Stamp())
    info = tarfile.TarInfo.frombuf(block, "latin-1", "strict")
    assert info.size == size


@pytest.mark.parametrize("owner", [0, 1000, 8**7 - 1, 8**7, 2**32 - 2])
def test_owners_and_times(owner: int) -> None:
    stamp = Stamp(mtime=1717149600, uid=owner, gid=owner, uname="user", gname="users")
    info = tarfile.TarInfo.frombuf(header(directory(b"d", 0o755), stamp), "latin-1", "strict")
    assert (info.uid, info.gid, info.mtime, info.uname, info.gname, info.mode) == (
        owner,
        owner,
        1717149600,
        "user",
        "users",
        0o755,
    )


def test_the_root() -> None:
    (root,) = read_back(tar([directory(b"", 0o755)]))
    assert root.name == "." and root.isdir()


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=400), st.binary(min_size=1, max_size=300))
def test_any_name_and_target(name: bytes, target: bytes) -> None:
    name = name.replace(b"\0", b"0").strip(b"/") or b"x"
    target = target.replace(b"\0", b"0")
    (member,) = read_tar(ByteStream.of_chunks([tar([symlink(name, target)])]))
    assert (member.name, member.target, member.mtime, member.mode) == (name, target, 1, 0o777)


@given(st.integers(0, 1 << 50))
def test_padding(size: int) -> None:
    assert (size + padding(size)) % 512 == 0 and padding(size) < 512


def test_a_member_has_its_own_owner() -> None:
    mine = Stamp(mtime=77, uid=1000, gid=100, uname="me", gname="users")
    ours, other = read_back(tar([Entry(b"a", REGULAR, 0o4755, owner=mine), Entry(b"b", REGULAR, 0o644)]))
    assert (ours.uid, ours.gid, ours.uname, ours.gname, ours.mtime, ours.mode) == (1000, 100, "me", "users", 77, 0o4755)
    assert (other.uid, other.gid, other.uname, other.mtime) == (0, 0, "root", 1)


def test_hard_links() -> None:
    long = b"d/" + b"x" * 200
    file, link, far = read_back(
        tar(
            [
                Entry(long, REGULAR, 0o644),
                Entry(b"b", HARDLINK, 0o644, target=long),
                Entry(long + b"2", HARDLINK, 0o644, target=b"b"),
            ]
        )
    )
    assert file.isreg() and link.islnk() and far.islnk()
    assert (link.linkname, far.linkname, far.name) == (long.decode(), "b", long.decode() + "2")


def test_devices_and_pipes() -> None:
    data = tar(
        [
            Entry(b"null", CHARACTER, 0o666, device=(1, 3)),
            Entry(b"disk", BLOCK_DEVICE, 0o660, device=(259, 1048575)),
            Entry(b"whiteout", CHARACTER, 0),
            Entry(b"pipe", FIFO, 0o600),
        ]
    )
    null, disk, whiteout, pipe = read_back(data)
    assert null.ischr() and disk.isblk() and whiteout.ischr() and pipe.isfifo()
    assert [(one.devmajor, one.devminor) for one in (null, disk, whiteout)] == [(1, 3), (259, 1048575), (0, 0)]
    ours = [(member.kind, member.device) for member in read_tar(ByteStream.of_chunks([data]))]
    assert ours[:2] == [(Kind.CHARACTER_DEVICE, (1, 3)), (Kind.BLOCK_DEVICE, (259, 1048575))]


XATTRS = ((b"security.capability", bytes(range(20))), (b"user.\xc3\xa4", b"a=b\nc"))


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_extended_attributes(name: bytes) -> None:
    data = tar(
        [
            Entry(name, REGULAR, 0o755, xattrs=XATTRS),
            Entry(name, HARDLINK, 0o755, target=name, xattrs=XATTRS),
            symlink(b"z", b"y"),
        ]
    )
    file, link, other = read_tar(ByteStream.of_chunks([data]))
    assert (file.name, link.name, link.target, other.name) == (name, name, name, b"z")
    assert file.xattrs == link.xattrs == XATTRS and other.xattrs == ()
    assert b"@LongLink" not in data


def test_pax_says_what_ustar_cannot() -> None:
    stamp = Stamp(mtime=8**11 + 5, uid=8**7, gid=2**32 - 2)
    data = tar([Entry(b"big", REGULAR, 0o444, 8**11, xattrs=XATTRS, owner=stamp)])
    info = next(read_tar(ByteStream.of_chunks([data])))
    assert (info.size, info.uid, info.gid, info.mtime) == (8**11, 8**7, 2**32 - 2, 8**11 + 5)


@given(st.lists(st.binary(max_size=1200), min_size=1, max_size=4))
def test_lengths_of_records(values: list[bytes]) -> None:
    given_ = tuple((b"user.%d" % number, value) for number, value in enumerate(values))
    (member,) = read_tar(ByteStream.of_chunks([tar([Entry(b"f", REGULAR, 0o644, xattrs=given_)])]))
    assert member.xattrs == given_
