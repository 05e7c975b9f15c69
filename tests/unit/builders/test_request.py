"""The attributes of the derivation, and which inputs a text mentions."""

import json
from pathlib import Path

import pytest

from imagetools.builtin.api import MissingAttributeError
from imagetools.bundled.builders.docker_tools.inputs import Inputs
from imagetools.bundled.builders.docker_tools.mentions import Mentions
from imagetools.bundled.builders.docker_tools.request import AttributeValueError, ImageRequest
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.image.container_config import ContainerConfigError
from imagetools.image.reference import ImageNameError
from imagetools.image.times import TimeFormatError
from imagetools.kernel.hashes import digest

from .build import DEFAULTS
from .fakes import FakeContext, FakeStore


def context(tmp_path: Path, **attributes: str) -> FakeContext:
    store = FakeStore(tmp_path / "store")
    return FakeContext(store, tmp_path / "out", DEFAULTS | {"layout": "layered"} | attributes)


def test_a_good_one(tmp_path: Path) -> None:
    request = ImageRequest.read(context(tmp_path, created="now", mtime="2024-05-31"), 1_700_000_000)
    assert str(request.reference) == "test:1"
    assert request.created == "2023-11-14T22:13:20Z"
    assert request.stamp.mtime == 1717113600
    assert (request.max_layers, request.store_paths, request.keep_links) == (100, True, False)


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_attribute_is_needed(tmp_path: Path, name: str) -> None:
    ctx = context(tmp_path)
    del ctx.env[name]
    with pytest.raises(MissingAttributeError) as caught:
        ImageRequest.read(ctx, 0)
    assert str(caught.value) == f"builtin:docker-image needs the attribute '{name}'"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("layout", "round", "the attribute 'layout' must be one of single, layered, not 'round'"),
        ("compressor", "xz", "the attribute 'compressor' must be one of none, gz, zstd, not 'xz'"),
        ("uid", "-1", "the attribute 'uid' must be a whole number of at least 0, not '-1'"),
        ("contents", "{}", "the attribute 'contents' must be a list of strings as JSON"),
        ("contents", "[1]", "the attribute 'contents' must be a list of strings as JSON"),
        (
            "architecture",
            "foo bar",
            "the attribute 'architecture' must be Go's name of a processor, such as amd64 or arm64, not 'foo bar'",
        ),
        ("builderVersion", "0", "the attribute 'builderVersion' is 0, but this imagetools builds version 2"),
    ],
)
def test_wrong_values(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    with pytest.raises(AttributeValueError) as caught:
        ImageRequest.read(context(tmp_path, **{name: value}), 0)
    assert str(caught.value) == f"builtin:docker-image: {sentence}"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("imageName", "A", ImageNameError),
        ("imageTag", "-", ImageNameError),
        ("created", "soon", TimeFormatError),
        ("mtime", "", TimeFormatError),
        ("config", "[]", ContainerConfigError),
    ],
)
def test_wrong_texts(tmp_path: Path, name: str, value: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        ImageRequest.read(context(tmp_path, **{name: value}), 0)


def test_the_longest_name_is_meant(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    hello = ctx.store.add("hello", b"")
    other = ctx.store.add("other", b"")
    longer = StorePath(ctx.store.path_of("hello").digest, "hello.txt")
    ctx.store.infos[longer] = PathInfo(longer, digest("sha256", b""), 1)
    mentions = Mentions(ctx.store_dir, Inputs(ctx))
    absent = ctx.store.logical("absent")
    mentions.look_at(json.dumps({"Cmd": [f"{hello}.txt/x", f"--path={other}..", absent, "/nix/store/short-x", "/nix/store"]}))
    assert sorted(path.name for path in mentions.found) == ["hello.txt", "other"]
    mentions.look_at(f"{hello}:/x")
    assert sorted(path.name for path in mentions.found) == ["hello", "hello.txt", "other"]
