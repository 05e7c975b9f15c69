"""exportImage and mergeImages (rows 2.052-2.055)."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pyzstd

from imagetools.builtin.api import BuiltinBuilder, BuiltinError
from imagetools.bundled.builders.docker_tools.base import BaseImageError, BaseOutsideStoreError
from imagetools.bundled.builders.docker_tools.export_image import DockerExport
from imagetools.bundled.builders.docker_tools.merge_images import DockerMerge
from imagetools.bundled.builders.docker_tools.request import AttributeValueError
from imagetools.image_io.archive_reader import validate_archive
from tests.unit.image_io import layouts
from tests.unit.image_io.archives import archive, file, folder, hard, image, sha, tar

from .fakes import FakeContext, FakeStore

ONE = tar(folder("a"), file("a/x", b"1"), file("gone"))
TWO = tar(folder("a"), file("a/y", b"2"), hard("a/z", "a/y"), file(".wh.gone"))


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    return FakeStore(tmp_path / "store")


def run(builder: BuiltinBuilder, store: FakeStore, out: Path, **attributes: Any) -> list[str]:
    env = {"builderVersion": "1", "architecture": "amd64"}
    env |= {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
    ctx = FakeContext(store, out, env, builder.name)
    builder.build(ctx)
    return ctx.lines


def test_an_export(store: FakeStore, tmp_path: Path) -> None:
    base = store.add("base", gzip.compress(archive(image([ONE]), image([ONE, TWO], ["two:2"]))))
    lines = run(DockerExport(), store, tmp_path / "out", fromImage=base, fromImageName="two")
    with tarfile.open(tmp_path / "out") as made:
        found = {member.name: (member.isfile(), member.linkname) for member in made.getmembers()}
    assert found == {".": (False, ""), "a": (False, ""), "a/x": (True, ""), "a/y": (True, ""), "a/z": (False, "a/y")}
    assert lines == [f"Reading the image {base}", "Packing 2 layers...", "Done."]


def merged(store: FakeStore, out: Path, *paths: str) -> tuple[dict[str, bytes], list[dict[str, Any]], list[str]]:
    lines = run(DockerMerge(), store, out, images=list(paths))
    assert validate_archive(str(out)) == ()
    data = out.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else pyzstd.decompress(data) if data[:1] == b"\x28" else data
    with tarfile.open(fileobj=io.BytesIO(data)) as made:
        members = {member.name: body.read() for member in made if (body := made.extractfile(member)) is not None}
        assert len(members) == len(made.getnames())
    return members, json.loads(members["manifest.json"]), lines


@pytest.mark.parametrize("pack", [bytes, gzip.compress, pyzstd.compress])
def test_a_merger(store: FakeStore, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    entry, parts = image([ONE], ["one:1"])
    first = store.add("first", gzip.compress(archive((entry, parts))))
    second = store.add("second", pack(archive(image([ONE, TWO], ["two:2", "two:3"], stored=[gzip.compress(ONE), TWO]))))
    members, manifest, lines = merged(store, tmp_path / "out", first, second)
    assert [item["RepoTags"] for item in manifest] == [["one:1"], ["two:2", "two:3"]]
    assert [item["Layers"] for item in manifest] == [
        [f"{sha(data)}/layer.tar" for data in layers] for layers in ([ONE], [ONE, TWO])
    ]
    assert members[manifest[0]["Config"]] == parts[entry["Config"]]
    assert members[f"{sha(ONE)}/layer.tar"] == ONE and len(members) == 5
    assert lines == [f"Adding the images of {first}", f"Adding the images of {second}", "Adding manifests...", "Done."]
    head = (tmp_path / "out").read_bytes()[:4]
    assert (head[:2] == b"\x1f\x8b", head == b"\x28\xb5\x2f\xfd") == (pack is gzip.compress, pack is pyzstd.compress)


def test_who_keeps_a_name(store: FakeStore, tmp_path: Path) -> None:
    first = store.add("first", archive(image([ONE], ["x:1", "x:2"])))
    second = store.add("second", archive(image([TWO], ["x:1"]), image([ONE], ["docker.io/library/x:3"])))
    _, manifest, lines = merged(store, tmp_path / "out", first, second)
    assert [item["RepoTags"] for item in manifest] == [["x:2", "x:3"], ["x:1"]]
    assert lines[0] == f"warning: x:1 is the image in {second}; an earlier image loses that name"


def test_layouts_are_taken_too(store: FakeStore, tmp_path: Path) -> None:
    layout = layouts.Layout()
    layout.index(layout.image((ONE,), tag="docker.io/library/l:1")).write(store.root / store.path_of("layout").base_name)
    first = store.add("first", archive(image([TWO])))
    store.infos[store.path_of("layout")] = store.infos[store.path_of("first")]
    _, manifest, _ = merged(store, tmp_path / "out", first, store.logical("layout"))
    assert [item["Layers"] for item in manifest] == [[f"{sha(TWO)}/layer.tar"], [f"{sha(ONE)}/layer.tar"]]
    assert (tmp_path / "out").read_bytes()[:2] == b"\x1f\x8b"


def test_the_same_again(store: FakeStore, tmp_path: Path) -> None:
    first = store.add("first", archive(image([ONE], ["one:1"]), image([ONE, TWO], ["two:1"])))
    merged(store, tmp_path / "out", first)
    members, manifest, _ = merged(store, tmp_path / "again", first, first)
    assert [item["RepoTags"] for item in manifest] == [["one:1"], ["two:1"]] and len(members) == 5
    assert (tmp_path / "again").read_bytes() == (tmp_path / "out").read_bytes()


def test_what_is_refused(store: FakeStore, tmp_path: Path) -> None:
    def refused(builder: BuiltinBuilder, kind: type[BuiltinError], **attributes: Any) -> str:
        with pytest.raises(kind) as caught:
            run(builder, store, tmp_path / "refused", **attributes)
        return caught.value.message

    entry, members = image([ONE])
    liar = store.add("liar", archive((entry, {**members, entry["Layers"][0]: TWO})))
    good = store.add("good", archive(image([ONE, TWO])))
    sentence = f"cannot use the image '{liar}': bad image: {entry['Layers'][0]}: its diff ID is sha256:{sha(TWO)}"
    assert refused(DockerExport(), BaseImageError, fromImage=liar).startswith(sentence)
    assert refused(DockerMerge(), BaseImageError, images=[liar, good]).startswith(sentence)
    text = store.add("text", b"hello\n")
    sentence = f"cannot use the image '{text}': it is a text, neither a docker archive nor an OCI layout"
    assert refused(DockerExport(), BaseImageError, fromImage=text) == sentence
    assert refused(DockerMerge(), BaseImageError, images=[good, text]) == sentence
    assert "is not in the store" in refused(DockerMerge(), BaseOutsideStoreError, images=["/etc/passwd"])
    assert "there is no image 'x'" in refused(DockerExport(), BaseImageError, fromImage=good, fromImageName="x")
    for builder in (DockerExport(), DockerMerge()):
        assert "but this imagetools builds version 1" in refused(
            builder, AttributeValueError, fromImage=good, images=[good], builderVersion="2"
        )
