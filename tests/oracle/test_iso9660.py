"""Our reader of ISO 9660 beside xorriso's: Rock Ridge, zisofs, Joliet, plain; and images that lie."""

import random
import shutil
from pathlib import Path

import pytest

from imagetools.archive.iso9660 import Iso9660
from imagetools.archive.stream import ArchiveError
from imagetools.archive.unpack import UnpackPolicy, UnsafeMemberError, check, unpack
from imagetools.bundled.builders.appimage_tools.image_file import ImageFile
from tests.oracle.appimages import iso, make_tree, tree, un_iso, zisofs
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle
POLICY = UnpackPolicy(absolute_links=True, replace=False)


@pytest.fixture(autouse=True)
def programs() -> None:
    need("xorriso")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content")
    make_tree(folder)
    return folder


def by_us(image: Path, to: Path) -> Path:
    to.mkdir()
    with ImageFile(str(image)) as source:
        read = Iso9660(source)
        assert check(read.listed(), POLICY) == unpack(read.members(), str(to), POLICY)
    return to


@pytest.mark.parametrize("options", [["-R"], ["-r"], ["-R", "-J"], ["-R", "-D"], ["-R", "-iso-level", "3"]], ids=" ".join)
def test_rock_ridge(content: Path, tmp_path: Path, options: list[str]) -> None:
    image = iso(content, tmp_path / "image", *options)
    ours = tree(by_us(image, tmp_path / "ours"))
    assert ours == tree(un_iso(image, tmp_path / "theirs"))
    if "-r" not in options:
        assert ours == tree(content)


@pytest.mark.parametrize(
    "options", [[], ["version_2=on"], ["version_2=on", "susp_z2=on"], ["block_size=64k", "level=9"]], ids=":".join
)
def test_zisofs(content: Path, tmp_path: Path, options: list[str]) -> None:
    image = zisofs(content, tmp_path / "image", *options)
    with ImageFile(str(image)) as source:
        assert Iso9660(source).has_packed()
    assert tree(by_us(image, tmp_path / "ours")) == tree(content)


def test_joliet_where_there_is_no_rock_ridge(tmp_path: Path) -> None:
    (tmp_path / "in/Some Folder").mkdir(parents=True)
    (tmp_path / "in/Some Folder/Ünïcode.text").write_text("x")
    (tmp_path / "in/AppRun").write_text("y")
    image = iso(tmp_path / "in", tmp_path / "image", "-J", "--norock")
    assert tree(by_us(image, tmp_path / "ours")) == {
        "AppRun": (b"y", True),
        "Some Folder": "folder",
        "Some Folder/Ünïcode.text": (b"x", True),
    }


def test_plain_names(tmp_path: Path) -> None:
    (tmp_path / "in/dir").mkdir(parents=True)
    (tmp_path / "in/dir/file.txt").write_text("x")
    (tmp_path / "in/other").write_text("y")
    image = iso(tmp_path / "in", tmp_path / "image", "--norock")
    assert tree(by_us(image, tmp_path / "ours")) == {"DIR": "folder", "DIR/FILE.TXT": (b"x", True), "OTHER": (b"y", True)}


def refusal(raw: bytes, place: Path) -> str:
    place.write_bytes(raw)
    out = place.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    with pytest.raises(ArchiveError) as caught:
        by_us(place, out)
    assert not any(out.iterdir())
    return caught.value.message


@pytest.fixture
def small(tmp_path: Path) -> bytes:
    (tmp_path / "in/inner").mkdir(parents=True)
    (tmp_path / "in/inner/plain-name").write_text("x" * 5000)
    (tmp_path / "in/other-name").symlink_to("inner/plain-name")
    return iso(tmp_path / "in", tmp_path / "image", "-R").read_bytes()


def record(raw: bytes, name: bytes) -> int:
    """Where the directory record of a file begins, by its name of Rock Ridge (its own name comes before)."""
    at = raw.index(b"NM" + bytes([5 + len(name), 1, 0]) + name)
    while not (raw[at] >= 34 and raw[at + 2 : at + 6] == raw[at + 6 : at + 10][::-1] and raw[at + 28 : at + 32] == b"\1\0\0\1"):
        at -= 1
    return at


def number(value: int) -> bytes:
    return value.to_bytes(4, "little") + value.to_bytes(4, "big")


def test_loops(small: bytes, tmp_path: Path) -> None:
    raw = bytearray(small)
    at = record(small, b"inner")
    root = 16 * 2048 + 156
    raw[at + 2 : at + 18] = raw[root + 2 : root + 18]
    assert "the directory 'inner' is in the image twice, or inside of itself" in refusal(bytes(raw), tmp_path / "bad")


def test_names_that_lead_out(small: bytes, tmp_path: Path) -> None:
    for name, what in ((b"../../name", "which no file can have"), (b"/etc/shado", "which no file can have")):
        assert what in refusal(small.replace(b"\0plain-name", b"\0" + name), tmp_path / "bad")


def test_files_outside_and_absurd_sizes(small: bytes, tmp_path: Path) -> None:
    at = record(small, b"plain-name")
    raw = bytearray(small)
    raw[at + 2 : at + 10] = number(0x7FFFFFF0)
    assert "'inner/plain-name' lies outside of it" in refusal(bytes(raw), tmp_path / "bad")
    raw = bytearray(small)
    raw[at + 10 : at + 18] = number(0xFFFFFFFF)
    assert "'inner/plain-name' lies outside of it" in refusal(bytes(raw), tmp_path / "bad")


def test_links_that_lead_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file").write_text("x")
    (tmp_path / "in/link").symlink_to("../../etc/passwd")
    image = iso(tmp_path / "in", tmp_path / "image", "-R")
    with pytest.raises(UnsafeMemberError, match="member 'link': it links out of the archive"):
        by_us(image, tmp_path / "ours")
    assert not any((tmp_path / "ours").iterdir())


def test_truncated(small: bytes, tmp_path: Path) -> None:
    end = small.index(b"x" * 5000)
    for size in (0, 20_000, 32_769, 34_000, 36_000, end + 100):
        refusal(small[:size], tmp_path / "bad")


def test_damage_is_an_error_or_a_tree_and_never_more(content: Path, tmp_path: Path) -> None:
    dice = random.Random(9)
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/text").write_bytes(b"some text " * 9000)
    (tmp_path / "in/sub/link").symlink_to("../text")
    raw = zisofs(tmp_path / "in", tmp_path / "image").read_bytes()
    (tmp_path / "image").unlink()
    refused = 0
    interesting = [place for place in range(32_768, len(raw)) if raw[place]]
    for number in range(400):
        changed = bytearray(raw)
        for _ in range(dice.choice([1, 1, 2, 8])):
            changed[dice.choice(interesting)] = dice.randrange(256)
        (tmp_path / "bad").write_bytes(changed)
        out = tmp_path / "outs" / str(number)
        out.mkdir(parents=True)
        with ImageFile(str(tmp_path / "bad")) as source:
            try:
                read = Iso9660(source)
                check(read.listed(), UnpackPolicy(max_bytes=1 << 26, max_members=1000))
                unpack(read.members(), str(out), UnpackPolicy(max_bytes=1 << 26, max_members=1000, replace=False))
            except ArchiveError:
                refused += 1
    assert refused > 50
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "in", "outs"]
