"""Copies between docker archives and layouts: the image stays the same one, and what fails leaves nothing behind."""

import gzip
import json
import os
import shutil
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest
import pyzstd

from imagetools.archive.stream import ArchiveError
from imagetools.image.descriptor import Platform
from imagetools.image.manifest import ManifestError
from imagetools.image.oci_manifest import LayoutJsonError
from imagetools.image.reference import ImageNameError
from imagetools.image.tags import BrokenImageError
from imagetools.image_io.archive_reader import NotAnImageError, validate_archive
from imagetools.image_io.carrying import Copied
from imagetools.image_io.copying import Surroundings, Wishes, copy_image
from imagetools.image_io.image_source import WhichImageError, WhichPlatformError
from imagetools.image_io.local_copy import OtherKindError
from imagetools.image_io.new_file import InTheWayError
from imagetools.image_io.places import Place, PlaceError
from imagetools.kernel.errors import ImagetoolsError

from .layouts import INDEX, MANIFEST, REF, TAR, Layout, blob, good, layer_tar, sha256
from .test_archive_reader import archive
from .test_archive_reader import tar as plain_tar

HERE = Platform("linux", "amd64")


def copy(source: object, target: object, compressor: str | None = None, platform: Platform = HERE, force: bool = False) -> Copied:
    return copy_image(Place.parse(str(source)), Place.parse(str(target)), Wishes(platform, compressor, force), Surroundings({}))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {item.name: file.read() for item in tar if (file := tar.extractfile(item))}


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    path = tmp_path / "docker.tar"
    path.write_bytes(archive([TAR, layer_tar("x")], RepoTags=["docker.io/library/hello:1", "example.org/a/b:2"]))
    return path


def test_from_layout_to_layout_no_byte_changes(layout: Path, tmp_path: Path) -> None:
    copied = copy(layout, f"oci:{tmp_path}/copy")
    assert files(tmp_path / "copy").keys() == files(layout).keys()
    assert {name: data for name, data in files(tmp_path / "copy").items() if name.startswith("blobs/")} == {
        name: data for name, data in files(layout).items() if name.startswith("blobs/")
    }
    assert copied == Copied(json.loads((layout / "index.json").read_bytes())["manifests"][0]["digest"], ("latest",))
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("packed", ["plain", "gzip", "zstd"])
def test_from_docker_archive_to_layout_and_back(docker: Path, tmp_path: Path, packed: str) -> None:
    data = docker.read_bytes()
    docker.write_bytes({"plain": data, "gzip": gzip.compress(data), "zstd": pyzstd.compress(data)}[packed])
    copied = copy(docker, f"oci:{tmp_path}/layout")
    assert copied.names == ("1", "2")
    assert validate_archive(str(tmp_path / "layout")) == ()
    index = json.loads((tmp_path / "layout/index.json").read_bytes())
    assert [item["annotations"]["io.containerd.image.name"] for item in index["manifests"]] == [
        "docker.io/library/hello:1",
        "example.org/a/b:2",
    ]
    copy(f"oci:{tmp_path}/layout:2", f"docker-archive:{tmp_path}/back.tar")
    assert validate_archive(f"{tmp_path}/back.tar") == ()
    back = members(tmp_path / "back.tar")
    (described,) = json.loads(back["manifest.json"])
    assert described["RepoTags"] == ["example.org/a/b:2"]
    assert [back[name] for name in described["Layers"]] == [TAR, layer_tar("x")]
    assert back[described["Config"]] in members_of(data, tmp_path)


def members_of(data: bytes, folder: Path) -> list[bytes]:
    (folder / "again.tar").write_bytes(data)
    return list(members(folder / "again.tar").values())


@pytest.mark.parametrize("compressor", ["none", "gz", "zstd"])
def test_another_compression(layout: Path, tmp_path: Path, compressor: str) -> None:
    copy(layout, f"oci-archive:{tmp_path}/copy.tar", compressor)
    assert validate_archive(f"{tmp_path}/copy.tar") == ()
    found = members(tmp_path / "copy.tar")
    manifest = json.loads(found[blob(json.loads(found["index.json"])["manifests"][0]["digest"])])
    suffix = {"none": "tar", "gz": "tar+gzip", "zstd": "tar+zstd"}[compressor]
    assert {item["mediaType"].rpartition(".")[2] for item in manifest["layers"]} == {suffix}
    assert len(manifest["layers"]) == 3 and len({item["digest"] for item in manifest["layers"]}) == 2
    (described,) = json.loads(found["manifest.json"])
    assert described["Layers"] == [blob(item["digest"]) for item in manifest["layers"]]


def test_the_bytes_do_not_depend_on_the_way(docker: Path, tmp_path: Path) -> None:
    copy(docker, f"oci:{tmp_path}/a")
    copy(docker, f"oci-archive:{tmp_path}/b.tar")
    copy(tmp_path / "b.tar", f"oci:{tmp_path}/c")
    assert files(tmp_path / "a") == files(tmp_path / "c")
    copy(docker, f"oci-archive:{tmp_path}/d.tar")
    assert (tmp_path / "b.tar").read_bytes() == (tmp_path / "d.tar").read_bytes()


def test_a_second_image_in_a_layout_and_a_tag_that_moves(docker: Path, layout: Path, tmp_path: Path) -> None:
    before = files(layout)
    copy(docker, f"oci:{layout}:other")
    after = files(layout)
    assert {name: after[name] for name in before if name != "index.json"} == {
        name: data for name, data in before.items() if name != "index.json"
    }
    assert tags(layout) == ["latest", "other"]
    copy(docker, layout)
    copy(f"oci:{layout}:other", f"oci:{layout}:latest")
    assert sorted(tags(layout)) == ["1", "2", "latest", "other"]
    assert validate_archive(str(layout)) == ()
    with pytest.raises(WhichImageError):
        copy(f"oci:{layout}:gone", f"oci:{tmp_path}/x")


def tags(layout: Path) -> list[str]:
    return [item["annotations"][REF] for item in json.loads((layout / "index.json").read_bytes())["manifests"]]


@pytest.mark.parametrize("there", [True, False])
def test_several_copy_into_one_layout(docker: Path, tmp_path: Path, there: bool) -> None:
    from concurrent.futures import ThreadPoolExecutor

    if there:
        (tmp_path / "layout").mkdir()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: copy(docker, f"oci:{tmp_path}/layout:{number}"), range(8)))
    assert sorted(tags(tmp_path / "layout")) == [str(number) for number in range(8)]
    assert validate_archive(f"{tmp_path}/layout") == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docker.tar", "layout"]


def test_names_for_docker(layout: Path, tmp_path: Path) -> None:
    assert copy(layout, f"docker-archive:{tmp_path}/a.tar").names == ()
    assert copy(layout, f"docker-archive:{tmp_path}/b.tar:hello").names == ("hello:latest",)
    assert copy(layout, f"docker-archive:{tmp_path}/c.tar:host:5000/hello:2").names == ("host:5000/hello:2",)
    with pytest.raises(ImageNameError):
        copy(layout, f"docker-archive:{tmp_path}/d.tar:Hello:2")
    assert not (tmp_path / "d.tar").exists()


def test_one_of_several_platforms(tmp_path: Path) -> None:
    made = Layout()
    kinds = [{"os": "linux", "architecture": name} for name in ("amd64", "arm64")]
    images = [made.image(tag=None, config={"architecture": item["architecture"]}, platform=item) for item in kinds]
    made.index(made.add_json(INDEX, {"schemaVersion": 2, "manifests": images}, annotations={REF: "1"}))
    made.write(tmp_path / "many")
    for image, kind in zip(images, kinds, strict=True):
        copied = copy(f"{tmp_path}/many", f"oci:{tmp_path}/{kind['architecture']}", platform=Platform(**kind))
        assert copied == Copied(image["digest"], ("1",))
    with pytest.raises(WhichPlatformError, match="linux/s390x"):
        copy(f"{tmp_path}/many", f"oci:{tmp_path}/x", platform=Platform("linux", "s390x"))


@pytest.mark.parametrize("platform", [None, {"os": "linux", "architecture": "amd64"}])
def test_a_name_that_is_there_twice(tmp_path: Path, platform: dict[str, str] | None) -> None:
    made = Layout()
    more: dict[str, Any] = {} if platform is None else {"platform": platform}
    made.index(made.image(**more), made.image([layer_tar("x")], **more)).write(tmp_path / "twice")
    for source in (f"{tmp_path}/twice", f"oci:{tmp_path}/twice:latest"):
        with pytest.raises(BrokenImageError, match="several images of one name"):
            copy(source, f"oci:{tmp_path}/x")


def test_what_is_in_the_way(layout: Path, docker: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    copy(layout, f"oci:{tmp_path}/folder")  # an empty one
    (tmp_path / "other").mkdir()
    (tmp_path / "other/file").touch()
    for target in (f"docker-archive:{docker}", f"oci-archive:{docker}", f"oci:{docker}", f"oci:{tmp_path}/other", "x.tar"):
        with pytest.raises((InTheWayError, PlaceError)):
            copy(layout, target)
    with pytest.raises(InTheWayError):
        copy(layout, f"docker-archive:{tmp_path}/other", force=True)
    copy(layout, f"docker-archive:{docker}", force=True)
    assert validate_archive(str(docker)) == ()


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_what_is_no_file_is_not_replaced(layout: Path, tmp_path: Path, kind: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to("/dev/null")
    for path in (pipe, tmp_path / "link"):
        for force in (False, True):
            with pytest.raises(InTheWayError, match="is no ordinary file"):
                copy(layout, f"{kind}:{path}", force=force)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["layout", "link", "pipe"]
    (tmp_path / "gone").symlink_to("nowhere")
    copy(layout, f"{kind}:{tmp_path}/gone", force=True)
    assert not (tmp_path / "gone").is_symlink()


def test_the_said_kind_must_fit(layout: Path, docker: Path, tmp_path: Path) -> None:
    for source in (f"docker-archive:{layout}", f"oci:{docker}", f"oci-archive:{layout}", f"oci-archive:{docker}"):
        with pytest.raises(OtherKindError):
            copy(source, f"oci:{tmp_path}/x")
    (tmp_path / "text").write_text("hello")
    for path in (tmp_path / "text", tmp_path):
        with pytest.raises(NotAnImageError):
            copy(path, f"oci:{tmp_path}/x")


def liars() -> dict[str, tuple[Layout, type[ImagetoolsError]]]:
    made: dict[str, tuple[Layout, type[ImagetoolsError]]] = {}
    packed = blob(sha256(gzip.compress(TAR, mtime=0)))

    def lying(name: str, error: type[ImagetoolsError] = BrokenImageError) -> Layout:
        layout = good()
        made[name] = (layout, error)
        return layout

    lying("missing layer").files.pop(packed)
    lying("truncated layer").files[packed] = gzip.compress(TAR, mtime=0)[:-9]
    other = lying("other layer")
    other.files[packed] = bytes(len(other.files[packed]))
    damaged = bytearray(gzip.compress(TAR, mtime=0))
    damaged[len(damaged) // 2] ^= 0xFF
    lying("damaged layer").files[packed] = bytes(damaged)
    lying("no layout", LayoutJsonError).files["index.json"] = b"{}"
    lying("traversal", LayoutJsonError).index({"mediaType": MANIFEST, "digest": "sha256:../../../etc/passwd", "size": 1})
    no_tar = lying("wrong diff ID")
    no_tar.index(no_tar.image(config={"rootfs": {"diff_ids": [sha256(b"")]}}))
    bad_id = lying("diff ID that is none")
    bad_id.index(bad_id.image(config={"rootfs": {"diff_ids": ["sha256:../x"]}}))
    count = lying("layer count")
    count.index(count.image(config={"rootfs": {"diff_ids": []}}))
    unknown = lying("media type")
    unknown.index({"mediaType": "a/b", "digest": sha256(b"x"), "size": 1})
    loop = lying("points to itself")
    name = sha256(b"loop")
    loop.index({"mediaType": INDEX, "digest": name, "size": 0})
    loop.files[blob(name)] = loop.files["index.json"]
    huge = lying("huge")
    described = json.loads(huge.files["index.json"])["manifests"][0]
    huge.files[blob(described["digest"])] = b" " * (9 << 20)
    return made


@pytest.mark.parametrize("target", ["oci:new", "oci:there", "oci:empty", "oci-archive:new.tar", "docker-archive:new.tar"])
@pytest.mark.parametrize("lie", list(liars()))
def test_what_lies_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: str, target: str) -> None:
    layout, error = liars()[lie]
    layout.write(tmp_path / "bad")
    layout.tar(tmp_path / "bad.tar")
    monkeypatch.chdir(tmp_path)
    other = Layout()
    other.index(other.image([layer_tar("y")])).write(tmp_path / "there")
    (tmp_path / "empty").mkdir()
    before = files(tmp_path)
    for source in ("bad", "bad.tar"):
        compressor = "zstd" if "oci" in target else None
        with pytest.raises((error, ArchiveError)):
            copy(source, target, compressor)
        assert files(tmp_path) == before and not any((tmp_path / "empty").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "bad.tar", "empty", "there"]


def test_bad_docker_archives(tmp_path: Path) -> None:
    image = archive([TAR])
    broken = {
        "no manifest": (plain_tar(("manifest.json", b"{}")), ManifestError),
        "outside": (archive([TAR], Layers=["../x"]), ManifestError),
        "missing": (archive([TAR], Layers=["x"]), BrokenImageError),
        "changed": (image.replace(b"-hello", b"-HELLO"), BrokenImageError),
        "config": (image.replace(b"amd64", b"arm64"), BrokenImageError),
        "cut": (image[:2000], ArchiveError),
    }
    for name, (data, error) in broken.items():
        (tmp_path / "bad.tar").write_bytes(data)
        with pytest.raises(error):
            copy(tmp_path / "bad.tar", f"oci:{tmp_path}/x")
        assert [path.name for path in tmp_path.iterdir()] == ["bad.tar"], name


def test_a_docker_archive_of_several_images(tmp_path: Path) -> None:
    first, second = (
        members_of(archive([tar], RepoTags=[name]), tmp_path) for tar, name in ((TAR, "a:1"), (layer_tar("b"), "b:1"))
    )
    manifest = [*json.loads(first[-1]), *json.loads(second[-1])]
    manifest[1]["Layers"] = ["1/layer.tar"]
    configs = [item["Config"] for item in manifest]
    both = plain_tar(
        ("0/layer.tar", TAR),
        ("1/layer.tar", layer_tar("b")),
        (configs[0], first[1]),
        (configs[1], second[1]),
        ("manifest.json", json.dumps(manifest).encode()),
    )
    (tmp_path / "both.tar").write_bytes(both)
    with pytest.raises(WhichImageError, match="more than one"):
        copy(tmp_path / "both.tar", f"oci:{tmp_path}/x")
    assert copy(f"docker-archive:{tmp_path}/both.tar:b:1", f"oci:{tmp_path}/x").names == ("1",)
    assert copy(f"docker-archive:{tmp_path}/both.tar:docker.io/library/a:1", f"docker-archive:{tmp_path}/y.tar").names == ("a:1",)
    with pytest.raises(WhichImageError, match="no image 'c'"):
        copy(f"docker-archive:{tmp_path}/both.tar:c", f"oci:{tmp_path}/z")


def test_a_full_disk_leaves_nothing(layout: Path, tmp_path: Path) -> None:
    if not os.path.exists("/dev/full") or os.geteuid() != 0:
        pytest.skip("needs root")
    import subprocess

    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", small], check=False, capture_output=True).returncode:
        pytest.skip("cannot mount")
    try:
        big = Layout()
        big.index(big.image([layer_tar("n") + os.urandom(100_000)])).write(tmp_path / "big")
        for target in ("oci:{}/x", "oci-archive:{}/x.tar", "docker-archive:{}/x.tar"):
            for compressor in (None, "none", "gz", "zstd"):
                with pytest.raises(OSError, match="No space"):
                    copy(tmp_path / "big", target.format(small), compressor)
                assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_equal_layers_are_read_once(tmp_path: Path) -> None:
    made = Layout()
    made.index(made.image([TAR] * 5)).write(tmp_path / "layout")
    copy(tmp_path / "layout", f"docker-archive:{tmp_path}/x.tar")
    assert len(members(tmp_path / "x.tar")) == 3
    shutil.rmtree(tmp_path / "layout")
    assert validate_archive(f"{tmp_path}/x.tar") == ()
