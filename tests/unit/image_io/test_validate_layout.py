"""Layouts that lie: every failure is told, and no damage is an exception."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagetools.image_io.archive_reader import validate_archive

from .layouts import INDEX, LAYER, MANIFEST, REF, TAR, Layout, blob, good, layer_tar, sha256

NOWHERE = "sha256:" + "0" * 64


def failures(folder: Path, layout: Layout) -> list[str]:
    """The same for the folder and the tar."""
    found = [str(item) for item in validate_archive(layout.write(folder / "layout"))]
    assert [str(item) for item in validate_archive(layout.tar(folder / "layout.tar"))] == found
    return [item.replace("blobs/sha256/", "") for item in found]


def test_a_good_one(tmp_path: Path) -> None:
    assert failures(tmp_path, good()) == []
    assert failures(tmp_path / "two", two_platforms()) == []


def two_platforms() -> Layout:
    layout = Layout()
    platforms = [{"os": "linux", "architecture": name} for name in ("amd64", "arm64")]
    images = [layout.image(tag=None, config={"architecture": item["architecture"]}, platform=item) for item in platforms]
    return layout.index(layout.add_json(INDEX, {"schemaVersion": 2, "manifests": images}, annotations={REF: "1"}))


def test_two_names_of_one_image(tmp_path: Path) -> None:
    layout = Layout()
    layout.index(layout.image(tag="1"), layout.image(tag="2"))
    assert failures(tmp_path, layout) == []


def machines(*platforms: dict[str, str], **more: Any) -> Layout:
    """An index with an image for each, all of them different."""
    layout = Layout()
    images = [
        layout.image([layer_tar(str(number))], tag=None, config={**platform, **more}, platform=platform)
        for number, platform in enumerate(platforms)
    ]
    return layout.index(layout.add_json(INDEX, {"schemaVersion": 2, "manifests": images}, annotations={REF: "1"}))


ARM = {"os": "linux", "architecture": "arm"}


def test_an_index_that_a_machine_may_stumble_over(tmp_path: Path) -> None:
    def said(name: str, layout: Layout) -> list[str]:
        (tmp_path / name).mkdir()
        found = validate_archive(layout.write(tmp_path / name))
        assert not any(item.serious for item in found), found
        return [item.what for item in found]

    assert said("variants", machines({**ARM, "variant": "v6"}, {**ARM, "variant": "v7"})) == []
    assert said("twice", machines(ARM, ARM)) == ["it has more than one image for linux/arm"]
    assert said("windows", machines(*[{"os": "windows", "architecture": "amd64"}] * 2)) == []
    assert said("another", machines({**ARM, "variant": "v6"}, variant="v7")) == ["its variant is 'v7', the index says 'v6'"]
    layout = Layout()
    image, other = layout.image(tag=None), layout.image([layer_tar("x")], tag=None)
    assert said("nowhere", layout.index(layout.add_json(INDEX, {"schemaVersion": 2, "manifests": [image, other]}))) == [
        f"it does not say for which machine {item['digest']} is" for item in (image, other)
    ]


def with_attestation() -> tuple[Layout, dict[str, Any]]:
    """As BuildKit makes it: no image, and nothing of it is one. The second is the layer's descriptor."""
    layout = Layout()
    image = layout.image(tag=None, platform={"os": "linux", "architecture": "amd64"})
    statement = layout.add_json("application/vnd.in-toto+json", {"predicate": {}})
    made = layout.image(
        [],
        tag=None,
        manifest={"layers": [statement]},
        config={"os": "unknown", "architecture": "unknown"},
        platform={"os": "unknown", "architecture": "unknown"},
    )
    made["annotations"] = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]}
    return layout.index(layout.add_json(INDEX, {"schemaVersion": 2, "manifests": [image, made]})), statement


def test_what_buildkit_says_of_an_image_is_none(tmp_path: Path) -> None:
    layout, statement = with_attestation()
    assert failures(tmp_path / "whole", layout) == []
    del layout.files[blob(statement["digest"])]
    (found,) = failures(tmp_path / "broken", layout)
    assert found.startswith(f"{statement['digest'][7:]}: it is missing, blobs/sha256/".replace("blobs/sha256/", ""))


def test_an_artifact_is_no_image(tmp_path: Path) -> None:
    layout = Layout()
    empty = layout.add_json("application/vnd.oci.empty.v1+json", {})
    signature = layout.add_json("application/vnd.example.signature", {"by": "me"})
    manifest = {"schemaVersion": 2, "artifactType": "application/vnd.example", "config": empty, "layers": [signature]}
    assert failures(tmp_path, layout.index(layout.add_json(MANIFEST, manifest))) == []


def changed(name: str, data: bytes) -> Layout:
    layout = good()
    layout.files[name] = data
    return layout


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (changed("oci-layout", b"{}"), "oci-layout: it has no imageLayoutVersion"),
        (changed("oci-layout", b'{"imageLayoutVersion":"9"}'), "oci-layout: the imageLayoutVersion '9' is not known"),
        (changed("index.json", b"[]"), "index.json: it is no object"),
        (changed("index.json", b"{"), "index.json: it is no JSON (Expecting property name enclosed in double quotes"),
        (changed("index.json", b"\0"), "index.json: it is no JSON"),
        (changed("index.json", b"[" * 90_000), "index.json: it is nested too deep"),
        (changed("index.json", b'{"a":' * 150 + b"1" + b"}" * 150), "index.json: it is nested too deep"),
        (changed("index.json", b'{"a":"\\ud800"}'), "index.json: it is no JSON (it has half of a character)"),
        (changed("index.json", b'{"a":NaN}'), "index.json: it is no JSON (NaN is no number)"),
        (changed("index.json", b'{"a":' + b"9" * 5000 + b"}"), "index.json: it is no JSON (Exceeds the limit"),
        (changed("index.json", b'{"a":"' + b"x" * (9 << 20) + b'"}'), "index.json: it is larger than 8 MiB"),
        (
            Layout().index({}, 7),
            "index.json: manifest 1 has no mediaType; manifest 1 has no digest; manifest 1 has no size; manifest 2",
        ),
        (Layout().index(manifests={}), "index.json: it has no list of manifests"),
        (Layout().index(schemaVersion=1), "index.json: its schemaVersion is not 2"),
        (Layout().index(mediaType=LAYER), f"index.json: it says that it is '{LAYER}'"),
        (
            Layout().index({"mediaType": MANIFEST, "digest": "sha256:../../x", "size": 1}),
            "index.json: manifest 1 has a digest that is none, 'sha256:../../x'",
        ),
        (
            Layout().index({"mediaType": MANIFEST, "digest": NOWHERE, "size": -1}),
            "index.json: manifest 1 has a size that is none",
        ),
        (
            Layout().index({"mediaType": MANIFEST, "digest": NOWHERE, "size": 1}),
            f"{NOWHERE[7:]}: it is missing, index.json points to it",
        ),
        (
            Layout().index({"mediaType": "a/b", "digest": NOWHERE, "size": 1}),
            f"index.json: the media type 'a/b' of {NOWHERE} is not known; {NOWHERE[7:]}: it is missing, index.json points to it",
        ),
    ],
)
def test_one_thing_wrong(tmp_path: Path, layout: Layout, expected: str) -> None:
    found = failures(tmp_path, layout)
    assert "; ".join(found).replace("; index.json:", ";").startswith(expected), found


def of_image(make: Callable[[Layout], dict[str, object]]) -> Layout:
    layout = Layout()
    return layout.index(make(layout))


def test_the_same_name_twice(tmp_path: Path) -> None:
    layout = Layout()
    layout.index(layout.image(), layout.image([layer_tar("x")]))
    assert failures(tmp_path, layout) == ["index.json: it has the name 'latest' more than once"]


def test_config_and_layers_do_not_fit(tmp_path: Path) -> None:
    layout = of_image(
        lambda made: made.image([TAR, layer_tar("x")], config={"rootfs": {"diff_ids": [sha256(b"other")]}, "os": ""})
    )
    manifest = json.loads(layout.files["index.json"])["manifests"][0]["digest"]
    found = failures(tmp_path, layout)
    assert len(found) == 3
    assert found[0].endswith(": it has no os")
    assert found[1].endswith(f": it has 1 diff_ids, {blob(manifest)} has 2 layers".replace("blobs/sha256/", ""))
    assert found[2].endswith(f": its diff ID is {sha256(TAR)}, the config says {sha256(b'other')}")


def test_the_platform_is_another_one(tmp_path: Path) -> None:
    layout = of_image(lambda made: made.image(platform={"os": "linux", "architecture": "s390x"}))
    (found,) = failures(tmp_path, layout)
    assert found.endswith(": its architecture is 'amd64', the index says 's390x'")


def test_media_types(tmp_path: Path) -> None:
    made = Layout()
    layer = made.add("a/layer", gzip.compress(TAR))
    plain = made.add("application/vnd.oci.image.layer.v1.tar", gzip.compress(TAR))
    config = made.add_json("a/config", {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [sha256(TAR)] * 2}})
    made.index(made.add_json(MANIFEST, {"schemaVersion": 2, "config": config, "layers": [layer, plain]}))
    found = failures(tmp_path, made)
    assert [item.partition(": ")[2] for item in found] == [
        f"the media type 'a/layer' of the layer {layer['digest']} is not known",
        "it is compressed by gzip, its media type says that it is not compressed",
        "the media type 'a/config' of the config is not known",
    ]


def test_wrong_bytes_and_sizes(tmp_path: Path) -> None:
    layout = good()
    packed = sha256(gzip.compress(TAR, mtime=0))
    layout.files[blob(packed)] = layout.files[blob(packed)][:-10]
    found = failures(tmp_path, layout)
    assert found[0].startswith(f"{packed[7:]}: it has ")
    assert any("its bytes have the digest" in item for item in found)
    assert any("bad gzip data" in item and "it ends early" in item for item in found)


def test_a_layer_that_is_no_tar(tmp_path: Path) -> None:
    (found,) = failures(tmp_path, of_image(lambda made: made.image([b"no tar" * 200])))
    assert "bad tar archive at byte 0: " in found


def test_an_index_that_points_to_itself(tmp_path: Path) -> None:
    name = sha256(b"whatever")
    layout = Layout().index({"mediaType": INDEX, "digest": name, "size": 0})
    layout.files[blob(name)] = layout.files["index.json"]
    found = failures(tmp_path, layout)
    assert f"{name[7:]}: it points to itself, through {name}" in found
    assert f"{name[7:]}: its bytes have the digest {sha256(layout.files['index.json'])[7:]}" in found


def test_an_index_nested_too_deep(tmp_path: Path) -> None:
    layout = Layout()
    item = layout.image()
    for _ in range(12):
        item = layout.add_json(INDEX, {"schemaVersion": 2, "manifests": [item, item]})
    found = failures(tmp_path, layout.index(item))
    assert len(found) == 1 and found[0].endswith(": indexes are nested deeper than 8")


def test_a_blob_that_is_a_link_or_has_no_digest_as_name(tmp_path: Path) -> None:
    folder = Path(good().write(tmp_path / "layout"))
    (folder / "blobs/sha256/README").write_bytes(b"hello")
    target = next((folder / "blobs/sha256").iterdir())
    (folder / blob(NOWHERE)).symlink_to(target)
    found = [str(item) for item in validate_archive(str(folder))]
    assert sorted(found) == [f"{blob(NOWHERE)}: it is a symbolic link", "blobs/sha256/README: its name is no digest"]


def test_sha512(tmp_path: Path) -> None:
    import hashlib

    layout = good()
    manifest = json.loads(layout.files["index.json"])["manifests"][0]
    data = layout.files.pop(blob(manifest["digest"]))
    manifest["digest"] = f"sha512:{hashlib.sha512(data).hexdigest()}"
    layout.files[blob(manifest["digest"])] = data
    assert failures(tmp_path, layout.index(manifest)) == []
    layout.files[blob(manifest["digest"])] = data + b" "
    assert len(failures(tmp_path / "x", layout)) == 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 8), st.integers(0, 600), st.binary(min_size=1, max_size=20))
def test_no_exception_for_any_damage(tmp_path: Path, which: int, place: int, junk: bytes) -> None:
    layout = good()
    name = list(layout.files)[which % len(layout.files)]
    data = bytearray(layout.files[name])
    data[place : place + len(junk)] = junk
    layout.files[name] = bytes(data)
    validate_archive(layout.write(tmp_path / "layout"))


def test_any_json_in_any_place(tmp_path: Path) -> None:
    values: tuple[Any, ...] = (None, 1, "x", [], {}, [1], {"x": []}, True)
    for value in values:
        layout = Layout().index(value, {"mediaType": MANIFEST, "digest": sha256(b"1"), "size": value, "annotations": value})
        assert failures(tmp_path, layout)
        configs = {"rootfs": value, "config": value, "history": value}
        for number, manifest in enumerate((None, {"layers": value, "config": value})):
            layout = Layout()
            layout.index(layout.image(config=configs, manifest=manifest))
            assert failures(tmp_path / str(number), layout)
