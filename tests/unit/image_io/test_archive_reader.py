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

from imagetools.image_io.archive_reader import read_facts, validate_archive

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


def of_layer(tmp_path: Path, *members: Member) -> list[tuple[str, bool]]:
    path = tmp_path / "image.tar"
    path.write_bytes(archive([tar(*members)]))
    return [(str(item).removeprefix("0/layer.tar!"), item.serious) for item in validate_archive(str(path))]


def test_unsafe_members(tmp_path: Path) -> None:
    assert of_layer(
        tmp_path,
        special("link", tarfile.SYMTYPE, "/etc"),
        ("link/passwd", b""),
        ("file", b""),
        ("file/deep/er", b""),
        special("out", tarfile.LNKTYPE, "../../etc/passwd"),
        special("whole", tarfile.LNKTYPE, "/file"),
        (".wh...", b""),
        (".wh.", b""),
    ) == [
        ("link/passwd: it lies below a symbolic link, '/link'", True),
        ("file/deep/er: it lies below a file, '/file'", True),
        ("out: it is a hard link to '../../etc/passwd', which leaves the image's root", True),
        (".wh...: it is a whiteout without a name", True),
        (".wh.: it is a whiteout without a name", True),
    ]


def test_what_somebody_may_stumble_over(tmp_path: Path) -> None:
    etc = special("etc", tarfile.DIRTYPE)
    assert of_layer(tmp_path, etc, etc, ("a/b/c", b""), ("a/b/d", b"")) == [
        ("etc/: the layer has it twice", False),
        ("a/b/c: its folder does not stand before it", False),
    ]


def test_whiteouts_devices_and_a_root_are_good(tmp_path: Path) -> None:
    assert (
        of_layer(
            tmp_path,
            special(".", tarfile.DIRTYPE),
            special("./dev", tarfile.DIRTYPE),
            special("./dev/null", tarfile.CHRTYPE),
            (".wh..wh..opq", b""),
            ("dev/.wh.zero", b""),
            (".wh..wh.plnk", b""),
        )
        == []
    )


def test_what_takes_how_much_room(tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(
        archive(
            [
                tar(
                    ("nix/store/" + "0" * 32 + "-x/bin/x", b"12345"),
                    ("nix/store/" + "0" * 32 + "-x/share", b"1"),
                    ("usr/share/doc/deep/a", b"12"),
                    ("usr/share/doc/b", b"123"),
                    ("usr/.wh.bin", b""),
                    ("var/.wh..wh..opq", b""),
                    special("link", tarfile.SYMTYPE, "x"),
                )
            ]
        )
    )
    member = read_facts(str(tmp_path / "image.tar")).members["0/layer.tar"]
    assert [(part.path, part.size, part.files) for part in member.parts] == [
        ("/link", 0, 1),
        ("/nix/store/" + "0" * 32 + "-x", 6, 2),
        ("/usr", 5, 2),
        ("/usr/share", 5, 2),
        ("/usr/share/doc", 5, 2),
    ]
    assert member.removed == ("/usr/bin", "/var/*")


def test_members_of_the_archive_itself(tmp_path: Path) -> None:
    good = archive([LAYER])
    more = tar(special("dev", tarfile.CHRTYPE), ("../up", b""), ("/etc/passwd", b""))
    end = good.rstrip(b"\0")
    whole = good[: len(end) + -len(end) % 512] + more
    assert failures(tmp_path, whole) == [
        "dev: it is a character device",
        "../up: its name leaves the archive",
        "/etc/passwd: its name leaves the archive",
    ]


def test_a_name_that_two_images_have(tmp_path: Path) -> None:
    data = archive([LAYER])
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        members: list[Member] = [
            (item.name, file.read()) for item in opened if (file := opened.extractfile(item)) and item.name != "manifest.json"
        ]
    config = next(item[0] for item in members if isinstance(item, tuple) and item[0].endswith(".json"))
    entry = {"Config": config, "RepoTags": ["a:1", "a:2"], "Layers": ["0/layer.tar"]}
    manifest = json.dumps([entry, {**entry, "RepoTags": ["a:2"]}]).encode()
    assert failures(tmp_path, tar(*members, ("manifest.json", manifest))) == [
        "manifest.json: it has the name 'a:2' more than once"
    ]


def test_a_thousand_faults_are_a_hundred(tmp_path: Path) -> None:
    assert len(of_layer(tmp_path, *((f"../{number}", b"") for number in range(1000)))) == 100


@pytest.mark.parametrize(("cut", "serious"), [(0, None), (507, False), (400, False), (509, True), (1020, True)])
def test_an_end_without_padding(tmp_path: Path, cut: int, serious: bool | None) -> None:
    """As `umoci insert` leaves layers. ``cut``: what is missing of a header, a file of four bytes and its padding."""
    whole = tar(("file", b"1234"))[:1024]
    (tmp_path / "x.tar").write_bytes(archive([whole[: len(whole) - cut]]))
    assert [item.serious for item in validate_archive(str(tmp_path / "x.tar"))] == ([] if serious is None else [serious])
    folders = tar(special("a", tarfile.DIRTYPE), special("b", tarfile.DIRTYPE))[: 1024 - cut]
    (tmp_path / "x.tar").write_bytes(archive([folders]))
    assert [item.serious for item in validate_archive(str(tmp_path / "x.tar"))] == ([True] if cut else [])
