"""Our reader of squashfs beside unsquashfs: every compression, every way to lay an image out; and damage of every kind."""

import os
import random
import subprocess
from pathlib import Path

import pytest

from imagetools.archive.squashfs import Squashfs
from imagetools.archive.stream import ArchiveError
from imagetools.archive.unpack import UnpackPolicy, check, unpack
from imagetools.bundled.builders.appimage_tools.image_file import ImageFile
from tests.oracle.appimages import make_tree, squash, tree, unsquash
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle
POLICY = UnpackPolicy(absolute_links=True, replace=False)
COMPRESSIONS = ["gzip", "lzma", "lzo", "lz4", "xz", "zstd"]
LAYOUTS = [
    ["-noD", "-noF", "-noI"],
    ["-no-fragments", "-no-exports"],
    ["-always-use-fragments"],
    ["-tailends"],
    ["-b", "4096"],
    ["-b", "1M", "-comp", "zstd"],
    ["-b", "1M", "-comp", "gzip"],
    ["-comp", "xz", "-Xbcj", "x86", "-Xdict-size", "50%"],
    ["-comp", "lz4", "-Xhc"],
    ["-comp", "zstd", "-Xcompression-level", "22"],
    ["-comp", "lzo", "-Xalgorithm", "lzo1x_1"],
    ["-no-duplicates", "-no-sparse", "-no-hardlinks"],
]


@pytest.fixture(autouse=True)
def programs() -> None:
    need("mksquashfs", "unsquashfs")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content")
    make_tree(folder)
    return folder


def by_us(image: Path, to: Path) -> Path:
    to.mkdir()
    with ImageFile(str(image)) as source:
        read = Squashfs(source)
        assert check(read.listed(), POLICY) == unpack(read.members(), str(to), POLICY)
    return to


@pytest.mark.parametrize("options", [*(["-comp", name] for name in COMPRESSIONS), *LAYOUTS], ids=" ".join)
def test_trees_are_those_of_unsquashfs(content: Path, tmp_path: Path, options: list[str]) -> None:
    image = squash(content, tmp_path / "image", *options)
    ours = tree(by_us(image, tmp_path / "ours"))
    assert ours == tree(unsquash(image, tmp_path / "theirs"))
    assert ours == tree(content)


def test_names_that_share_a_file_share_it_again(content: Path, tmp_path: Path) -> None:
    place = by_us(squash(content, tmp_path / "image"), tmp_path / "ours")
    assert os.path.samefile(place / "usr/lib/text", place / "usr/lib/text again")


def test_extended_attributes_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / "in" / name).write_text(name)
    options = ["-xattrs", "-p", "a x 0644 0 0 user.note=text"]
    done = subprocess.run(["mksquashfs", tmp_path / "in", tmp_path / "x", *options], capture_output=True, check=False)
    image = tmp_path / "x"
    if done.returncode:  # an older mksquashfs cannot add attributes; the file system then has to hold them
        try:
            os.setxattr(tmp_path / "in/a", "user.note", b"text")
        except OSError:
            pytest.skip("the file system holds no extended attributes")
        image = squash(tmp_path / "in", tmp_path / "y", "-xattrs")
    assert tree(by_us(image, tmp_path / "ours")) == tree(tmp_path / "in")


def test_a_hundred_thousand_names(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    (root / "f").write_text("x")
    lines = "".join(f"d{number // 500} d 755 0 0\n" if number % 500 == 0 else "" for number in range(20_000))
    lines += "".join(f"d{number // 500}/{number} s 777 0 0 ../f\n" for number in range(20_000))
    (tmp_path / "more").write_text(lines)
    image = squash(root, tmp_path / "image", "-pf", str(tmp_path / "more"))
    with ImageFile(str(image)) as source:
        assert check(Squashfs(source).listed(), POLICY) == 1
        assert sum(1 for _ in Squashfs(source).listed()) == 20_041


def test_truncated_anywhere(content: Path, tmp_path: Path) -> None:
    raw = squash(content, tmp_path / "image").read_bytes()
    place = tmp_path / "cut"
    for size in range(0, len(raw) - 4096, len(raw) // 50):  # behind the last table there is padding
        place.write_bytes(raw[:size])
        with ImageFile(str(place)) as source, pytest.raises(ArchiveError):
            list(Squashfs(source).listed())


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_damage_is_an_error_or_a_tree_and_never_more(tmp_path: Path, compression: str) -> None:
    dice = random.Random(compression)
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/text").write_bytes(b"some text " * 3000)
    (tmp_path / "in/sub/noise").write_bytes(dice.randbytes(9000))
    (tmp_path / "in/sub/link").symlink_to("../text")
    raw = squash(tmp_path / "in", tmp_path / "image", "-comp", compression, "-b", "8192", "-nopad").read_bytes()
    before = {path for path in tmp_path.rglob("*") if path.name != "out"}
    refused = 0
    for number in range(150):
        changed = bytearray(raw)
        for _ in range(dice.choice([1, 1, 2, 8])):
            if number % 2:  # where the structure is
                changed[dice.randrange(96) if dice.random() < 0.3 else len(raw) - 1 - dice.randrange(300)] = dice.randrange(256)
            else:
                changed[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
        (tmp_path / "image").write_bytes(changed)
        out = tmp_path / f"out{number}"
        out.mkdir()
        with ImageFile(str(tmp_path / "image")) as source:
            try:
                read = Squashfs(source)
                check(read.listed(), UnpackPolicy(max_bytes=1 << 26, max_members=1000))
                unpack(read.members(), str(out), UnpackPolicy(max_bytes=1 << 26, max_members=1000))
            except ArchiveError:
                refused += 1
    assert refused > 30
    assert {path for path in tmp_path.rglob("*") if not path.relative_to(tmp_path).parts[0].startswith("out")} == before
