"""The archive that skopeo writes, without skopeo: what tests/oracle/test_pull_image.py found equal is pinned here."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.image.remote_reference import RemoteReference
from imagetools.image.tags import BrokenImageError
from imagetools.image_io.skopeo_archive import SkopeoArchive, file_header, link_header, raw_members, shift

NAME = RemoteReference.parse("app:1")


def archive(layers: list[bytes], config: bytes) -> bytes:
    file = io.BytesIO()
    writer = SkopeoArchive(file)
    for layer in layers:
        assert writer.add_layer([layer[:3], layer[3:]]).digest == hashlib.sha256(layer).digest()
    writer.finish(config, NAME)
    return file.getvalue()


def test_the_bytes() -> None:
    """As skopeo 1.9.3 writes an image of these layers and this config."""
    config = b'{"os":"linux", "architecture":"amd64", "config": {"Cmd":["<a>"]}, "created":null, "rootfs":{}}'
    made = archive([b"one" * 100, b"two" * 300, b"one" * 100], config)
    assert hashlib.sha256(made).hexdigest() == "fc3a13c16e49db9e9b183a65ba46d1489ebd3bc5dbd31fb7281956b911dc8feb"
    with tarfile.open(fileobj=io.BytesIO(made)) as opened:
        names = opened.getnames()
        assert len(names) == len(set(names)) == 14
        assert all((member.mtime, member.uid, member.uname) == (0, 0, "") for member in opened.getmembers())
        manifest = opened.extractfile("manifest.json")
        assert manifest is not None
        (entry,) = json.load(manifest)
        assert entry["RepoTags"] == ["docker.io/library/app:1"]
        assert [opened.getmember(name).size for name in entry["Layers"]] == [300, 900, 300]


def test_an_image_without_layers() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive([], b"{}"))) as opened:
        repositories = opened.extractfile("repositories")
        assert repositories is not None
        assert repositories.read() == b"{}"


@pytest.mark.parametrize("size", [0, 1, 8**11 - 1, 8**11, 1 << 40])
def test_headers_of_any_size(size: int) -> None:
    head = file_header("a.tar", size)
    assert len(head) == (512 if size < 8**11 else 1536)
    found = tarfile.TarFile(fileobj=io.BytesIO(head + bytes(1024))).next()
    assert found is not None
    assert (found.name, found.size, found.mode, found.mtime) == ("a.tar", size, 0o444, 0)


def test_the_header_of_a_link() -> None:
    found = tarfile.TarInfo.frombuf(link_header("x/layer.tar", "../y.tar"), "utf-8", "strict")
    assert (found.name, found.linkname, found.issym(), found.mode) == ("x/layer.tar", "../y.tar", True, 0)


@given(st.binary(max_size=3000), st.integers(0, 3000), st.integers(0, 2000))
def test_shifting(data: bytes, start: int, by: int) -> None:
    start = min(start, len(data))
    file = io.BytesIO(data)
    shift(file, start, by)
    assert file.tell() == len(file.getvalue()) == len(data) + (by if start < len(data) else 0)
    assert file.getvalue()[:start] == data[:start]
    assert file.getvalue()[len(file.getvalue()) - (len(data) - start) :] == data[start:]


def test_shifting_more_than_a_piece(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    with open(tmp_path / "x", "w+b") as file:
        file.write(data)
        shift(file, 512, 1024)
    assert (tmp_path / "x").read_bytes()[1536:] == data[512:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", {}),
        (' \n{ "a" : 1 , "b":[ 1 , 2.50 ],\t"c" : "x  y" }\r\n', {"a": "1", "b": "[1,2.50]", "c": '"x  y"'}),
        ('{"a":{"b":{"c":null},"d":true}}', {"a": '{"b":{"c":null},"d":true}'}),
        ('{"a":"<>&\u2028","\\u0062":"\\u003c \\" \\\\"}', {"a": '"\\u003c\\u003e\\u0026\\u2028"', "b": '"\\u003c \\" \\\\"'}),
        ('{"a":1,"a":2}', {"a": "2"}),
        ('{"":[],"a":{}}', {"": "[]", "a": "{}"}),
    ],
)
def test_members_as_go_writes_them(text: str, expected: dict[str, str]) -> None:
    assert raw_members("x", text.encode()) == expected


LEAVES = st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(["a", "<", "\u2028"]), st.lists(LEAVES, max_size=3)), st.booleans())
def test_members_keep_their_values(value: dict[str, object], escaped: bool) -> None:
    found = raw_members("x", json.dumps(value, ensure_ascii=escaped, indent=1).encode())
    assert {name: json.loads(raw) for name, raw in found.items()} == value


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"a":NaN}', b"\xff", b'{"a":1}x'])
def test_a_config_that_is_none(text: bytes) -> None:
    with pytest.raises(BrokenImageError):
        archive([b"x"], text)
