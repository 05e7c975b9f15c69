"""Images, layers, manifests and times as values."""

import json

import pytest

from imagetools.image import manifest
from imagetools.image.container_config import ContainerConfig
from imagetools.image.image import Image
from imagetools.image.layer import Layer, oci_digest
from imagetools.image.manifest import ArchivedImage, ManifestError
from imagetools.image.times import Moment, TimeFormatError
from imagetools.kernel.hashes import digest

A, B = digest("sha256", b"a"), digest("sha256", b"b")


def test_the_config_document() -> None:
    image = Image("amd64", "1970-01-01T00:00:01Z", ContainerConfig({"Env": ["A=ü"]}))
    done = image.with_layers(Layer(A, 1, "one"), Layer(B, 2))
    assert image.layers == ()
    assert json.loads(done.config_json()) == {
        "created": "1970-01-01T00:00:01Z",
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["A=ü"]},
        "rootfs": {"type": "layers", "diff_ids": [oci_digest(A), oci_digest(B)]},
        "history": [{"created": "1970-01-01T00:00:01Z", "comment": "one"}, {"created": "1970-01-01T00:00:01Z"}],
    }
    assert done.id == digest("sha256", done.config_json())
    assert done.diff_ids == (A, B)


def test_manifest_round_trip() -> None:
    images = (ArchivedImage("c.json", ("a:1",), ("x/layer.tar",)), ArchivedImage("d.json", (), ()))
    assert manifest.read(manifest.write(images)) == images


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"x", "it is no JSON (Expecting value: line 1 column 1 (char 0))"),
        (b"{}", "it is no list of images"),
        (b"[]", "it is no list of images"),
        (b"[1]", "image 1 is no object"),
        (b"[{}]", "image 1 has no Config"),
        (b'[{"Config":"c","Layers":"x"}]', "Layers of image 1 is no list of strings"),
        (b'[{"Config":"c","Layers":[],"RepoTags":[1]}]', "RepoTags of image 1 is no list of strings"),
        (b'[{"Config":"../c","Layers":[]}]', "image 1 names a member outside the archive, '../c'"),
        (b'[{"Config":"c","Layers":["/etc/x"]}]', "image 1 names a member outside the archive, '/etc/x'"),
    ],
)
def test_wrong_manifests(text: bytes, reason: str) -> None:
    with pytest.raises(ManifestError) as caught:
        manifest.read(text)
    assert str(caught.value) == f"bad manifest.json in the image archive: {reason}"


def test_docker_writes_null_for_no_tags() -> None:
    assert manifest.read(b'[{"Config":"c","RepoTags":null,"Layers":null}]') == (ArchivedImage("c", (), ()),)


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [
        ("1970-01-01T00:00:01Z", 1, "1970-01-01T00:00:01Z"),
        ("2024-05-31T12:00:00+02:00", 1717149600, "2024-05-31T10:00:00Z"),
        ("2024-05-31", 1717113600, "2024-05-31T00:00:00Z"),
        ("2024-05-31 12:30", 1717158600, "2024-05-31T12:30:00Z"),
        ("2024-05-31T12:00:00.5Z", 1717156800, "2024-05-31T12:00:00Z"),
    ],
)
def test_times(text: str, seconds: int, shown: str) -> None:
    moment = Moment.parse(text, "created")
    assert (moment.seconds, str(moment)) == (seconds, shown)


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01", "1969-12-31", "2024-05-31T25:00:00Z", "1", "2024-W01-1"])
def test_wrong_times(text: str) -> None:
    with pytest.raises(TimeFormatError) as caught:
        Moment.parse(text, "created")
    assert str(caught.value) == f"'{text}' is no time for the argument 'created'"
