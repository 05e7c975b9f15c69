"""Validation returns every failure at once, and never an exception, whatever it is given."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagetools.image_io.archive_reader import validate_archive

Member = tuple[str, bytes] | tarfile.TarInfo


def tar(*members: Member) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return out.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


LAYER = tar(special("etc", tarfile.DIRTYPE), ("etc/motd", b"hello"), (".wh.gone", b""))


def archive(layers: list[bytes], config: dict[str, Any] | None = None, **manifest: Any) -> bytes:
    """A good archive, with parts of its config and manifest replaced."""
    document: dict[str, Any] = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2024-01-01T00:00:00Z",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]},
        "history": [{} for _ in layers],
    }
    text = json.dumps(document | (config or {})).encode()
    name = hashlib.sha256(text).hexdigest() + ".json"
    entry = {"Config": name, "RepoTags": ["a:1"], "Layers": [f"{number}/layer.tar" for number in range(len(layers))]}
    members = [(f"{number}/layer.tar", layer) for number, layer in enumerate(layers)]
    return tar(*members, (name, text), ("manifest.json", json.dumps([entry | manifest]).encode()))


def failures(tmp_path: Path, data: bytes) -> list[str]:
    path = tmp_path / "image.tar"
    path.write_bytes(data)
    return [str(failure) for failure in validate_archive(str(path))]


@pytest.mark.parametrize("layers", [[], [LAYER], [LAYER, LAYER]])
@pytest.mark.parametrize("squeeze", [bytes, gzip.compress])
def test_good_ones(tmp_path: Path, layers: list[bytes], squeeze: Any) -> None:
    assert failures(tmp_path, squeeze(archive(layers))) == []


def test_layers_may_be_compressed_and_linked(tmp_path: Path) -> None:
    diff_id = f"sha256:{hashlib.sha256(LAYER).hexdigest()}"
    text = json.dumps({"architecture": "x", "os": "y", "rootfs": {"diff_ids": [diff_id, diff_id]}}).encode()
    entry = {"Config": "c.json", "RepoTags": None, "Layers": ["a/layer.tar", "b/layer.tar"]}
    members: list[Member] = [
        ("a/layer.tar", gzip.compress(LAYER)),
        special("b/layer.tar", tarfile.SYMTYPE, "../a/layer.tar"),
        ("c.json", text),
        ("manifest.json", json.dumps([entry]).encode()),
    ]
    assert failures(tmp_path, tar(*members)) == []


def test_every_failure_at_once(tmp_path: Path) -> None:
    bad = tar(
        ("../up", b""),
        ("/etc/passwd", b""),
        ("a/b", b""),
        ("x", b"1"),
        ("x", b"2"),
        special("hard", tarfile.LNKTYPE, "nowhere"),
    )
    config = {
        "architecture": "",
        "created": "soon",
        "config": {"Cmd": "x", "User": 1},
        "history": [{}, {}, {}],
        "rootfs": {"diff_ids": [f"sha256:{hashlib.sha256(bad).hexdigest()}", "sha256:00"]},
    }
    found = failures(tmp_path, archive([bad], config, RepoTags=["A:1", "b"]))
    name = next(item.partition(":")[0] for item in found if "architecture" in item)
    assert found == [
        "manifest.json: 'A' cannot be the name of an image: it must be lower case",
        "manifest.json: the tag of an image is missing",
        f"{name}: it has no architecture",
        f"{name}: 'soon' is no time for the argument 'created'",
        f'{name}: config: Cmd must be a list of strings, not the string "x"',
        f"{name}: config: User must be a string, not 1",
        f"{name}: it has 2 diff_ids, manifest.json has 1 layers",
        f"{name}: its history has 3 layers, diff_ids has 2",
        "0/layer.tar!../up: its name leaves the image's root",
        "0/layer.tar!/etc/passwd: its name leaves the image's root",
        "0/layer.tar!a/b: its folder does not stand before it",
        "0/layer.tar!x: the layer has it twice",
        "0/layer.tar!hard: it is a hard link to 'nowhere', which is not in the layer before it",
    ]


def test_wrong_digests(tmp_path: Path) -> None:
    good = archive([LAYER])
    other = LAYER.replace(b"hello", b"HELLO")
    found = failures(tmp_path, good.replace(b"hello", b"HELLO"))
    said = hashlib.sha256(LAYER).hexdigest()
    assert found == [f"0/layer.tar: its diff ID is sha256:{hashlib.sha256(other).hexdigest()}, the config says sha256:{said}"]
    changed = failures(tmp_path, good.replace(b"amd64", b"arm64"))
    assert len(changed) == 1 and "its bytes have the digest" in changed[0]


def test_missing_members(tmp_path: Path) -> None:
    assert failures(tmp_path, tar(("x", b""))) == ["manifest.json: it is missing"]
    assert failures(tmp_path, archive([LAYER], Config="gone.json")) == ["gone.json: the config is missing"]
    assert failures(tmp_path, archive([LAYER], Layers=["gone/layer.tar"])) == ["gone/layer.tar: the layer is missing"]
    assert failures(tmp_path, archive([LAYER], Layers=["../x"])) == [
        "manifest.json: image 1 names a member outside the archive, '../x'"
    ]


def test_too_many_layers(tmp_path: Path) -> None:
    assert failures(tmp_path, archive([LAYER] * 126)) == ["manifest.json: 126 layers, Docker takes at most 125"]


@pytest.mark.parametrize(
    "data", [b"", b"no tar", b"\x1f\x8b\x08", archive([LAYER])[:1000], gzip.compress(archive([LAYER]))[:-200]]
)
def test_damage_is_a_failure(tmp_path: Path, data: bytes) -> None:
    assert failures(tmp_path, data) != []


def test_a_damaged_layer(tmp_path: Path) -> None:
    found = failures(tmp_path, archive([b"x" * 2000]))
    assert len(found) == 1 and found[0].startswith("0/layer.tar: bad tar archive")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 6000), st.binary(min_size=1, max_size=20))
def test_no_exception_for_any_damage(tmp_path: Path, place: int, junk: bytes) -> None:
    data = bytearray(archive([LAYER]))
    data[place : place + len(junk)] = junk
    failures(tmp_path, bytes(data))
