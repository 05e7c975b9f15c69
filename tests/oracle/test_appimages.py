"""appimageTools.extract and ``imagetools appimage inspect`` on AppImages made by the real programs."""

import json
import random
import subprocess
from pathlib import Path

import pytest

from imagetools.archive.stream import ArchiveError
from imagetools.bundled.builders.appimage_tools.unpack_image import unpack_appimage
from tests.oracle.appimages import iso, make_tree, squash, tree, type_one, type_two, unsquash, zisofs
from tests.oracle.commands import imagetools
from tests.oracle.packages import Furnish
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle


@pytest.fixture(autouse=True)
def programs() -> None:
    need("mksquashfs", "unsquashfs", "xorriso", "gcc", "objcopy")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content")
    make_tree(folder)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> Path:
    return furnish(tmp_path_factory.mktemp("home"))


def build(home: Path, image: Path, more: str = "", check: bool = True) -> "subprocess.CompletedProcess[str]":
    text = f'(import <nixpkgs> {{ }}).appimageTools.extract {{ name = "tool"; src = {image}; {more} }}'
    return imagetools("build", "--no-out-link", "-E", text, home=home, check=check)


def test_type_two(content: Path, home: Path, tmp_path: Path) -> None:
    inner = squash(content, tmp_path / "inner", "-comp", "zstd")
    image = type_two(tmp_path, inner)
    image.chmod(0o644)  # it is not run, so it need not be executable
    done = build(home, image)
    assert "unpacked an AppImage of type 2" in done.stderr
    assert done.stdout.strip().endswith("-tool-extracted")
    assert tree(Path(done.stdout.strip())) == tree(unsquash(inner, tmp_path / "theirs"))


@pytest.mark.parametrize("packed", [False, True])
def test_type_one(content: Path, home: Path, tmp_path: Path, packed: bool) -> None:
    made = zisofs(content, tmp_path / "one") if packed else iso(content, tmp_path / "one", "-R")
    done = build(home, type_one(made))
    assert "unpacked an AppImage of type 1" in done.stderr
    assert tree(Path(done.stdout.strip())) == tree(content)


def test_post_extract(content: Path, home: Path, tmp_path: Path) -> None:
    image = type_two(tmp_path, squash(content, tmp_path / "inner"))
    done = build(home, image, 'postExtract = "rm -r $out/usr $out/many; mv $out/AppRun $out/run; echo new > $out/file";')
    assert set(tree(Path(done.stdout.strip()))) == {"file", "run", "tool.desktop"}


def test_inspect(content: Path, home: Path, tmp_path: Path) -> None:
    sections = [".upd_info=gh-releases-zsync|a|b|latest|*.zsync", ".sha256_sig=signature"]
    image = type_two(tmp_path, squash(content, tmp_path / "inner", "-comp", "xz"), "a b.AppImage", *sections)
    facts = json.loads(imagetools("appimage", "inspect", "--json", "--list", str(image), home=home).stdout)
    members = {member["name"]: member for member in facts.pop("members")}
    assert facts["type"] == 2
    assert facts["size"] == image.stat().st_size
    assert image.read_bytes()[facts["offset"] :].startswith(b"hsqs")
    assert facts["fileSystem"]["compression"] == "xz"
    assert facts["updateInformation"] == "gh-releases-zsync|a|b|latest|*.zsync"
    assert facts["signed"] is True
    assert facts["appRun"] == "file"
    assert facts["desktopFile"] == "tool.desktop"
    assert facts["desktopEntry"]["Exec"] == "tool $(rm -rf ~); `id` %U"
    assert set(members) == set(tree(content))
    assert members["usr/lib/modes"]["mode"] == "4711"
    said = imagetools("appimage", "inspect", str(image), home=home).stdout
    assert "squashfs, xz" in said
    assert "Exec:             tool $(rm -rf ~); `id` %U" in said


def test_inspect_type_one(content: Path, home: Path, tmp_path: Path) -> None:
    image = type_one(zisofs(content, tmp_path / "one"), b"zsync|https://example.org/a.zsync")
    facts = json.loads(imagetools("appimage", "inspect", "--json", str(image), home=home).stdout)
    assert (facts["type"], facts["offset"]) == (1, 0)
    assert facts["fileSystem"]["kind"] == "iso9660 with Rock Ridge"
    assert facts["fileSystem"]["compression"] == "zisofs"
    assert facts["updateInformation"] == "zsync|https://example.org/a.zsync"


def test_links_that_lead_out_are_refused_by_name(home: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/AppRun").write_text("x")
    (tmp_path / "in/evil").symlink_to("../../../etc/passwd")
    image = type_two(tmp_path, squash(tmp_path / "in", tmp_path / "inner"))
    done = build(home, image, check=False)
    assert done.returncode == 100
    assert "member 'evil': it links out of the archive, to '../../../etc/passwd'" in done.stderr
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ArchiveError):
        unpack_appimage(str(image), str(out))
    assert not any(out.iterdir())


def test_truncated_and_foreign_files(content: Path, home: Path, tmp_path: Path) -> None:
    image = type_two(tmp_path, squash(content, tmp_path / "inner"))
    raw = image.read_bytes()
    for size in (3, 100, 5000, len(raw) // 2):
        image.write_bytes(raw[:size])
        done = imagetools("appimage", "inspect", str(image), home=home, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("error: bad ")
    done = build(home, image, check=False)
    assert done.returncode == 100
    assert "it ends early" in done.stderr


def test_without_the_library(home: Path, content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from imagetools.archive import block_codecs

    image = type_two(tmp_path, squash(content, tmp_path / "inner", "-comp", "lzo"))
    monkeypatch.setitem(block_codecs._LIBRARIES, "lzo", ("libnothing-at-all.so.2", "liblzo2-2"))
    with pytest.raises(block_codecs.MissingLibraryError) as caught:
        unpack_appimage(str(image), str(tmp_path))
    assert caught.value.message == "the image is compressed with lzo, and the library libnothing-at-all.so.2 is not there"


def test_damage_is_an_error_or_a_tree(tmp_path: Path) -> None:
    dice = random.Random(3)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/AppRun").write_bytes(b"x" * 40_000)
    raw = type_two(tmp_path, squash(tmp_path / "in", tmp_path / "inner", "-nopad")).read_bytes()
    for number in range(120):
        changed = bytearray(raw)
        for _ in range(3):
            changed[dice.randrange(len(raw))] = dice.randrange(256)
        (tmp_path / "bad").write_bytes(changed)
        out = tmp_path / f"out{number}"
        out.mkdir()
        try:
            unpack_appimage(str(tmp_path / "bad"), str(out))
        except ArchiveError:
            continue
